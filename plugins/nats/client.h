// Client is one connection of a NATS client: what it sent is read, and what it subscribed to is written.
//
// An operation is answered in the order it came.  A PONG says that every subscription made before its PING is known on
// every lane, so the reading pauses until that is so.
//
// A receiver that takes nothing is closed at its bound of queued bytes, or when it took nothing for the write
// deadline; until then who publishes to it is slowed down a little.
//
// Failure: the client is told by the protocol's own -ERR (errors.h).
// Thread: its lane.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "plugins/nats/auth_rules.h"
#include "plugins/nats/connect_options.h"
#include "plugins/nats/errors.h"
#include "plugins/nats/lane.h"
#include "plugins/nats/login.h"
#include "plugins/nats/permissions.h"
#include "plugins/nats/wire_parser.h"

namespace switchyard::nats {

class Client {
 public:
  // Deletes itself behind closed(), when nothing that it asked for is under way.
  Client(Lane& lane, sw_conn* connection, std::string_view peer);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Says INFO.
  void open();
  // As sw_conn_events.
  std::size_t data(std::string_view bytes, std::size_t& wanted);
  void writable();
  void closed();
  // The server is about to stop: a client that understands it goes elsewhere.
  void drain();
  // It was changed or is gone.
  void credential_changed(std::string_view id);

 private:
  struct Subscription {
    Client* client = nullptr;
    std::string sid, subject, queue;
    std::uint64_t max = 0;  // Deliveries in all, then it goes; 0 = no bound.
    std::uint64_t delivered = 0;
    bool filtered = false;  // Each delivery has to be permitted.
    sw_subscription* handle = nullptr;
  };

  ~Client();

  // ---- operations ----
  void perform(const Op& op);
  void connect(std::string_view json);
  // ---- who it is ----
  bool open_to_all() const;
  AuthRules rules() const;
  bool log_in();
  bool enter(Login login);
  bool move_to(sw_namespace* ns);
  void watch_the_end();
  void end_due();
  // False: its login is over, and it was told.
  bool still_good();
  void note_refusal(std::string_view why);
  std::string_view address() const;

  void publish(const Op& op);
  void subscribe(const Op& op);
  void unsubscribe(const Op& op);
  void ping();
  // Without a CONNECT where none is needed, a client is served as the anonymous one.
  bool admitted();
  void leave(Subscription& subscription);
  void left();
  void tell_no_responders(const Op& op);
  void remove(Subscription& subscription);

  static std::int32_t deliver(void* user, const sw_bus_message* message);
  bool deliver(Subscription& subscription, const sw_bus_message& message);
  bool write(const sw_bytes* parts, std::size_t n);

  // ---- answers ----
  void say(std::string_view text);
  void acknowledge() {
    if (options_.verbose) say("+OK\r\n");
  }
  void refuse(ErrorKind kind);
  void end(CloseReason reason);
  void say_info(bool lame_duck);

  // ---- waiting ----
  void pause();
  void resume();
  void slow_down(std::uint32_t ms);
  void ping_due();
  void auth_due();
  void resume_due();
  void write_due();
  void bus_ready();
  void settled();
  void release();

  template <void (Client::*Call)()>
  static void fire(void* user) {
    (static_cast<Client*>(user)->*Call)();
  }

  Lane& lane_;
  sw_conn* const connection_;
  const std::uint64_t id_;
  const std::string peer_;
  ConnectOptions options_;
  sw_namespace* ns_ = nullptr;
  sw_publisher* publisher_ = nullptr;
  std::string nonce_;  // What it has to sign.
  Login login_;
  WireLimits limits_;
  std::optional<Permissions> permissions_;
  std::unordered_map<std::string_view, std::unique_ptr<Subscription>> subscriptions_;  // By their own sid.
  Subscription* leaving_ = nullptr;                                                    // UNSUB came for it.
  sw_timer ping_timer_ = 0, auth_timer_ = 0, end_timer_ = 0, resume_timer_ = 0, write_timer_ = 0;
  std::uint64_t queued_before_ = 0;  // When write_timer_ was armed.
  std::uint32_t pings_out_ = 0;
  std::uint32_t references_ = 1;  // The connection, and each call that is under way.
  std::uint32_t pauses_ = 0;
  bool connected_ = false;         // CONNECT was taken.
  bool interest_changed_ = false;  // Since every lane was last known to know.
  bool blocked_ = false;           // Behind since the last time that was looked at.
  bool ended_ = false;
  CloseReason reason_ = CloseReason::none;
};

}  // namespace switchyard::nats
