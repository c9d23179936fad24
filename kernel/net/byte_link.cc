#include "kernel/net/byte_link.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace switchyard::net {
namespace {

constexpr std::size_t kReadPerTurn = 256 * 1024;    // Then the other connections have their turn.
constexpr std::uint32_t kDiscardMax = 1024 * 1024;  // Of a peer that goes on sending while it is told the end.
constexpr std::size_t kSendAt = 128 * 1024;         // More than this does not wait for the end of the turn.

}  // namespace

ByteLink::ByteLink(ByteLane& owner, std::uint32_t slot, std::uint32_t generation, int fd,
                   std::shared_ptr<ByteShared> shared)
    : owner_(owner),
      slot_(slot),
      generation_(generation),
      shared_(std::move(shared)),
      socket_(make_socket(owner.lane(), fd, *this)) {}

ByteLink::~ByteLink() = default;

bool ByteLink::open(const Peer& peer) {
  handler_ = shared_->open_handler(owner_.lane(), ByteConnection(&owner_, slot_, generation_), peer);
  if (!handler_) return false;
  read_on();
  return true;
}

// ---- in ----------------------------------------------------------------------------------------

// Reads behind what is left of the read before.  A short rest is copied in front of the lane's memory, so that
// a connection between two messages holds nothing; a long message is read into memory of its own.
IoResult ByteLink::read(std::string_view& bytes) {
  const std::size_t rest = in_.size();
  if (rest <= ByteLane::kCarryBytes && wanted_ <= ByteLane::kReadBytes) {
    char* const at = owner_.read_memory() + ByteLane::kCarryBytes;
    const IoResult got = socket_->read(at, ByteLane::kReadBytes);
    if (got.status != Io::ok) return got;
    if (rest != 0) std::memcpy(at - rest, in_.data(), rest);
    in_.clear(0);
    bytes = {at - rest, rest + got.bytes};
    return got;
  }
  in_.reserve(std::max(wanted_, rest + ByteLane::kReadBytes / 4));
  const IoResult got = socket_->read(in_.end(), in_.room());
  if (got.status != Io::ok) return got;
  in_.grow(got.bytes);
  bytes = in_.view();
  return got;
}

void ByteLink::on_readable() {
  if (state_ == State::lingering) return discard();
  for (std::size_t total = 0; total < kReadPerTurn;) {
    std::string_view bytes;
    const IoResult got = read(bytes);
    if (got.status == Io::want_read) break;
    if (got.status != Io::ok) return cut(CloseReason::peer);
    total += got.bytes;
    ByteCounters::add(owner_.counters().bytes_in, got.bytes);
    if (!hand_over(bytes)) return;
    if (!got.more) break;
  }
  read_on();
}

bool ByteLink::hand_over(std::string_view bytes) {
  if (bytes.size() >= wanted_) {
    std::size_t wanted = 0;
    const std::size_t taken = handler_->on_bytes(bytes, wanted);
    assert(taken <= bytes.size());
    // Its handler may have closed it, and what was left is nobody's then.
    if (state_ != State::open) return false;
    bytes.remove_prefix(taken);
    wanted_ = paused_ ? 0 : std::max(wanted, bytes.size() + 1);
    if (wanted_ > shared_->options.max_read_bytes) {
      cut(CloseReason::too_long);
      return false;
    }
  }
  keep(bytes);
  return !paused_;
}

void ByteLink::keep(std::string_view rest) {
  if (rest.empty()) return in_.clear(0);
  if (in_.size() != 0) {  // It is the end of in_.
    in_.consume(in_.size() - rest.size());
    return;
  }
  in_.reserve(rest.size());
  in_.append(rest);
}

void ByteLink::pause(bool paused) {
  if (std::exchange(paused_, paused) == paused || paused) return;
  // What was left is handed over before anything is read.
  wanted_ = 0;
  if (in_.size() != 0) {
    if (!std::exchange(settling_, true)) owner_.settle_later(slot_);
    return;
  }
  read_on();
}

// ---- out ---------------------------------------------------------------------------------------

