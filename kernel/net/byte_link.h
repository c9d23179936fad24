// ByteLink is one connection of a ByteServer: its socket, what came and was not taken, what has to leave.
//
// Its lane owns it; a ByteConnection finds it by slot and generation.
//
// Thread: its lane.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "kernel/net/byte_lane.h"

namespace switchyard::net {

class ByteLink final : public ReadinessOwner {
 public:
  ByteLink(ByteLane& owner, std::uint32_t slot, std::uint32_t generation, int fd, std::shared_ptr<ByteShared> shared);
  ~ByteLink() override;

  // False: nobody wants it.
  bool open(const Peer& peer);
  Wrote write(std::span<const std::string_view> parts);
  std::size_t queued() const { return out_.size() - out_at_; }
  void pause(bool paused);
  void close(bool at_once);

  // For the lane.
  void send();
  void settle();
  void cut(CloseReason reason);

 private:
  enum class State : std::uint8_t { open, closing, lingering, closed };

  void on_readable() override;
  void on_writable() override;
  IoResult read(std::string_view& bytes);
  // False when it is to read no more now.
  bool hand_over(std::string_view bytes);
  void keep(std::string_view rest);
  void read_on() {
    if (state_ == State::open && !paused_) socket_->wait_readable();
  }
  void release_output();
  // Everything has left: waits a while for the peer to close, because closing with unread bytes would reset the
  // connection and take the last words away from it.
  void linger();
  void discard();

  ByteLane& owner_;
  const std::uint32_t slot_, generation_;
  const std::shared_ptr<ByteShared> shared_;
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<ByteHandler> handler_;
  ByteBuffer in_;   // What came and was not taken.
  ByteBuffer out_;  // What has to leave, from out_at_ on.
  std::size_t out_at_ = 0;
  std::size_t wanted_ = 0;  // In one piece, before on_bytes() is worth a call.
  TimerId close_timer_ = 0;
  State state_ = State::open;
  CloseReason reason_ = CloseReason::local;
  std::uint32_t discarded_ = 0;
  bool paused_ = false;
  bool sending_ = false;   // In the lane's list.
  bool blocked_ = false;   // The socket takes no more now.
  bool was_busy_ = false;  // on_writable() is owed.
  bool settling_ = false;
  bool lingers_ = true;
};

}  // namespace switchyard::net
