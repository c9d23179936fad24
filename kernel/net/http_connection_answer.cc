// HttpConnection: how an answer, or a refusal, leaves.
#include <algorithm>
#include <utility>

#include "kernel/net/http_connection.h"
#include "kernel/net/http_writer.h"

namespace switchyard::net {
namespace {

constexpr std::size_t kSendUncopied = 16 * 1024;  // From here on a copy costs more than a second system call.

}  // namespace

void HttpConnection::append(int status, std::span<const HttpHeader> headers, std::string_view body) {
  const bool alone = out_.empty();
  if (alone) out_ = owner_.take_output();
  const ResponseFrame frame{close_after_, old_version_ && !close_after_, head_request_, owner_.date()};
  if (!append_response_head(out_, frame, status, headers, body.size())) return;
  if (alone && body.size() >= kSendUncopied) body = send_uncopied(body);
  out_ += body;
}

// Gives the socket what it takes at once of out_ and then `body`; returns the rest of `body`.  A
// failure is left for write_out(), where it shows again: this runs inside a handler's call.
std::string_view HttpConnection::send_uncopied(std::string_view body) {
  while (!body.empty()) {
    const std::string_view head = std::string_view(out_).substr(out_at_);
    const IoResult put = socket_->write(head, body);
    if (put.status != Io::ok) break;
    owner_.counters().bytes_out.add(put.bytes);
    const std::size_t of_head = std::min(put.bytes, head.size());
    out_at_ += static_cast<std::uint32_t>(of_head);
    body.remove_prefix(put.bytes - of_head);
  }
  return body;
}

void HttpConnection::answer(int status, std::span<const HttpHeader> headers, std::string_view body, bool close) {
  close_after_ = close || !keep_alive_ || owner_.draining();
  // When the close is our idea, the client may be sending its next request right now; a reset would
  // take the answer away from it.
  linger_ = close_after_ && keep_alive_;
  append(status, headers, body);
  owner_.end_request(slot_);
  answered_ = true;
  if (state_ == State::parked) {
    owner_.counters().parked.sub(1);
    socket_->unwatch_peer();
    state_ = State::handling;
  }
  // The callback may own the caller: it dies when everything is done.
  const auto dying = std::exchange(on_event_, nullptr);
  if (in_handler_) return;
  if (scratch_) {
    scratch_->parser.next();
    scratch_->arena.reset();
  }
  finish_answer();
}

// True when the peer took everything.  Otherwise it is closed, or on_writable() goes on.
bool HttpConnection::flush() {
  const Wrote wrote = write_out();
  if (wrote == Wrote::blocked) {
    state_ = State::writing;
    owner_.arm(HttpLane::Limit::write, *this);
  }
  return wrote == Wrote::all;
}

void HttpConnection::finish_answer() {
  if (flush()) after_writing();
}

void HttpConnection::after_writing() {
  if (close_after_) return linger_ ? linger() : close();
  state_ = State::reading;
  const bool more = scratch_ ? !scratch_->parser.at_rest() : !ahead_.empty();
  // A handler never runs inside a call of respond().
  if (more) return owner_.resume_later(slot_);
  wait_for_bytes();
}

HttpConnection::Wrote HttpConnection::write_out() {
  while (out_at_ < out_.size()) {
    const IoResult put = socket_->write(std::string_view(out_).substr(out_at_));
    if (put.status == Io::want_write) {
      socket_->wait_writable();
      return Wrote::blocked;
    }
    if (put.status != Io::ok) {
      close();
      return Wrote::dead;
    }
    out_at_ += put.bytes;
    owner_.counters().bytes_out.add(put.bytes);
  }
  release_output();
  return Wrote::all;
}

HttpReply HttpConnection::error_reply(int status, const HttpRequest* head) {
  HttpReply reply;
  reply.status = status;
  reply.headers.push_back({"Content-Type", "text/plain"});
  reply.body = std::to_string(status) + " " + std::string(reason_phrase(status)) + "\n";
  const auto& format = owner_.shared().options.error_formatter;
  if (format) format(status, head, reply);
  return reply;
}

void HttpConnection::fail(int status) {
  const HttpReply reply = error_reply(status, scratch_ ? &scratch_->parser.request() : nullptr);
  answer(reply.status, reply.header_views(), reply.body, reply.close);
}

void HttpConnection::reject(int status, Reject reason) {
  owner_.counters().reject(reason);
  const HttpRequest* head = scratch_ && scratch_->parser.head_done() ? &scratch_->parser.request() : nullptr;
  const HttpReply reply = error_reply(status, head);
  head_request_ = head && scratch_->parser.is_head_request();
  close_after_ = linger_ = true;
  append(reply.status, reply.header_views(), reply.body);
  finish_answer();
}

}  // namespace switchyard::net
