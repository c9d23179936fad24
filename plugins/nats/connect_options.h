// What a client says about itself in CONNECT.
//
// Decoding follows nats-server: field names match whatever their case, unknown fields are ignored, null leaves a field
// alone, a wrong type refuses the whole, and a second CONNECT changes only what it names.
//
// Failure: decode_connect answers false and leaves the options as they were; the connection then ends without -ERR
// (ErrorKind::bad_connect).  Total for any bytes; depth and size are bounded.
// Thread: pure functions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::nats {

struct ConnectOptions {
  // A client that says nothing is a person with telnet, who likes to be answered and corrected.
  bool verbose = true;
  bool pedantic = true;
  bool echo = true;
  bool tls_required = false;
  bool headers = false;
  bool no_responders = false;
  bool new_account = false;
  // 1: takes an INFO at any time.  Any number decodes; the caller refuses those that are neither 0 nor 1.
  std::int64_t protocol = 0;
  std::string name;
  std::string lang;
  std::string version;
  std::string account;
  // Proofs: never in a log.
  std::string user;
  std::string pass;
  std::string auth_token;
  std::string nkey;
  std::string jwt;
  std::string sig;
  std::string proxy_sig;
};

inline constexpr std::size_t kMaxConnectBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxConnectDepth = 16;

bool decode_connect(std::string_view text, ConnectOptions& options);

}  // namespace switchyard::nats
