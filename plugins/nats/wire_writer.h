// Writes what a NATS server says, by appending to memory of the caller.
//
// The heads of MSG and HMSG go to plain memory, because they are written once per delivery: the caller makes room for
// max_head_size() and the writers check nothing.  All else is rare and appends to a string.
//
// Failure: none.  Subjects, queues and sids are written as they are; those that came through the parser hold no blank
// and no line end.
// Thread: pure functions.
#pragma once
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "plugins/nats/errors.h"

namespace switchyard::nats {

inline constexpr std::string_view kOk = "+OK\r\n";
inline constexpr std::string_view kPing = "PING\r\n";
inline constexpr std::string_view kPong = "PONG\r\n";
inline constexpr std::string_view kLineEnd = "\r\n";

// The sizes at the end of a head with its line end.  They are the same for every receiver of a message that sees
// headers or for every one that does not, so they are formatted once.
class SizeText {
 public:
  // MSG: the body.
  explicit SizeText(std::uint32_t size) { end_ = finish(number(text_, size)); }
  // HMSG: the header block, then header block and body.
  SizeText(std::uint32_t header_size, std::uint32_t total_size) : headed_(true) {
    char* at = number(text_, header_size);
    *at++ = ' ';
    end_ = finish(number(at, total_size));
  }

  bool headed() const { return headed_; }
  std::string_view view() const { return {text_, end_}; }

  static constexpr std::size_t kMax = 10 + 1 + 10 + 2;

 private:
  static char* number(char* at, std::uint32_t value) { return std::to_chars(at, at + 10, value).ptr; }
  std::uint8_t finish(char* at) {
    at[0] = '\r';
    at[1] = '\n';
    return static_cast<std::uint8_t>(at + 2 - text_);
  }

  char text_[kMax];
  std::uint8_t end_ = 0;
  bool headed_ = false;
};

constexpr std::size_t max_head_size(std::size_t subject, std::size_t sid, std::size_t reply) {
  return 5 + subject + 1 + sid + 1 + reply + 1 + SizeText::kMax;
}

// `MSG subject sid [reply] size` or `HMSG subject sid [reply] header total`; answers the byte behind it.
// REQUIRES: room for max_head_size().
inline char* write_head(char* at, std::string_view subject, std::string_view sid, std::string_view reply,
                        const SizeText& sizes) {
  const auto put = [&at](std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  put(sizes.headed() ? std::string_view("HMSG ") : std::string_view("MSG "));
  put(subject);
  *at++ = ' ';
  put(sid);
  *at++ = ' ';
  if (!reply.empty()) {
    put(reply);
    *at++ = ' ';
  }
  put(sizes.view());
  return at;
}

void append_head(std::string& out, std::string_view subject, std::string_view sid, std::string_view reply,
                 const SizeText& sizes);

// The whole message that tells a requester that nobody listens: sent to `reply`, naming the `subject` asked.
void append_no_responders(std::string& out, std::string_view reply, std::string_view sid, std::string_view subject);

// `-ERR '...'` of a kind whose text is complete; nothing for a kind without text.
void append_error(std::string& out, ErrorKind kind);

// Of the kinds that name a subject.
void append_publish_violation(std::string& out, std::string_view subject);
void append_reply_violation(std::string& out, std::string_view reply);
void append_too_many_tokens(std::string& out, std::string_view subject);
// `sid` is given when a reload of the configuration takes away a subscription that was granted, else empty.
void append_subscription_violation(std::string& out, std::string_view subject, std::string_view queue,
                                   std::string_view sid = {});

// What INFO tells.  Absent from the line, as clients expect: flags that are false, texts that are empty, numbers that
// are 0; the fields from server_id to max_payload are always there, but for git_commit and the flags among them.
struct ServerInfo {
  std::string_view server_id;
  std::string_view server_name;
  std::string_view version;
  std::int32_t proto = 1;
  std::string_view git_commit;
  std::string_view go;
  std::string_view host;
  std::uint16_t port = 0;
  bool headers = true;
  bool auth_required = false;
  bool tls_required = false;
  bool tls_verify = false;
  bool tls_available = false;
  std::int64_t max_payload = 1 << 20;
  bool jetstream = false;
  std::uint64_t client_id = 0;
  std::string_view client_ip;
  std::string_view nonce;
  std::string_view cluster;
  std::string_view domain;
  std::span<const std::string> connect_urls;
  std::span<const std::string> ws_connect_urls;
  bool lame_duck = false;
  // Of the INFO that follows the first PONG.
  bool connect_info = false;
  std::string_view remote_account;
  bool account_is_system = false;
  std::int32_t api_level = 0;
  std::string_view xkey;
};

void append_info(std::string& out, const ServerInfo& info);

// JSON's quotes with what must be escaped between them.  Bytes that are not UTF-8 become U+FFFD.
void append_json_text(std::string& out, std::string_view text);

}  // namespace switchyard::nats
