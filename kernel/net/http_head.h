// HeadScan finds the end of a request head; HeadFacts reads what the head says and judges it.
//
// Both are strict where leniency is dangerous: what two programs on one path may read differently
// is refused here, because that difference is how requests are smuggled.  The grammar is that of
// RFC 9112 sections 3 and 5 without obsolete folding.
//
// Failure: the HTTP status of the refusal.
//
// Thread: plain values; views into the bytes that were read.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernel/net/http_message.h"

namespace switchyard::net {

// Goes over the lines once, however the bytes are cut.
class HeadScan {
 public:
  enum class Found {
    nothing,      // No end yet.
    end,          // position() is behind the empty line.
    empty_lines,  // position() is behind an empty line before the request line, to be dropped.
    bad,          // Bare LF, a folded header, or bytes that begin no request.
  };
  explicit HeadScan(std::size_t skipped = 0) : skipped_(skipped) {}

  // `bytes` begins with what earlier calls saw.
  Found advance(std::string_view bytes);
  std::size_t position() const { return line_; }
  std::size_t skipped() const { return skipped_; }

 private:
  std::size_t line_ = 0;     // Where the current line begins.
  std::size_t looked_ = 0;   // No LF before this.
  std::size_t skipped_ = 0;  // Empty lines dropped before this request.
};

struct HeadFacts {
  struct Field {
    std::size_t count = 0;
    std::string_view value;
  };

  std::string_view method;
  std::string_view target;
  int version = 0;
  std::vector<HttpHeader> headers;
  Field host, content_length, transfer_encoding, expect;
  bool asks_close = false;
  bool asks_keep_alive = false;
  std::uint64_t body_bytes = 0;  // What Content-Length says.

  // Reads a head whose end HeadScan has found: every line ends with CRLF, the last one is empty.
  // 0, or the status of the refusal.
  int read(std::string_view head, std::size_t max_headers);
  // Fills `request`; 0, or the status of the refusal.  REQUIRES: read() returned 0.
  int judge(HttpRequest& request) const;

  bool chunked() const { return transfer_encoding.count != 0; }
  bool keep_alive() const { return version >= 11 ? !asks_close : asks_keep_alive && !asks_close; }

 private:
  int read_request_line(std::string_view line);
  int read_field(std::string_view line);
  int note(std::string_view name, std::string_view value);
  int note_connection(std::string_view value);
  int judge_framing() const;
  int judge_target(HttpRequest& request) const;
};

}  // namespace switchyard::net
