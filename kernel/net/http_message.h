// HttpRequest and HttpReply: what a handler reads and what it answers.
//
// A request is views into the connection's buffers, exactly as the bytes came: signatures are
// computed over raw targets and raw header values, so nothing is decoded or folded here.
//
// Thread: plain values; the views live on the connection's lane (see HttpExchange).
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::net {

// ASCII only, as field names are.
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Is there a byte below `least` (at most 128), or DEL?
bool has_control(std::string_view text, unsigned char least);

struct HttpHeader {
  std::string_view name;   // Case as received.
  std::string_view value;  // Without the white space around it.
};

struct HttpRequest {
  std::string_view method;              // "POST"
  std::string_view target;              // As received: "/a%20b?x=1", or absolute form.
  std::string_view path;                // `target` up to the query; of an absolute form, what follows the authority.
  std::string_view query;               // After the first '?', without it; raw.
  int version = 11;                     // 10 or 11.
  std::span<const HttpHeader> headers;  // In the order received; repeated names stay repeated.
  std::string_view body;                // Whole; chunks are joined.
  std::string_view host;                // Of an absolute target, else the Host header; empty when neither is there.
  std::string_view peer;                // "127.0.0.1:41234", "[::1]:41234" or "unix".
  bool peer_is_loopback = false;        // Also true of a Unix socket.
  bool is_tls = false;
  int listener = 0;  // What HttpServer::listen returned for it.

  // The first header of this name, in any case; nullptr when there is none.
  const HttpHeader* find(std::string_view name) const;
  // Its value; empty when there is none.
  std::string_view header(std::string_view name) const {
    const auto* found = find(name);
    return found ? found->value : std::string_view{};
  }
};

// Content-Length, Connection, Date and Server are the server's own; a handler's copies of them and
// of Transfer-Encoding are dropped.  CR, LF and NUL in a value become spaces, so that text of a
// stranger cannot forge a header.
struct HttpReply {
  struct Header {
    std::string name;
    std::string value;
  };
  int status = 200;
  std::vector<Header> headers;
  std::string body;
  bool close = false;  // Close the connection after this answer.

  // Into `headers`: valid until they change.
  std::vector<HttpHeader> header_views() const;
};

// "OK", "Not Found", ...; "Unknown" for a status without a registered phrase.
std::string_view reason_phrase(int status);

}  // namespace switchyard::net
