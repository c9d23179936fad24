// Reads one operation at a time from the front of the bytes that a NATS client sent.
//
// The buffer that the host read into is the only buffer: every view of an Op points into it, nothing is copied
// and nothing is remembered between calls.  A call that finds an operation incomplete says how many bytes
// must be there before another call can find more, so a payload under way costs one call and not one per read.
//
// Answers depend on the bytes alone and not on how they arrived: an operation that is found in the whole input is
// found, equal, as soon as its last byte is there, and what is refused early would be refused later.
//
// Failure: Step::error with the row of errors.h to act on; total for any bytes, work bounded by one line.
// Thread: pure functions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plugins/nats/errors.h"

namespace switchyard::nats {

struct WireLimits {
  // Bytes of a line between its verb and its end.  The verb and the blanks around it may take kVerbRoom more.
  std::uint32_t max_control_line = 4096;
  std::uint32_t max_payload = 1U << 20;  // Of header and body together.
  bool headers = true;                   // Whether this client may send HPUB.
};

inline constexpr std::size_t kVerbRoom = 64;

enum class OpKind : std::uint8_t { none, connect, pub, hpub, sub, unsub, ping, pong, info, ok };

struct Op {
  OpKind kind = OpKind::none;
  ErrorKind error = ErrorKind::none;  // Of Step::error.
  std::size_t size = 0;               // Step::op: bytes to drop from the front.
  std::size_t wanted = 0;             // Step::need_more: bytes from the front that must be there.

  // Only what the kind has is set; the rest is left over from an earlier call.
  std::string_view subject;        // pub, hpub, sub
  std::string_view reply;          // pub, hpub; empty when there is none
  std::string_view queue;          // sub; empty when there is none
  std::string_view sid;            // sub, unsub
  std::string_view payload;        // pub, hpub: header block and body, without the final CRLF
  std::uint32_t header_size = 0;   // pub (0), hpub: how much of payload is the header block; 0 there, too, means MSG
  std::uint32_t max_messages = 0;  // unsub; 0: at once
  std::string_view argument;       // connect, info, and the text of a client's -ERR
};

enum class Step : std::uint8_t { op, need_more, error };

Step next(std::string_view in, const WireLimits& limits, Op& op);

}  // namespace switchyard::nats
