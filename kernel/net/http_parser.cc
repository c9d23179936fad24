#include "kernel/net/http_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/net/byte_buffer.h"
#include "kernel/net/http_head.h"

namespace switchyard::net {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t kFirstRead = 4096;      // A signed request with a small body fits.
constexpr std::size_t kChunkRead = 8 * 1024;  // Also the longest chunk line and trailer part.
// "0", CRLF, CRLF: no chunked body has less to come at any point.  The library parser asserts that
// it is not asked with less once it has seen the last chunk.
constexpr std::size_t kShortestChunks = 5;
constexpr std::size_t kFirstBody = 64 * 1024;
constexpr std::size_t kKeepBody = 64 * 1024;  // What a parser at rest may hold on to.

// What the library parser tells, collected.
class Collector final : public http::basic_parser<true> {
 public:
  Collector(HeadFacts& facts, ByteBuffer& body, const HttpLimits& limits)
      : facts_(facts), body_(body), limits_(limits) {
    eager(false);
    body_limit(boost::none);  // Checked here, where the status is known.
    header_limit(static_cast<std::uint32_t>(limits.max_head_bytes) + 1);
  }
  bool body_too_large() const { return body_too_large_; }

 private:
  using Text = beast::string_view;
  using Code = beast::error_code;
  static std::string_view view(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(http::verb, Text method, Text target, int version, Code&) override {
    facts_.method = view(method);
    facts_.target = view(target);
    facts_.version = version;
  }
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(http::field field, Text name, Text value, Code& error) override {
    // Trailers are read and dropped: a header must not arrive after it was acted upon.
    if (head_done_) return;
    if (facts_.headers.size() >= limits_.max_headers) {
      facts_.too_many_headers = true;
      error = http::error::header_limit;
      return;
    }
    facts_.headers.push_back({view(name), view(value)});
    switch (field) {
      case http::field::host:
        facts_.note(facts_.host, view(value));
        break;
      case http::field::content_length:
        facts_.note(facts_.content_length, view(value));
        break;
      case http::field::transfer_encoding:
        facts_.note(facts_.transfer_encoding, view(value));
        break;
      case http::field::expect:
        facts_.note(facts_.expect, view(value));
        break;
      default:
        break;
    }
  }
  void on_header_impl(Code&) override { head_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(Text, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t size, Text, Code& error) override {
    // The limits may have been lowered since the body began.
    const std::size_t limit = limits_.max_body_bytes;
    if (body_.size() <= limit && size <= limit - body_.size()) return;
    body_too_large_ = true;
    error = http::error::body_limit;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Code&) override {
    body_.append(view(bytes));
    return bytes.size();
  }
  void on_finish_impl(Code&) override {}

  HeadFacts& facts_;
  ByteBuffer& body_;
  const HttpLimits& limits_;
  bool head_done_ = false;
  bool body_too_large_ = false;
};

}  // namespace

struct HttpParser::Impl {
  enum class Phase { head, body_in_place, body_apart, chunks, complete, failed };

  Step step_head();
  Step parse_head();
  Step begin_body();
  Step step_chunks();
  Step fail(int with_status, Reject why);
  Step finish(std::string_view body);
  std::size_t head_limit() const { return limits->max_head_bytes; }

