// Tables listen/1 and bus/1 as Chaos lends them: what comes over a connection comes in slices of its own, and
// every call is held to the rule that it is made from a callback of the lane.
#include <algorithm>
#include <string>

#include "kernel/plugin/chaos_impl.h"

namespace switchyard::plugin {
namespace {

std::uint32_t this_lane() { return static_cast<std::uint32_t>(ChaosCallback::lane()); }

// ---- listen ------------------------------------------------------------------------------------

const sw_listen_api* real_listen() { return the_chaos->table<sw_listen_api>(SW_EXT_LISTEN); }

struct Listener {
  sw_conn_events events;
  void* user;
};

// A connection: the plugin's, and the lane whose callbacks it gets.
struct Connection {
  const Listener* listener;
  void* user;
  std::uint32_t lane;
};

void* open(void* user, void* lane_state, sw_conn* connection, sw_str peer) {
  const auto* listener = static_cast<const Listener*>(user);
  auto& chaos = the_chaos->impl();
  std::uint32_t lane = 0;
  {
    const std::lock_guard lock(chaos.mutex);
    const auto state = std::find(chaos.lane_states.begin(), chaos.lane_states.end(), lane_state);
    if (state != chaos.lane_states.end()) lane = static_cast<std::uint32_t>(state - chaos.lane_states.begin());
  }
  const ChaosCallback scope(lane);
  void* const theirs = listener->events.open(listener->user, lane_state, connection, peer);
  return theirs != nullptr ? new Connection{listener, theirs, lane} : nullptr;
}

// The first byte alone, then two more, four more, ...: a plugin that needs a whole message says so, and gets
// it with the next of them that is long enough.
std::size_t data(void* user, sw_bytes bytes, std::size_t* wanted) {
  const auto& mine = *static_cast<Connection*>(user);
  const ChaosCallback scope(mine.lane);
  std::size_t taken = 0, need = 1;
  for (std::size_t end = 1, slice = 1;; end = std::min(bytes.len, end + (slice *= 2))) {
    if (end - taken >= need) {
      std::size_t more = 0;
      const auto took = mine.listener->events.data(mine.user, {bytes.data + taken, end - taken}, &more);
      if (took > end - taken) the_chaos->find("took more bytes of a connection than it was given");
      taken = std::min(end, taken + took);
      need = std::max(more, end - taken + 1);
    }
    if (end == bytes.len) break;
  }
  *wanted = need;
  return taken;
}

void writable(void* user) {
  const auto& mine = *static_cast<Connection*>(user);
  const ChaosCallback scope(mine.lane);
  if (SW_HAS(&mine.listener->events, writable)) mine.listener->events.writable(mine.user);
}

void closed(void* user, sw_status why) {
  const std::unique_ptr<Connection> mine(static_cast<Connection*>(user));
  const ChaosCallback scope(mine->lane);
  mine->listener->events.closed(mine->user, why);
}

const sw_conn_events kEvents = {sizeof kEvents, 0, open, data, writable, closed};

bool complete(const sw_conn_events* events) {
  if (!SW_HAS(events, open) || !SW_HAS(events, data)) return false;
  return SW_HAS(events, closed);
}

sw_status listen(const sw_host*, const sw_listener* wish, const sw_conn_events* events, void* user, sw_str* bound,
                 sw_error* error) {
  static std::vector<std::unique_ptr<Listener>> all;  // Until the process ends, as the real host may still call.
  if (!complete(events)) return real_listen()->listen(the_chaos->real(), wish, events, user, bound, error);
  all.push_back(std::make_unique<Listener>());
  std::copy_n(reinterpret_cast<const char*>(events), std::min<std::size_t>(events->size, sizeof(sw_conn_events)),
              reinterpret_cast<char*>(&all.back()->events));
  all.back()->user = user;
  return real_listen()->listen(the_chaos->real(), wish, &kEvents, all.back().get(), bound, error);
}

sw_status write(sw_conn* connection, const sw_bytes* parts, std::size_t n) {
  if (!the_chaos->in_callback("listen.write")) return SW_NOT_FOUND;
  return real_listen()->write(connection, parts, n);
}
std::uint64_t queued(sw_conn* connection) {
  return the_chaos->in_callback("listen.queued") ? real_listen()->queued(connection) : 0;
}
void pause(sw_conn* connection, std::uint32_t paused) {
  if (the_chaos->in_callback("listen.pause")) real_listen()->pause(connection, paused);
}
void close(sw_conn* connection, std::uint32_t at_once) {
  if (the_chaos->in_callback("listen.close")) real_listen()->close(connection, at_once);
}

// ---- bus ---------------------------------------------------------------------------------------

const sw_bus_api* real_bus() { return the_chaos->table<sw_bus_api>(SW_EXT_BUS); }

struct Receiver {
  std::int32_t (*deliver)(void* user, const sw_bus_message*);
  void* user;
  std::uint32_t lane;
};

std::int32_t deliver(void* user, const sw_bus_message* message) {
  const auto& mine = *static_cast<Receiver*>(user);
  const ChaosCallback scope(mine.lane);
  return mine.deliver(mine.user, message);
}

sw_status subscribe(const sw_host*, sw_namespace* ns, sw_str pattern, sw_str group, std::uint64_t party,
                    std::int32_t (*theirs)(void*, const sw_bus_message*), void* user, sw_subscription** out) {
  if (!the_chaos->in_callback("bus.subscribe") || theirs == nullptr) return SW_INVALID;
  // Kept until the process ends: a publish() under way may still hold it after unsubscribe().
  auto* const receiver = new Receiver{theirs, user, this_lane()};
  const auto status = real_bus()->subscribe(the_chaos->real(), ns, pattern, group, party, deliver, receiver, out);
  if (status != SW_OK) delete receiver;
  return status;
}
void unsubscribe(const sw_host*, sw_subscription* subscription) {
  if (the_chaos->in_callback("bus.unsubscribe")) real_bus()->unsubscribe(the_chaos->real(), subscription);
}
sw_status publisher(const sw_host*, sw_namespace* ns, sw_publisher** out) {
  if (!the_chaos->in_callback("bus.publisher")) return SW_INVALID;
  return real_bus()->publisher(the_chaos->real(), ns, out);
}
void release(const sw_host*, sw_publisher* publisher) {
  if (the_chaos->in_callback("bus.release")) real_bus()->release(the_chaos->real(), publisher);
}
sw_status publish(const sw_host*, sw_publisher* publisher, const sw_bus_message* message, std::uint64_t skip,
                  std::uint32_t* receivers) {
  if (!the_chaos->in_callback("bus.publish")) return SW_INVALID;
  return real_bus()->publish(the_chaos->real(), publisher, message, skip, receivers);
}

struct Later {
  void (*task)(void*);
  void* user;
  std::uint32_t lane;
};
void run_later(void* user) {
  const std::unique_ptr<Later> later(static_cast<Later*>(user));
  const ChaosCallback scope(later->lane);
  later->task(later->user);
}
void settled(const sw_host*, void (*task)(void*), void* user) {
  if (!the_chaos->in_callback("bus.settled") || task == nullptr) return;
  real_bus()->settled(the_chaos->real(), run_later, new Later{task, user, this_lane()});
}
void ready(const sw_host*, void (*task)(void*), void* user) {
  if (!the_chaos->in_callback("bus.ready") || task == nullptr) return;
  real_bus()->ready(the_chaos->real(), run_later, new Later{task, user, this_lane()});
}

}  // namespace

extern const sw_listen_api kChaosListen;
extern const sw_bus_api kChaosBus;
const sw_listen_api kChaosListen = {sizeof kChaosListen, 0, listen, write, queued, pause, close};
const sw_bus_api kChaosBus = {sizeof kChaosBus, 0, subscribe, unsubscribe, publisher, release, publish, settled, ready};

}  // namespace switchyard::plugin
