#include "tests/unit/sqs/world.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "plugins/sqs/service.h"

namespace switchyard::sqs::testing {
namespace {

std::string hex(const unsigned char* bytes, std::size_t n) {
  std::string out;
  char two[3];
  for (std::size_t i = 0; i < n; ++i) {
    std::snprintf(two, sizeof two, "%02x", bytes[i]);
    out += two;
  }
  return out;
}

std::string hmac(const std::string& key, const std::string& data) {
  unsigned char out[32];
  unsigned int n = sizeof out;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
       data.size(), out, &n);
  return std::string(reinterpret_cast<char*>(out), n);
}

std::string lowered(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  std::string out;
  char three[4];
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      std::snprintf(three, sizeof three, "%%%02X", static_cast<unsigned char>(c));
      out += three;
    }
  }
  return out;
}

std::string form_encoded(const Form& form) {
  std::string out;
  for (const auto& [name, value] : form) {
    if (!out.empty()) out += '&';
    out += percent_encoded(name) + "=" + percent_encoded(value);
  }
  return out;
}

std::string amz_date(std::int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[20];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

std::string sha256_hex(std::string_view text) {
  unsigned char out[32];
  unsigned int n = sizeof out;
  EVP_Digest(text.data(), text.size(), out, &n, EVP_sha256(), nullptr);
  return hex(out, n);
}

std::string signature_of(const Credentials& who, const std::string& date, const std::string& canonical_request) {
  const std::string day = date.substr(0, 8);
  const std::string scope = day + "/" + who.region + "/" + who.service + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256_hex(canonical_request);
  const std::string key = hmac(hmac(hmac(hmac("AWS4" + who.secret, day), who.region), who.service), "aws4_request");
  const std::string mac = hmac(key, to_sign);
  return hex(reinterpret_cast<const unsigned char*>(mac.data()), mac.size());
}

void sign(HttpRequest& request, const Credentials& who, std::int64_t unix_ms) {
  const std::string date = amz_date(unix_ms);
  request.headers.emplace_back("X-Amz-Date", date);
  std::map<std::string, std::string> headers;
  std::string payload_hash = sha256_hex(request.body);
  for (const auto& [name, value] : request.headers) {
    headers[lowered(name)] = value;
    if (lowered(name) == "x-amz-content-sha256") payload_hash = value;
  }
  std::string lines, names;
  for (const auto& [name, value] : headers) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::size_t question = request.target.find('?');
  std::vector<std::string> parameters;
  if (question != std::string::npos) {
    std::string rest = request.target.substr(question + 1) + "&";
    for (std::size_t end; (end = rest.find('&')) != std::string::npos; rest.erase(0, end + 1)) {
      parameters.push_back(rest.substr(0, end));
    }
    std::sort(parameters.begin(), parameters.end());
  }
  std::string query;
  for (const std::string& parameter : parameters) query += (query.empty() ? "" : "&") + parameter;
  const std::string canonical = request.method + "\n" + request.target.substr(0, question) + "\n" + query + "\n" +
                                lines + "\n" + names + "\n" + payload_hash;
  request.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + who.access_key + "/" +
                                                    date.substr(0, 8) + "/" + who.region + "/" + who.service +
                                                    "/aws4_request, SignedHeaders=" + names +
                                                    ", Signature=" + signature_of(who, date, canonical));
}

std::string xml_text(std::string_view body, std::string_view element) {
  const std::string open = "<" + std::string(element) + ">", close = "</" + std::string(element) + ">";
  const std::size_t begin = body.find(open);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = body.find(close, begin);
  return std::string(body.substr(begin + open.size(), end - begin - open.size()));
}

std::size_t count_of(std::string_view body, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = body.find(part); at != std::string_view::npos; at = body.find(part, at + part.size())) ++n;
  return n;
}

std::string Answer::error_type() const {
  if (!json.is_object() || !json.as_object().contains("__type")) return {};
  const std::string type(json.at("__type").as_string());
  return type.substr(type.find('#') + 1);
}

std::string Answer::error_message() const {
  if (json.is_object() && json.as_object().contains("message")) return std::string(json.at("message").as_string());
  return xml_text(body, "Message");
}

World::World(std::string_view settings) {
  ns = host.add_namespace("account", "000000000000");
  host.add_key(who.access_key, who.secret, ns);
  begin(settings);
}

void World::begin(std::string_view settings) {
  sw_error error{};
  error.size = sizeof error;
  EXPECT_EQ(plugin_table()->create(host.table(), &self_, &error), SW_OK) << error.message;
  configure(settings);
  EXPECT_EQ(plugin_table()->start(self_, &error), SW_OK) << error.message;
  EXPECT_EQ(plugin_table()->lane_start(self_, 0, &lane_, &error), SW_OK) << error.message;
}