  const HttpLimits* limits = nullptr;
  Phase phase = Phase::head;
  ByteBuffer in;    // From the first byte of the request on.
  ByteBuffer body;  // A body that does not fit behind its head, or that comes in chunks.
  ByteBuffer raw;   // Chunked bytes that are not decoded yet.
  HeadScan scan;    // Of `in`.
  HeadFacts facts;
  std::optional<Collector> parser;
  HttpRequest request;
  std::size_t head_size = 0;
  std::size_t body_size = 0;
  bool head_known = false;
  bool keep_alive = false;
  bool continue_due = false;
  int status = 0;
  Reject reason = Reject::bad_request;
};

HttpParser::Step HttpParser::Impl::fail(int with_status, Reject why) {
  phase = Phase::failed;
  status = with_status;
  reason = why;
  return Step::failed;
}

HttpParser::Step HttpParser::Impl::finish(std::string_view whole_body) {
  request.body = whole_body;
  phase = Phase::complete;
  return Step::complete;
}

HttpParser::Step HttpParser::Impl::step_head() {
  switch (scan.advance(in.view().substr(0, std::min(in.size(), head_limit())))) {
    case HeadScan::Found::bad:
      return fail(400, Reject::bad_request);
    case HeadScan::Found::empty_lines:
      in.consume(scan.position());
      scan = HeadScan{scan.skipped()};
      return step_head();
    case HeadScan::Found::nothing:
      if (in.size() >= head_limit()) return fail(431, Reject::head_too_large);
      return Step::need_more;
    case HeadScan::Found::end:
      break;
  }
  head_size = scan.position();
  return parse_head();
}

HttpParser::Step HttpParser::Impl::parse_head() {
  facts.clear();
  body.clear(kKeepBody);
  parser.emplace(facts, body, *limits);
  beast::error_code error;
  parser->put({in.data(), head_size}, error);
  if (error) {
    if (facts.too_many_headers) return fail(431, Reject::head_too_large);
    const bool other_version = error == http::error::bad_version && names_other_version(in.view());
    return fail(other_version ? 505 : 400, Reject::bad_request);
  }
  request = HttpRequest{};
  if (const int bad = facts.judge(request); bad != 0) return fail(bad, Reject::bad_request);
  head_known = true;
  keep_alive = parser->keep_alive();
  continue_due = facts.expect.count != 0 && request.version >= 11;
  return begin_body();
}

HttpParser::Step HttpParser::Impl::begin_body() {
  const std::string_view rest = in.view().substr(head_size);
  if (parser->chunked()) {
    raw.reserve(std::max(kChunkRead, rest.size()));
    raw.append(rest);
    in.truncate(head_size);
    phase = Phase::chunks;
    return step_chunks();
  }
  const std::uint64_t length = parser->content_length().value_or(0);
  if (length > limits->max_body_bytes) return fail(413, Reject::body_too_large);
  body_size = length;
  if (rest.size() >= length) return finish(rest.substr(0, length));
  if (head_size + length <= in.capacity()) {
    phase = Phase::body_in_place;
    return Step::need_more;
  }
  // Room grows with what has come, not with what was promised.
  body.reserve(std::min(length, kFirstBody));
  body.append(rest);
  in.truncate(head_size);
  phase = Phase::body_apart;
  return Step::need_more;
}

HttpParser::Step HttpParser::Impl::step_chunks() {
  while (!parser->is_done()) {
    if (raw.size() < kShortestChunks) return Step::need_more;
    beast::error_code error;
    const std::size_t used = parser->put({raw.data(), raw.size()}, error);
    raw.consume(used);
    if (error == http::error::need_more) {
      if (raw.size() >= raw.capacity()) return fail(400, Reject::bad_request);
      return Step::need_more;
    }
    if (parser->body_too_large()) return fail(413, Reject::body_too_large);
    if (error) return fail(400, Reject::bad_request);
  }
  return finish(body.view());
}

HttpParser::HttpParser() : impl_(std::make_unique<Impl>()) {}
HttpParser::~HttpParser() = default;

void HttpParser::reset(const HttpLimits& limits, std::string_view pending) {
  Impl& my = *impl_;
  my.limits = &limits;
  my.phase = Impl::Phase::head;
  my.scan = HeadScan{};
  my.in.clear(kFirstRead);
  my.raw.clear(kChunkRead);
  my.body.clear(kKeepBody);
  my.in.reserve(kFirstRead);
  my.in.append(pending);
  my.continue_due = false;
  my.head_known = false;
}

void HttpParser::trim() {
  impl_->in.clear(kFirstRead);
  impl_->raw.clear(0);
  impl_->body.clear(0);
}

std::span<char> HttpParser::room() {
  Impl& my = *impl_;
  switch (my.phase) {
    case Impl::Phase::body_apart: {
      if (my.body.room() == 0) my.body.reserve(std::min(my.body_size, 2 * my.body.capacity()));
      return {my.body.end(), std::min(my.body.room(), my.body_size - my.body.size())};
    }
    case Impl::Phase::chunks:
      return {my.raw.end(), my.raw.room()};
    default:
      break;
  }
  // Only while the head is scanned: no view points into the buffer yet.
  if (my.in.room() == 0) my.in.reserve(2 * my.in.capacity());
  return {my.in.end(), my.in.room()};
}

void HttpParser::commit(std::size_t count) {
  Impl& my = *impl_;
  switch (my.phase) {
    case Impl::Phase::body_apart:
      my.body.grow(count);
      break;
    case Impl::Phase::chunks:
      my.raw.grow(count);
      break;
    default:
      my.in.grow(count);
      break;
  }
}

HttpParser::Step HttpParser::advance() {
  Impl& my = *impl_;
  switch (my.phase) {
    case Impl::Phase::head:
      return my.step_head();
    case Impl::Phase::body_in_place:
      if (my.in.size() < my.head_size + my.body_size) return Step::need_more;
      return my.finish(my.in.view().substr(my.head_size, my.body_size));
    case Impl::Phase::body_apart:
      if (my.body.size() < my.body_size) return Step::need_more;
      return my.finish(my.body.view());
    case Impl::Phase::chunks:
      return my.step_chunks();
    case Impl::Phase::complete:
      return Step::complete;
    case Impl::Phase::failed:
      break;
  }
  return Step::failed;
}

bool HttpParser::at_rest() const { return impl_->phase == Impl::Phase::head && impl_->in.size() == 0; }

bool HttpParser::head_done() const { return impl_->head_known; }

bool HttpParser::take_expect_continue() { return std::exchange(impl_->continue_due, false); }

bool HttpParser::keep_alive() const { return impl_->keep_alive; }

bool HttpParser::is_head_request() const { return impl_->request.method == "HEAD"; }

HttpRequest& HttpParser::request() { return impl_->request; }

int HttpParser::status() const { return impl_->status; }

Reject HttpParser::reason() const { return impl_->reason; }

std::string_view HttpParser::pending() const {
  const Impl& my = *impl_;
  if (my.phase != Impl::Phase::complete) return {};
  if (my.parser->chunked()) return my.raw.view();
  if (my.body.size() != 0) return {};
  return my.in.view().substr(my.head_size + my.body_size);
}

void HttpParser::next() {
  Impl& my = *impl_;
  if (my.parser->chunked()) {
    my.in.truncate(0);
    my.in.append(my.raw.view());
    my.raw.clear(kChunkRead);
  } else {
    my.in.consume(my.body.size() != 0 ? my.in.size() : my.head_size + my.body_size);
  }
  my.body.clear(kKeepBody);
  my.scan = HeadScan{};
  my.continue_due = false;
  my.head_known = false;
  my.phase = Impl::Phase::head;
}

}  // namespace switchyard::net
