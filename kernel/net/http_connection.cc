#include "kernel/net/http_connection.h"

#include <utility>

namespace switchyard::net {
namespace {

constexpr std::size_t kReadPerTurn = 256 * 1024;    // Then the other connections have their turn.
constexpr std::size_t kWriteAt = 64 * 1024;         // Answers of pipelined requests collect up to here.
constexpr std::uint32_t kDiscardMax = 1024 * 1024;  // What a refused client may still send.

}  // namespace

HttpConnection::HttpConnection(HttpLane& owner, std::uint32_t slot, HttpLane::Arrival arrival)
    : owner_(owner),
      slot_(slot),
      listener_(static_cast<std::uint16_t>(arrival.listener)),
      peer_is_loopback_(arrival.peer.loopback),
      refused_(arrival.refuse),
      in_handler_(false),
      answered_(false),
      keep_alive_(false),
      old_version_(false),
      head_request_(false),
      close_after_(false),
      linger_(false),
      fresh_(true),
      peer_(std::move(arrival.peer.text)) {
  if (arrival.tls) {
    socket_ = make_tls_socket(owner.lane(), arrival.fd, *this, *arrival.tls);
    state_ = State::handshake;
  } else {
    socket_ = make_socket(owner.lane(), arrival.fd, *this);
  }
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::start() {
  if (!socket_) return close();
  owner_.arm(HttpLane::Limit::head, *this);
  if (state_ == State::handshake) return shake_hands();
  socket_->wait_readable();
}

void HttpConnection::refuse() {
  // Without a handshake there is nobody to talk to.
  if (!socket_ || state_ == State::handshake) {
    owner_.counters().reject(Reject::too_many_connections);
    return close();
  }
  reject(503, Reject::too_many_connections);
}

void HttpConnection::shake_hands() {
  switch (socket_->handshake()) {
    case Io::ok:
      state_ = State::reading;
      return read_more();
    case Io::want_read:
      return socket_->wait_readable();
    case Io::want_write:
      return socket_->wait_writable();
    case Io::closed:
    case Io::failed:
      break;
  }
  owner_.counters().reject(Reject::tls_handshake);
  close();
}

void HttpConnection::on_readable() {
  switch (state_) {
    case State::handshake:
      return shake_hands();
    case State::reading:
      return read_more();
    case State::lingering:
      return discard();
    case State::handling:
    case State::parked:
    case State::writing:
    case State::closed:
      break;
  }
}

void HttpConnection::on_writable() {
  if (state_ == State::handshake) return shake_hands();
  if (write_out() != Wrote::all) return;
  if (state_ == State::writing) return after_writing();
  // A TLS read may have had to write first.
  if (state_ == State::reading) read_more();
}

void HttpConnection::read_more() {
  if (!scratch_) {
    scratch_ = owner_.take_scratch();
    scratch_->parser.reset(owner_.limits(), {}, &owner_.shared().bodies);
  }
  for (std::size_t total = 0; total < kReadPerTurn;) {
    const auto room = scratch_->parser.room();
    const IoResult got = socket_->read(room.data(), room.size());
    if (got.status == Io::want_read) break;
    if (got.status == Io::want_write) return socket_->wait_writable();
    if (got.status != Io::ok) return close();
    total += got.bytes;
    owner_.counters().bytes_in.add(got.bytes);
    scratch_->parser.commit(got.bytes);
    if (!take_requests()) return;
    if (!got.more) break;
  }
  wait_for_bytes();
}

// Handles what is whole.  True when more bytes are wanted now; false when an answer, the peer or
// nobody is waited for.
bool HttpConnection::take_requests() {
  for (;;) {
    const auto step = scratch_->parser.advance();
    if (step == HttpParser::Step::failed) {
      reject(scratch_->parser.status(), scratch_->parser.reason());
      return false;
    }
    if (step == HttpParser::Step::need_more) break;
    if (!handle_request()) return false;
    scratch_->parser.next();
    scratch_->arena.reset();
    if (close_after_) {
      finish_answer();
      return false;
    }
    if (out_.size() >= kWriteAt && !flush()) return false;
  }
  if (!flush()) return false;
  if (scratch_->parser.take_expect_continue()) send_continue();
  return state_ == State::reading;
}

// True when the request was answered at once; the answer is in out_.
bool HttpConnection::handle_request() {
  HttpParser& parser = scratch_->parser;
  HttpRequest& request = parser.request();
  request.peer = peer_;
  request.peer_is_loopback = peer_is_loopback_;
  request.is_tls = socket_->is_tls();
  request.listener = listener_;
  keep_alive_ = parser.keep_alive();
  old_version_ = request.version < 11;
  head_request_ = parser.is_head_request();
  fresh_ = false;
  answered_ = false;
  disarm();
  state_ = State::handling;
  owner_.counters().requests.add(1);

  in_handler_ = true;
  owner_.shared().handler.handle(request, owner_.begin_request(slot_));
  in_handler_ = false;

  if (answered_) {
    state_ = State::reading;
    return true;
  }
  // Parked inside the handler: the views held until it returned.
  if (state_ == State::parked) release_scratch();
  // Earlier answers of a pipeline do not wait for this one.
  write_out();
  return false;
}

void HttpConnection::send_continue() {
  out_ = owner_.take_output();
  out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  write_out();
}

void HttpConnection::wait_for_bytes() {
  if (!scratch_ || scratch_->parser.at_rest()) {
    release_scratch();
    if (owner_.draining()) return close();
    // A fresh connection keeps the limit it got when it was accepted.
    if (!fresh_) owner_.arm(HttpLane::Limit::idle, *this);
  } else {
    // Armed once per phase: a peer that sends a byte now and then gains nothing.
    const auto limit = scratch_->parser.head_done() ? HttpLane::Limit::body : HttpLane::Limit::head;
    if (!owner_.armed(limit, *this)) owner_.arm(limit, *this);
  }
  socket_->wait_readable();
}

void HttpConnection::resume() {
  if (state_ != State::reading) return;
  if (!scratch_) {
    scratch_ = owner_.take_scratch();
    scratch_->parser.reset(owner_.limits(), ahead_, &owner_.shared().bodies);
    ahead_ = {};
  }
  if (take_requests()) wait_for_bytes();
}

// Says goodbye and listens a while: closing with unread bytes would reset the connection and take
// the answer away from the peer.
void HttpConnection::linger() {
  release_scratch();
  state_ = State::lingering;
  socket_->shutdown_write();
  owner_.arm(HttpLane::Limit::linger, *this);
  discard();
}

void HttpConnection::discard() {
  char sink[4096];
  for (int i = 0; i < 16; ++i) {
    const IoResult got = socket_->read(sink, sizeof sink);
    if (got.status == Io::want_read) return socket_->wait_readable();
    if (got.status != Io::ok) return close();
    discarded_ += static_cast<std::uint32_t>(got.bytes);
    if (discarded_ > kDiscardMax) return close();
  }
  socket_->wait_readable();
}

void HttpConnection::park(std::function<void(ParkEvent)> on_event) {
  on_event_ = std::move(on_event);
  if (state_ != State::parked) owner_.counters().parked.add(1);
  state_ = State::parked;
  if (!in_handler_) release_scratch();
  socket_->watch_peer();
}

void HttpConnection::on_hangup() {
  if (state_ == State::parked) close();
}

void HttpConnection::tell(ParkEvent event) {
  // Moved out: the callback may answer, which would destroy it under its own feet.
  auto call = std::exchange(on_event_, nullptr);
  if (!call) return;
  call(event);
  if (state_ == State::parked && !on_event_) on_event_ = std::move(call);
}

void HttpConnection::on_deadline() {
  switch (state_) {
    case State::handshake:
      owner_.counters().reject(Reject::tls_handshake);
      return close();
    case State::reading:
      if (!scratch_ || scratch_->parser.at_rest()) return close();
      return reject(408, scratch_->parser.head_done() ? Reject::body_timeout : Reject::header_timeout);
    case State::writing:
      owner_.counters().reject(Reject::write_timeout);
      return close();
    case State::lingering:
      return close();
    case State::handling:
    case State::parked:
    case State::closed:
      break;
  }
}

void HttpConnection::begin_drain() {
  switch (state_) {
    case State::handshake:
      return close();
    case State::reading:
      // With bytes at hand there is a request to finish.
      if (!scratch_ && ahead_.empty()) close();
      return;
    case State::parked:
      return tell(ParkEvent::draining);
    case State::writing:
      close_after_ = linger_ = true;
      return;
    case State::handling:
    case State::lingering:
    case State::closed:
      break;
  }
}

void HttpConnection::cut() { close(); }

void HttpConnection::release_scratch() {
  if (!scratch_) return;
  if (state_ == State::parked) ahead_ = scratch_->parser.pending();
  owner_.give_scratch(std::move(scratch_));
}

void HttpConnection::release_output() {
  out_at_ = 0;
  if (out_.capacity() == 0) return;
  owner_.give_output(std::exchange(out_, {}));
}

void HttpConnection::close() {
  if (state_ == State::closed) return;
  const State was = std::exchange(state_, State::closed);
  disarm();
  if (was == State::handling || was == State::parked) owner_.end_request(slot_);
  if (socket_) socket_->close();
  release_scratch();
  release_output();
  ahead_ = {};
  owner_.retire(slot_);
  if (was != State::parked) return;
  owner_.counters().parked.sub(1);
  owner_.counters().aborted.add(1);
  tell(ParkEvent::aborted);
}

}  // namespace switchyard::net
