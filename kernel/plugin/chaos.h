// Chaos stands between a plugin and its host and makes the trouble that the ABI allows: it refuses calls
// with every status and for a while with back-pressure, fails completions, delays them, runs out of
// request memory, lets peers leave.  It hands out its own HTTP exchanges, so that it can ask the plugin
// whatever it likes, and writes down what the plugin does against plugin.h.
//
// It takes the place of the plugin's entry: the plugin is given tables that go through Chaos to the real
// ones.  What it lends is copied where it delays, and overwritten where a loan ends, so that a plugin that
// looks too long reads rubbish.
//
// Failure: findings(), each a sentence.
//
// Thread: said at each member.  One Chaos per process: tables of functions know no other way to find it.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "kernel/plugin/check_requests.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

// Chances from 0 to 1.
struct ChaosPlan {
  double refuse = 0;  // A call is refused.
  double fail = 0;    // A call is accepted and fails.
  double late = 0;    // A completion comes some milliseconds late.
  double leave = 0;   // A peer goes away.
  double no_memory = 0;
};

class Chaos {
 public:
  // [control]  `entry` outlives it.
  Chaos(const sw_entry& entry, std::uint64_t seed);
  ~Chaos();
  Chaos(const Chaos&) = delete;
  Chaos& operator=(const Chaos&) = delete;

  // [control]  What to load instead of the plugin.
  const sw_entry* entry() const { return &own_entry_; }
  void plan(const ChaosPlan& plan);
  // Completions that wait run now, later ones are not delayed any more.
  void flush();
  struct Route {
    std::string method, pattern;
    std::int32_t priority = 0;
    sw_http_handler handler{};
  };
  const std::vector<Route>& routes() const { return routes_; }
  // [control]  Offers a request on a lane; returns its number at once.
  std::uint64_t ask(const CheckRequest& request, std::uint32_t lane);
  // Waits until all requests are answered or gone; false after `ms`.
  bool wait_for_answers(int ms);
  std::size_t unanswered() const;
  // The status of a request; 0 = not answered.
  std::uint32_t status_of(std::uint64_t number) const;
  // Calls that the plugin made and requests that it was asked, for the report.
  std::string summary() const;
  // Empty when some of the planned trouble happened, else what did not: "no call was refused".  Memory that
  // was refused is not enough: it comes beside the trouble that a scenario is about.
  std::string not_shown(const ChaosPlan& plan) const;
  std::vector<std::string> findings() const;  // Each once, with how often.

  // ---- for the tables [any] ----
  enum class Fault { none, refuse, fail };
  struct Decision {
    Fault fault = Fault::none;
    sw_status status = SW_OK;
    bool with_error = false;
  };
  Decision decide(const char* call, bool may_be_there);
  std::uint32_t delay_ms();  // 0 = now.
  void count_late();         // A completion that delay_ms() delayed; not every kind can be.
  bool out_of_memory();
  void find(const std::string& sentence);
  bool in_callback(const char* call);  // Else a finding.
  std::uint64_t fake_fetch();
  // On the lane of the caller.  after_ms 0 = as soon as the lane is free.
  void later(std::uint32_t after_ms, std::function<void()> run);

  const sw_host* real() const { return real_; }
  template <class Table>
  const Table* table(const char* id) const {
    return static_cast<const Table*>(real_->extension(real_, id));
  }

  struct Exchange;
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  friend struct ChaosPluginTable;
  friend struct ChaosHttpTable;
  const sw_entry& theirs_;
  sw_entry own_entry_{};
  sw_plugin own_plugin_{};
  sw_host own_host_{};
  const sw_host* real_ = nullptr;
  void* self_ = nullptr;  // The plugin's.
  std::vector<Route> routes_;
  std::unique_ptr<Impl> impl_;
};

// The one of this process, or null.
extern Chaos* the_chaos;
// Marks this thread as running a callback of a lane.
class ChaosCallback {
 public:
  explicit ChaosCallback(std::uint32_t lane);
  ~ChaosCallback();
  ChaosCallback(const ChaosCallback&) = delete;
  ChaosCallback& operator=(const ChaosCallback&) = delete;
  static int lane();  // -1 = outside.

 private:
  const int outer_;
};

const void* chaos_table(const char* id);

}  // namespace switchyard::plugin
