#include "kernel/net/http_chunks.h"

#include <boost/beast/http/basic_parser.hpp>

namespace switchyard::net {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
// "0", CRLF, CRLF: no chunked body has less to come at any point.  The library parser asserts that
// it is not asked with less once it has seen the last chunk.
constexpr std::size_t kShortest = 5;

}  // namespace

struct ChunkedBody::Decoder final : http::basic_parser<true> {
  Decoder(ByteBuffer& b, BodyHold& h, const HttpLimits& l) : body(b), hold(h), limits(l) {
    eager(false);
    body_limit(boost::none);  // Checked here, where the status is known.
    header_limit(static_cast<std::uint32_t>(limits.max_head_bytes) + 1);
    beast::error_code error;
    put({kHead.data(), kHead.size()}, error);
  }

  using Text = beast::string_view;
  using Code = beast::error_code;
  void on_request_impl(http::verb, Text, Text, int, Code&) override {}
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(http::field, Text, Text, Code&) override {}
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(Text, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t size, Text, Code& error) override {
    // The limits may have been lowered since the body began.
    const std::size_t limit = limits.max_body_bytes;
    if (body.size() <= limit && size <= limit - body.size()) return;
    too_large = true;
    error = http::error::body_limit;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Code& error) override {
    if (!hold.cover(body.size() + bytes.size())) {
      over_budget = true;
      error = http::error::body_limit;
      return 0;
    }
    body.append({bytes.data(), bytes.size()});
    return bytes.size();
  }
  void on_finish_impl(Code&) override {}

  ByteBuffer& body;
  BodyHold& hold;
  const HttpLimits& limits;
  bool too_large = false;
  bool over_budget = false;
};

ChunkedBody::ChunkedBody() = default;
ChunkedBody::~ChunkedBody() = default;

void ChunkedBody::begin(ByteBuffer& body, BodyHold& hold, const HttpLimits& limits) {
  decoder_ = std::make_unique<Decoder>(body, hold, limits);
}

ChunkedBody::State ChunkedBody::take(ByteBuffer& raw) {
  while (!decoder_->is_done()) {
    if (raw.size() < kShortest) return State::need_more;
    beast::error_code error;
    const std::size_t used = decoder_->put({raw.data(), raw.size()}, error);
    raw.consume(used);
    if (error == http::error::need_more) return State::need_more;
    if (decoder_->too_large) return State::too_large;
    if (decoder_->over_budget) return State::over_budget;
    if (error) return State::broken;
  }
  decoder_.reset();
  return State::complete;
}

}  // namespace switchyard::net
