// HttpConnection is one HTTP/1.1 connection on the server's side: socket, parser, answer.
//
//   handshake -> reading <-> handling -> (parked) -> reading ... -> lingering -> closed
//                    \________ writing: the peer does not take the answer as fast as it comes
//
// While it waits (idle or parked) it holds no buffer.  Requests of one connection are handled one
// after the other; what a client sends ahead stays in the socket.
//
// Thread: the lane of its HttpLane.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kernel/net/deadline_queue.h"
#include "kernel/net/http.h"
#include "kernel/net/http_lane.h"
#include "kernel/net/socket.h"

namespace switchyard::net {

class HttpConnection final : public ReadinessOwner, public DeadlineNode {
 public:
  HttpConnection(HttpLane& owner, std::uint32_t slot, HttpLane::Arrival arrival);
  ~HttpConnection() override;

  void start();
  // The server is full.
  void refuse();

  // For exchanges, while their request is open.
  void answer(int status, std::span<const HttpHeader> headers, std::string_view body, bool close);
  void fail(int status);
  void park(std::function<void(ParkEvent)> on_event);
  Arena& arena() { return scratch_->arena; }

  // For the HttpLane.
  void on_deadline();
  void resume();
  void begin_drain();
  void cut();
  bool refused() const { return refused_; }

 private:
  enum class State : std::uint8_t { handshake, reading, handling, parked, writing, lingering, closed };
  enum class Wrote { all, blocked, dead };

  void on_readable() override;
  void on_writable() override;
  void on_hangup() override;

  // Reading.
  void shake_hands();
  void read_more();
  bool take_requests();
  bool handle_request();
  void send_continue();
  void wait_for_bytes();
  // Answering.
  Wrote write_out();
  bool flush();
  void finish_answer();
  void after_writing();
  HttpReply error_reply(int status, const HttpRequest* head);
  void append(int status, std::span<const HttpHeader> headers, std::string_view body);
  std::string_view send_uncopied(std::string_view body);
  void reject(int status, Reject reason);
  void linger();
  void discard();
  // Parked.
  void tell(ParkEvent event);

  void release_scratch();
  void release_output();
  void close();

  HttpLane& owner_;
  const std::uint32_t slot_;
  const std::uint16_t listener_;
  State state_ = State::reading;
  bool peer_is_loopback_ : 1;
  bool refused_ : 1;
  bool in_handler_ : 1;
  bool answered_ : 1;
  bool keep_alive_ : 1;
  bool old_version_ : 1;
  bool head_request_ : 1;
  bool close_after_ : 1;
  bool linger_ : 1;
  bool fresh_ : 1;  // No request has come yet.
  std::uint32_t out_at_ = 0;
  std::uint32_t discarded_ = 0;
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<RequestScratch> scratch_;  // While bytes of a request are at hand.
  std::string out_;                          // What the socket did not take yet, from out_at_ on.
  std::string ahead_;                        // While parked: what the client sent behind the request.
  std::string peer_;
  std::function<void(ParkEvent)> on_event_;
};

}  // namespace switchyard::net
