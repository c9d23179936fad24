// Host runs the plugins: loads them, walks them through their life, lends them the kernel through
// tables of C functions, and keeps one that fails from taking the others along.
//
// Order of a server's life:
//   Host host(services);            engine open, lanes not yet running
//   host.load(specs);               code is in memory, every section was judged (configure dry run)
//   lanes start, engine.start();
//   host.start();                   plugins run, routes are registered; now listeners may accept
//   host.reconfigure(sections);     SIGHUP: all agree or nothing changes
//   host.drain(); http drain        parked requests are answered
//   host.stop();                    no plugin code runs afterwards; then engine.stop(), lanes stop,
//                                   and the Host is destroyed before the Router and the engine
//
// Failure: a plugin that returns an error or throws is logged by name, disabled and listed by
// plugins(); it is an error of load() or start() only when its spec says `required`.
//
// Thread: [control] for everything, except plugins().
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/plugin/loader.h"
#include "kernel/plugin/services.h"

namespace switchyard::plugin {

// One entry under `plugins:`.
struct PluginSpec {
  std::string name;    // "sqs"
  std::string path;    // Empty: NAME.so in the loader's folders.
  std::string sha256;  // Empty: not checked.
  bool required = false;
  std::string anonymous_namespace;   // Empty: unsigned callers are refused.
  std::string section = "{}";        // The plugin's own keys as a JSON object, without those above.
  const sw_entry* linked = nullptr;  // Part of this program instead of a file.
};

enum class PluginState { loaded, running, failed, stopped };
// "loaded", ...: the word in /readyz and in logs.
std::string_view state_name(PluginState state);

struct PluginReport {
  std::string name;
  std::string id, version;  // Empty when the file could not be loaded.
  std::string path;
  std::string config_keys;  // sw_info.config_keys, or empty.
  PluginState state = PluginState::loaded;
  bool required = false;
  std::string why;  // Of a failure, for a person.
};

class Host {
 public:
  Host(Services services, LoaderOptions loader);
  ~Host();  // stop().
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Loads every plugin and lets it judge its section.  The error is that of the first required
  // plugin that failed; all are tried.
  Status load(const std::vector<PluginSpec>& specs);
  // REQUIRES: the lanes run and the engine was started.
  Status start();
  // Two-phase.  Refused, and nothing changed, when one running plugin does not like its new section,
  // or when a plugin was added, removed or is to come from another file: that needs a restart.
  Status reconfigure(const std::vector<PluginSpec>& specs);
  // Applies on every lane; returns when all have it.
  void apply(HostSettings settings);
  // Tells every plugin on every lane to answer parked requests now.  Returns when all were told.
  void drain();
  // Ends waiting fetches and timers, waits until `deadline_mono_ms` for calls that are under way,
  // then lane_stop, stop, destroy.  The lanes must still run.
  void stop(std::int64_t deadline_mono_ms);

  // What the plugins listen on: {"nats", "127.0.0.1:4222"}.  After start().
  const std::deque<std::pair<std::string, std::string>>& listening() const;

  // [any] In the order of load().
  std::vector<PluginReport> plugins() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::plugin