Wrote ByteLink::write(std::span<const std::string_view> parts) {
  if (state_ != State::open) return Wrote::closed;
  std::size_t bytes = 0;
  for (const auto part : parts) bytes += part.size();
  if (queued() + bytes > shared_->options.max_write_bytes) return Wrote::full;
  if (out_.capacity() == 0) out_ = owner_.take_output();
  for (const auto part : parts) out_.append(part);
  if (!sending_ && !blocked_) {
    sending_ = true;
    owner_.send_later(slot_);
  }
  if (!blocked_ && queued() >= kSendAt) send();
  if (queued() < shared_->options.busy_bytes) return Wrote::ok;
  was_busy_ = true;
  return Wrote::busy;
}

void ByteLink::send() {
  sending_ = false;
  if (state_ == State::closed || blocked_) return;
  while (queued() != 0) {
    const IoResult put = socket_->write(out_.view().substr(out_at_));
    if (put.status == Io::want_write) {
      blocked_ = true;
      socket_->wait_writable();
      break;
    }
    // Told from the loop: the caller may be in the middle of its own call.
    if (put.status != Io::ok) {
      out_at_ = out_.size();
      reason_ = CloseReason::peer;
      state_ = State::closing;
      break;
    }
    out_at_ += put.bytes;
    ByteCounters::add(owner_.counters().bytes_out, put.bytes);
  }
  if (queued() == 0) {
    release_output();
  } else if (out_at_ >= out_.size() / 2) {
    out_.consume(std::exchange(out_at_, 0));
  }
  const bool relieved = was_busy_ && queued() < shared_->options.busy_bytes / 2;
  const bool over = state_ == State::closing && queued() == 0;
  if ((relieved || over) && !std::exchange(settling_, true)) owner_.settle_later(slot_);
}

void ByteLink::on_writable() {
  blocked_ = false;
  send();
}

void ByteLink::release_output() {
  out_at_ = 0;
  if (out_.capacity() != 0) owner_.give_output(std::exchange(out_, {}));
}

// ---- end ---------------------------------------------------------------------------------------

// What must not happen inside a call of the handler's: tell it, hand over what was left, go.
void ByteLink::settle() {
  settling_ = false;
  if (state_ == State::closed) return;
  if (state_ == State::closing) {
    if (queued() == 0) reason_ == CloseReason::local&& lingers_ ? linger() : cut(reason_);
    return;
  }
  if (state_ == State::lingering) return;
  if (was_busy_ && queued() < shared_->options.busy_bytes / 2) {
    was_busy_ = false;
    handler_->on_writable();
    if (state_ != State::open) return;
  }
  if (paused_ || in_.size() == 0) return read_on();
  if (hand_over(in_.view())) read_on();
}

void ByteLink::close(bool at_once) {
  if (state_ == State::closed) return;
  if (at_once) {
    out_at_ = out_.size();
    lingers_ = false;
  }
  state_ = State::closing;
  if (queued() == 0 && !std::exchange(settling_, true)) owner_.settle_later(slot_);
  if (close_timer_ != 0) return;
  const auto& clock = owner_.lane().clock();
  close_timer_ = owner_.lane().call_at(clock.mono_ms() + shared_->options.close_ms, [this] {
    close_timer_ = 0;
    cut(CloseReason::local);
  });
}

void ByteLink::linger() {
  state_ = State::lingering;
  socket_->shutdown_write();
  discard();
}

void ByteLink::discard() {
  for (int i = 0; i < 16; ++i) {
    const IoResult got = socket_->read(owner_.read_memory(), ByteLane::kReadBytes);
    if (got.status == Io::want_read) break;
    if (got.status != Io::ok) return cut(CloseReason::local);
    discarded_ += static_cast<std::uint32_t>(got.bytes);
    if (discarded_ > kDiscardMax) return cut(CloseReason::local);
  }
  socket_->wait_readable();
}

void ByteLink::cut(CloseReason reason) {
  if (std::exchange(state_, State::closed) == State::closed) return;
  if (close_timer_ != 0) owner_.lane().cancel(std::exchange(close_timer_, 0));
  socket_->close();
  in_.clear(0);
  release_output();
  shared_->open.fetch_sub(1, std::memory_order_relaxed);
  const auto handler = std::move(handler_);
  owner_.retire(slot_);
  if (handler) handler->on_closed(reason);
}

}  // namespace switchyard::net
