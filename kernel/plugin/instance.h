// Instance is one loaded plugin: its tables, its state, and its share of every lane.
//
// Failure: fail() may come from any lane; the first reason is kept, the plugin's routes decline from
// then on, and every lane answers what the plugin still owed.
//
// Thread: said at each member; the rest [control].
#pragma once
#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "kernel/plugin/host.h"
#include "kernel/plugin/lane_context.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

struct HostCore;

class Instance {
 public:
  Instance(HostCore& core, PluginSpec spec);

  // [any]
  const std::string& name() const { return name_; }
  PluginState state() const { return state_.load(std::memory_order_acquire); }
  void fail(const std::string& why);
  PluginReport report() const;
  HostCore& core() const { return core_; }

  // Each returns the plugin's refusal; the caller decides what it means.
  Status load(const LoaderOptions& options);  // Up to create().
  Status configure(const std::string& section, bool dry_run);
  Status start();
  void stop();  // stop() and destroy().

  const PluginSpec& spec() const { return spec_; }
  void set_spec(PluginSpec spec);
  const sw_plugin& calls() const { return *entry_->plugin; }
  void* self() const { return self_; }
  bool starting() const { return starting_; }
  // In start(), once; else false.
  bool watch_credentials(void (*changed)(void*, void*, sw_str, std::uint32_t), void* user);
  void set_running();

  // [lane] of that lane.
  PluginLane& on(std::size_t lane) { return lanes_[lane]; }
  Status lane_start(std::size_t lane);
  void lane_drain(std::size_t lane);
  void lane_close(std::size_t lane);  // No new calls; waiting fetches end.
  void lane_stop(std::size_t lane);
  void abandon(std::size_t lane);  // Answers the requests that it still holds.

 private:
  void follow_credentials(std::size_t lane);
  Result<const sw_entry*> find_entry(const LoaderOptions& options);
  // Runs one [control] call of the plugin; a throw becomes an error.
  template <class F>
  Status control(const char* what, F&& call);

  HostCore& core_;
  const std::string name_;
  std::atomic<bool> required_;
  PluginSpec spec_;
  sw_host host_{};
  std::string path_, id_, version_, config_keys_;  // Set in load().
  const sw_entry* entry_ = nullptr;
  void* self_ = nullptr;
  bool created_ = false, started_ = false, starting_ = false;
  void (*credential_changed_)(void* user, void* lane_state, sw_str id, std::uint32_t permissions) = nullptr;
  void* credential_changed_user_ = nullptr;
  std::atomic<PluginState> state_{PluginState::loaded};
  mutable std::mutex mutex_;  // why_, and what load() sets against report().
  std::string why_;
  std::deque<PluginLane> lanes_;
};

}  // namespace switchyard::plugin