World::~World() {
  host.settle();
  end();
}

void World::restart() {
  host.forget_timers();
  end();
  begin("{}");
}

void World::end() {
  plugin_table()->lane_stop(self_, 0, lane_);
  plugin_table()->stop(self_);
  plugin_table()->destroy(self_);
}

std::string World::configure_error(std::string_view settings) {
  sw_error error{};
  error.size = sizeof error;
  const sw_status status = plugin_table()->configure(self_, {settings.data(), settings.size()}, 1, &error);
  return status == SW_OK ? "" : error.message;
}

void World::configure(std::string_view settings) {
  EXPECT_EQ(configure_error(settings), "");
  sw_error error{};
  error.size = sizeof error;
  EXPECT_EQ(plugin_table()->configure(self_, {settings.data(), settings.size()}, 0, &error), SW_OK);
}

void World::drain() {
  plugin_table()->lane_drain(self_, 0, lane_);
  host.settle();
}

sw_http_exchange* World::start(HttpRequest request) { return host.offer(std::move(request), self_, lane_); }

Answer World::answer_of(const sw_http_exchange* exchange) {
  Answer answer;
  if (exchange == nullptr || !exchange->response) return answer;
  answer.response = *exchange->response;
  answer.status = answer.response.status;
  answer.body = answer.response.body;
  boost::system::error_code error;
  answer.json = boost::json::parse(answer.body, error);
  if (error) answer.json = nullptr;
  return answer;
}

Answer World::raw(HttpRequest request) { return answer_of(start(std::move(request))); }

HttpRequest World::json_request(std::string_view action, std::string body) const {
  HttpRequest request;
  request.body = std::move(body);
  request.headers = {{"Host", host_name},
                     {"Content-Type", "application/x-amz-json-1.0"},
                     {"X-Amz-Target", "AmazonSQS." + std::string(action)}};
  return request;
}

Answer World::json_text(std::string_view action, std::string body, bool query_mode) {
  HttpRequest request = json_request(action, std::move(body));
  if (query_mode) request.headers.emplace_back("x-amzn-query-mode", "true");
  sign(request, who, host.wall_ms());
  return raw(std::move(request));
}

Answer World::json(std::string_view action, const boost::json::value& input, bool query_mode) {
  return json_text(action, boost::json::serialize(input), query_mode);
}

Answer World::query(std::string_view action, Form form, std::string path) {
  form.insert(form.begin(), {{"Action", std::string(action)}, {"Version", "2012-11-05"}});
  HttpRequest request;
  request.target = std::move(path);
  request.body = form_encoded(form);
  request.headers = {{"Host", host_name}, {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  sign(request, who, host.wall_ms());
  return raw(std::move(request));
}

std::string World::create(const std::string& name, boost::json::object attributes) {
  boost::json::object input{{"QueueName", name}};
  if (!attributes.empty()) input["Attributes"] = std::move(attributes);
  const Answer answer = json("CreateQueue", input);
  EXPECT_EQ(answer.status, 200u) << answer.body;
  return answer.status == 200 ? std::string(answer.json.at("QueueUrl").as_string()) : "";
}

std::string World::send(const std::string& url, const std::string& body) {
  const Answer answer = json("SendMessage", {{"QueueUrl", url}, {"MessageBody", body}});
  EXPECT_EQ(answer.status, 200u) << answer.body;
  return answer.status == 200 ? std::string(answer.json.at("MessageId").as_string()) : "";
}

boost::json::array World::receive(const std::string& url, boost::json::object more) {
  more["QueueUrl"] = url;
  const Answer answer = json("ReceiveMessage", more);
  EXPECT_EQ(answer.status, 200u) << answer.body;
  const boost::json::value* messages =
      answer.json.is_object() ? answer.json.as_object().if_contains("Messages") : nullptr;
  return messages == nullptr ? boost::json::array() : messages->as_array();
}

std::string World::attribute(const std::string& url, const std::string& name) {
  const Answer answer = json("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", {name}}});
  EXPECT_EQ(answer.status, 200u) << answer.body;
  const boost::json::value* map = answer.json.is_object() ? answer.json.as_object().if_contains("Attributes") : nullptr;
  const boost::json::value* value = map == nullptr ? nullptr : map->as_object().if_contains(name);
  return value == nullptr ? "" : std::string(value->as_string());
}

}  // namespace switchyard::sqs::testing
