// HostRig is a server without main(): real lanes, engine, accounts, HTTP server and Host on a
// temporary folder, with time in the test's hand.  LinkedPlugin is a plugin made of lambdas.
//
// Plugin code runs on the lanes; the test's thread waits for what it asked, never for time.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "kernel/account/accounts.h"
#include "kernel/plugin/host.h"
#include "kernel/plugin/router.h"
#include "tests/unit/net/harness.h"

namespace switchyard::plugin::test {

// Every hook may be left out.
class LinkedPlugin {
 public:
  explicit LinkedPlugin(std::string name);
  LinkedPlugin(const LinkedPlugin&) = delete;

  // The spec to load it with; create() of the next load belongs to it.
  PluginSpec spec();

  std::function<sw_status(sw_error*)> on_create;
  std::function<sw_status(std::string_view json, bool dry_run, sw_error*)> on_configure;
  std::function<sw_status(sw_error*)> on_start;
  std::function<sw_status(std::uint32_t lane, void** state, sw_error*)> on_lane_start;
  std::function<void(std::uint32_t lane, void*state)> on_lane_stop, on_lane_drain;
  std::function<void()> on_stop, on_destroy;
  std::function<bool(const sw_http_request*)> on_match;  // Of routes with_match.
  std::function<void(void* state, sw_http_exchange*, const sw_http_request*)> on_request;

  // In on_start.
  sw_status route(const std::string& method, const std::string& pattern, std::int32_t priority = 0,
                  bool with_match = false, sw_error* error = nullptr);
  // In on_request, and later on the same lane.
  void answer(sw_http_exchange* exchange, std::uint32_t status, const std::string& body);

  const sw_host* host = nullptr;  // From create().
  std::string name;
  std::vector<const char*> needs{nullptr};
  sw_info info{};
  sw_plugin calls{};
  sw_entry entry{};

  template <class Table>
  const Table* table(const char* id) const {
    return static_cast<const Table*>(host->extension(host, id));
  }
};

class HostRig {
 public:
  explicit HostRig(std::size_t lane_count = 1);
  ~HostRig();

  // load(), lanes, engine, start(), listen.  The plugins outlive the rig.
  void run(const std::vector<LinkedPlugin*>& plugins, const std::function<void(PluginSpec&)>& edit = {});
  Status load(std::vector<PluginSpec> specs);
  Status start();
  void listen();
  void stop();
  // A new process on the same folder, before load().
  void restart();

  // Runs `task` as a callback of the plugin on a lane and waits for its end.
  void on_lane(LinkedPlugin& plugin, const std::function<void(void* lane_state)>& task, std::uint32_t lane = 0);
  // Waits until `reached` holds; it is looked at on this thread between turns of the lanes.
  bool eventually(const std::function<bool()>& reached);
  void advance_ms(std::int64_t ms);

  account::Namespace make_namespace(const std::string& name, const std::string& account_id);
  account::Credential make_credential(const account::Namespace& ns, const std::string& access_key,
                                      const std::string& secret);
  std::string address() const { return listening.address; }

  std::filesystem::path folder;
  ManualClock clock;
  std::unique_ptr<net::LaneGroup> lanes;
  std::unique_ptr<journal::FileSystem> files;
  std::unique_ptr<stream::Engine> engine;
  account::Sealer sealer;
  std::unique_ptr<account::Accounts> accounts;
  std::unique_ptr<quota::Quotas> quotas;
  std::unique_ptr<bus::Bus> bus;
  std::unique_ptr<net::ByteServer> streams;
  std::unique_ptr<Router> router;
  std::unique_ptr<MetricRegistry> metrics;
  std::unique_ptr<Host> host;
  std::unique_ptr<net::HttpServer> http;
  net::Listening listening;
  Services services;
  LoaderOptions loader;
  std::string fatal;  // What on_fatal said.
  bool host_runs = false;

 private:
  void open();
  void close();
  void start_lanes();
  const std::size_t lane_count_;
  bool engine_runs_ = false;
};

// "acc" of AWS style with the id 000000000001, made once per rig.
sw_str str(std::string_view text);
sw_bytes bytes(std::string_view text);
std::string text(sw_str s);
std::string text(sw_bytes b);

// The handle of a namespace, as a plugin gets it: through anonymous().
sw_namespace* anonymous_handle(const LinkedPlugin& plugin);

}  // namespace switchyard::plugin::test
