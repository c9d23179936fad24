// ChunkedBody joins the chunks of a request body (RFC 9112, section 7.1).
//
// Rare on this server, so a library does it: the library is told a head of its own making, because
// the real one was read before (http_head.h), and then gets the bytes behind the head.  Chunk
// extensions and trailers are checked and dropped: a header must not arrive after it was acted upon.
//
// Failure: broken or too large, told apart by State.
//
// Thread: one lane.
#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "kernel/net/body_budget.h"
#include "kernel/net/byte_buffer.h"
#include "kernel/net/http.h"

namespace switchyard::net {

class ChunkedBody {
 public:
  enum class State { need_more, complete, too_large, over_budget, broken };

  ChunkedBody();
  ~ChunkedBody();
  ChunkedBody(const ChunkedBody&) = delete;
  ChunkedBody& operator=(const ChunkedBody&) = delete;

  // Begins a body that is joined in `body` as far as `hold` can cover it; all three outlive it.
  void begin(ByteBuffer& body, BodyHold& hold, const HttpLimits& limits);
  // Takes from `raw` what it can; need_more may leave bytes, to be offered again with more behind them.
  State take(ByteBuffer& raw);

 private:
  struct Decoder;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace switchyard::net
