// HeadScan finds the end of a request head; HeadFacts judges what the head says.
//
// Both are strict where leniency is dangerous: what two programs on one path may read differently
// is refused here, because that difference is how requests are smuggled.
//
// Thread: plain values.
#pragma once
#include <cstddef>
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
  bool too_many_headers = false;

  void clear();
  static void note(Field& field, std::string_view value) {
    ++field.count;
    field.value = value;
  }
  // Fills `request` and returns 0, or the status of the refusal.
  int judge(HttpRequest& request) const;

 private:
  int judge_framing() const;
  int judge_target(HttpRequest& request) const;
};

// True when the request line ends with a well-formed version that is just not ours, "HTTP/2.0".
bool names_other_version(std::string_view head);

}  // namespace switchyard::net
