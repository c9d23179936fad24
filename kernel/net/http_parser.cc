#include "kernel/net/http_parser.h"

#include <algorithm>
#include <utility>

#include "kernel/net/byte_buffer.h"
#include "kernel/net/http_chunks.h"
#include "kernel/net/http_head.h"

namespace switchyard::net {

namespace {

constexpr std::size_t kFirstRead = 4096;      // A signed request with a small body fits.
constexpr std::size_t kChunkRead = 8 * 1024;  // Also the longest chunk line and trailer part.
constexpr std::size_t kFirstBody = 64 * 1024;
constexpr std::size_t kKeepBody = kFreeBody;  // More would be memory that no budget knows of.

}  // namespace

struct HttpParser::Impl {
  enum class Phase { head, body_in_place, body_apart, chunks, complete, failed };

  Step step_head();
  Step parse_head();
  Step begin_body();
  Step step_apart();
  Step step_chunks();
  Step fail(int with_status, Reject why);
  Step finish(std::string_view body);
  void drop_body(std::size_t keep);
  std::size_t head_limit() const { return limits->max_head_bytes; }

  const HttpLimits* limits = nullptr;
  Phase phase = Phase::head;
  ByteBuffer in;    // From the first byte of the request on.
  ByteBuffer body;  // A body that does not fit behind its head, or that comes in chunks.
  BodyHold hold;    // Of the body, wherever it is.
  ByteBuffer raw;   // Chunked bytes that are not decoded yet.
  HeadScan scan;    // Of `in`.
  HeadFacts facts;
  ChunkedBody chunks;
  HttpRequest request;
  std::size_t head_size = 0;
  std::size_t body_size = 0;
  bool head_known = false;
  bool continue_due = false;
  int status = 0;
  Reject reason = Reject::bad_request;
};

HttpParser::Step HttpParser::Impl::fail(int with_status, Reject why) {
  phase = Phase::failed;
  status = with_status;
  reason = why;
  // The refusal may take long to leave, and only needs the head.
  drop_body(0);
  return Step::failed;
}

void HttpParser::Impl::drop_body(std::size_t keep) {
  body.clear(keep);
  hold.release();
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
  drop_body(kKeepBody);
  request = HttpRequest{};
  int bad = facts.read(in.view().substr(0, head_size), limits->max_headers);
  if (bad == 0) bad = facts.judge(request);
  if (bad != 0) return fail(bad, bad == 431 ? Reject::head_too_large : Reject::bad_request);
  head_known = true;
  continue_due = facts.expect.count != 0 && request.version >= 11;
  return begin_body();
}

HttpParser::Step HttpParser::Impl::begin_body() {
  const std::string_view rest = in.view().substr(head_size);
  if (facts.chunked()) {
    raw.reserve(std::max(kChunkRead, rest.size()));
    raw.append(rest);
    in.truncate(head_size);
    chunks.begin(body, hold, *limits);
    phase = Phase::chunks;
    return step_chunks();
  }
  const std::uint64_t length = facts.body_bytes;
  if (length > limits->max_body_bytes) return fail(413, Reject::body_too_large);
  body_size = length;
  if (head_size + length <= in.capacity()) {
    if (!hold.cover(length)) return fail(503, Reject::body_budget);
    if (rest.size() >= length) return finish(rest.substr(0, length));
    phase = Phase::body_in_place;
    return Step::need_more;
  }
  // Room grows with what has come, not with what was promised.
  body.reserve(std::min(length, kFirstBody));
  body.append(rest);
  in.truncate(head_size);
  phase = Phase::body_apart;
  return step_apart();
}

HttpParser::Step HttpParser::Impl::step_apart() {
  // Behind the read: what one read brings above the budget is given back at once.
  if (!hold.cover(body.size())) return fail(503, Reject::body_budget);
  if (body.size() < body_size) return Step::need_more;
  return finish(body.view());
}

HttpParser::Step HttpParser::Impl::step_chunks() {
  switch (chunks.take(raw)) {
    case ChunkedBody::State::need_more:
      // A chunk line or a trailer longer than the buffer.
      return raw.size() < raw.capacity() ? Step::need_more : fail(400, Reject::bad_request);
    case ChunkedBody::State::too_large:
      return fail(413, Reject::body_too_large);
    case ChunkedBody::State::over_budget:
      return fail(503, Reject::body_budget);
    case ChunkedBody::State::broken:
      return fail(400, Reject::bad_request);
    case ChunkedBody::State::complete:
      break;
  }
  return finish(body.view());
}

HttpParser::HttpParser() : impl_(std::make_unique<Impl>()) {}
HttpParser::~HttpParser() = default;

void HttpParser::reset(const HttpLimits& limits, std::string_view pending, BodyBudget* budget) {
  Impl& my = *impl_;
  my.limits = &limits;
  my.phase = Impl::Phase::head;
  my.scan = HeadScan{};
  my.in.clear(kFirstRead);
  my.raw.clear(kChunkRead);
  my.drop_body(kKeepBody);
  my.hold.charge_to(budget);
  my.in.reserve(kFirstRead);
  my.in.append(pending);
  my.continue_due = false;
  my.head_known = false;
}

void HttpParser::trim() {
  impl_->in.clear(kFirstRead);
  impl_->raw.clear(0);
  impl_->drop_body(0);
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
      return my.step_apart();
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

bool HttpParser::keep_alive() const { return impl_->facts.keep_alive(); }

bool HttpParser::is_head_request() const { return impl_->request.method == "HEAD"; }

HttpRequest& HttpParser::request() { return impl_->request; }

int HttpParser::status() const { return impl_->status; }

Reject HttpParser::reason() const { return impl_->reason; }

std::string_view HttpParser::pending() const {
  const Impl& my = *impl_;
  if (my.phase != Impl::Phase::complete) return {};
  if (my.facts.chunked()) return my.raw.view();
  if (my.body.size() != 0) return {};
  return my.in.view().substr(my.head_size + my.body_size);
}

void HttpParser::next() {
  Impl& my = *impl_;
  if (my.facts.chunked()) {
    my.in.truncate(0);
    my.in.append(my.raw.view());
    my.raw.clear(kChunkRead);
  } else {
    my.in.consume(my.body.size() != 0 ? my.in.size() : my.head_size + my.body_size);
  }
  my.drop_body(kKeepBody);
  my.scan = HeadScan{};
  my.continue_due = false;
  my.head_known = false;
  my.phase = Impl::Phase::head;
}

}  // namespace switchyard::net
