// World is one SQS plugin on a fake server, and a client that speaks both wires to it with real signatures.
//
// The signatures are made here, from the published rules, and share no code with the plugin.
//
// Thread: one.
#pragma once
#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/sqs/fake_host.h"

namespace switchyard::sqs::testing {

using Form = std::vector<std::pair<std::string, std::string>>;

struct Credentials {
  std::string access_key = "AKDEV", secret = "secret/key+1", region = "us-east-1", service = "sqs";
};

// ---- an independent client of AWS Signature Version 4 ----
std::string percent_encoded(std::string_view text);
std::string form_encoded(const Form& form);
std::string amz_date(std::int64_t unix_ms);
std::string sha256_hex(std::string_view text);
std::string signature_of(const Credentials& who, const std::string& amz_date, const std::string& canonical_request);
// Adds X-Amz-Date and Authorization; every header that is there gets signed.
void sign(HttpRequest& request, const Credentials& who, std::int64_t unix_ms);

// The text of the first element of this name, unescaped not; empty when there is none.
std::string xml_text(std::string_view body, std::string_view element);
std::size_t count_of(std::string_view body, std::string_view part);

struct Answer {
  std::uint32_t status = 0;
  std::string body;
  HttpResponse response;
  boost::json::value json;  // Null when the body is not JSON.

  std::string error_type() const;     // Shape behind the '#' of __type.
  std::string error_message() const;  // On either wire.
  std::string query_error() const { return response.header("x-amzn-query-error"); }
  std::string code() const { return xml_text(body, "Code"); }
};

class World {
 public:
  explicit World(std::string_view settings = "{}");
  ~World();

  // ---- calls ----
  Answer json(std::string_view action, const boost::json::value& input, bool query_mode = false);
  Answer json_text(std::string_view action, std::string body, bool query_mode = false);
  Answer query(std::string_view action, Form form, std::string path = "/");
  // Sends without signing.
  Answer raw(HttpRequest request);
  HttpRequest json_request(std::string_view action, std::string body) const;
  // A request that may park; null when it was not taken.
  sw_http_exchange* start(HttpRequest request);
  static Answer answer_of(const sw_http_exchange* exchange);

  // ---- short cuts ----
  std::string create(const std::string& name, boost::json::object attributes = {});
  std::string send(const std::string& url, const std::string& body);
  boost::json::array receive(const std::string& url, boost::json::object more = {});
  std::string attribute(const std::string& url, const std::string& name);

  void configure(std::string_view settings);
  std::string configure_error(std::string_view settings);
  void drain();
  void change_key(std::uint32_t permissions) { host.change_key(who.access_key, permissions, lane_); }
  void restart();  // The process dies and another one starts on what is stored.

  FakeHost host;
  sw_namespace* ns;
  Credentials who;
  std::string host_name = "localhost:9324";

 private:
  void begin(std::string_view settings);
  void end();

  void* self_ = nullptr;
  void* lane_ = nullptr;
};

}  // namespace switchyard::sqs::testing
