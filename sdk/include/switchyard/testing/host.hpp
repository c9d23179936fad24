// switchyard/testing/host.hpp -- a host in memory for the unit tests of one plugin.
//
// It gives the plugin log/1, clock/1, auth/1, http/1, stream/1, kv/1 and metrics/1, without a server, a
// disk, a socket or a second thread.  Time stands still until the test moves it; completions wait until
// settle(), run one after the other, and never from inside a call: two runs of a test are the same.
//
// It is small on purpose and does not pretend: what it cannot do answers SW_UNSUPPORTED and says so in
// log().  Those are stream.move, consumers with a filter, a start sequence or SW_CONSUMER_FAIR, streams
// with max_age_ms, max_messages, max_bytes or max_per_key, fetches with an attempt id,
// SW_MESSAGE_EXPECT_LAST, a filter of read.  accounts/1 is not offered.  verify_mac does no cryptography:
// it compares with the signature that the test gave.
//
// Failure: what the plugin does against plugin.h (answers twice, calls a lane function outside of a
// callback or on another thread, leaves a request unanswered, throws through the line) is kept as a
// sentence; take_misuses() hands them out, and a Host that is destroyed with some left prints them and
// aborts, so that no test passes over them.  What the test itself does wrong throws std::logic_error; a
// plugin that does not start throws std::runtime_error.
//
// Thread: one.  Lanes are numbers: callbacks of all lanes run on the test's thread.
#ifndef SWITCHYARD_TESTING_HOST_HPP
#define SWITCHYARD_TESTING_HOST_HPP
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchyard/plugin.h"

namespace switchyard::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  unsigned status = 0;
  Headers headers;
  std::string body;
  std::string header(std::string_view name) const;  // Empty when it is not there.
};

// The entry of a plugin in a file, which stays loaded; throws std::runtime_error.  This is how a plugin in Rust
// is tested.
const sw_entry* load_plugin(const std::string& path);

class Host {
 public:
  explicit Host(std::uint32_t lanes = 1);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // ---- the plugin's life ----
  // create, configure twice, start, lane_start on every lane.  Link the plugin's source into the test and
  // give switchyard_plugin_v1(), or give what load_plugin() returned.
  void start(const sw_entry* entry, std::string section = "{}");
  // configure with dry_run, and without when the plugin agreed.  False: refused, *why says what it said.
  bool reconfigure(const std::string& section, std::string* why = nullptr);
  void drain();    // lane_drain on every lane, then settle().
  void stop();     // Drains, ends waiting fetches, stops and destroys.  Streams and records stay.
  void restart();  // stop(), then start() with the same entry and section.
  const sw_host* raw() const;

  // ---- who calls ----
  sw_namespace* add_namespace(const std::string& name);
  void remove_namespace(sw_namespace*);  // The handle stays valid and answers SW_NOT_FOUND.
  void set_anonymous(sw_namespace*);     // Null: callers without a credential are refused.
  // verify_mac() with this key and exactly this signature is this namespace.
  void add_credential(const std::string& access_key, const std::string& signature, sw_namespace*,
                      std::uint32_t permissions = SW_PERM_PUBLISH | SW_PERM_RECEIVE | SW_PERM_MANAGE);

  // ---- requests ----
  using RequestId = std::uint64_t;
  // Offers the request to the plugin's routes as the server does; no completion runs.  404 is the answer
  // when no route wants it.
  RequestId send(const std::string& method, const std::string& target, const std::string& body = "",
                 const Headers& headers = {}, std::uint32_t lane = 0);
  bool answered(RequestId) const;
  const Answer& answer(RequestId) const;
  void abort(RequestId);  // The peer goes away.
  // send() and settle(); throws when there is no answer yet.
  Answer ask(const std::string& method, const std::string& target, const std::string& body = "",
             const Headers& headers = {}, std::uint32_t lane = 0);

  // ---- time ----
  bool step();    // Runs one completion or posted task; false when none waits.
  void settle();  // Runs all, with those that come meanwhile.
  // Moves the clocks; timers fire, leases end and fetches time out in their order.
  void advance(std::int64_t ms);
  std::int64_t wall_ms() const;

  // ---- trouble.  `call` is TABLE.FUNCTION, say "stream.append", "kv.put". ----
  void refuse_next(const std::string& call, sw_status status, unsigned times = 1);  // From the call itself.
  void fail_next(const std::string& call, sw_status status, unsigned times = 1);    // In its completion.

  // The next stream.cancel_fetch comes too late: its fetch is served all the same.
  void lose_next_cancel();

  // ---- what there is ----
  std::size_t streams() const;
  std::size_t messages(sw_namespace*, std::string_view stream) const;  // Live ones; 0 for no such stream.
  std::size_t records() const;
  std::size_t outstanding() const;  // Accepted calls whose completion has not run, waiting fetches too.
  std::size_t timers() const;
  std::size_t unanswered() const;
  std::uint64_t counter(const std::string& name) const;  // Over all labels.
  const std::vector<std::string>& log() const;           // "level event name=value ..."
  std::vector<std::string> take_misuses();

  struct State;

 private:
  const std::unique_ptr<State> state_;
};

}  // namespace switchyard::testing
#endif
