#include "kernel/plugin/host.h"

#include <algorithm>

#include "kernel/base/log.h"
#include "kernel/plugin/host_core.h"

namespace switchyard::plugin {

std::string_view state_name(PluginState state) {
  switch (state) {
    case PluginState::loaded:
      return "loaded";
    case PluginState::running:
      return "running";
    case PluginState::failed:
      return "failed";
    case PluginState::stopped:
      break;
  }
  return "stopped";
}

struct Host::Impl {
  Impl(Services s, LoaderOptions l) : core(std::move(s)), loader(std::move(l)) {}
  HostCore core;
  LoaderOptions loader;
  bool loaded = false, running = false;

  Instance* find(const std::string& name) {
    for (auto& plugin : core.plugins) {
      if (plugin->name() == name) return plugin.get();
    }
    return nullptr;
  }
  Status start(Instance& plugin);
  Status check_same_set(const std::vector<PluginSpec>& specs);
};

namespace {

// Disables the plugin; only a required one is the caller's problem.
void disable(Instance& plugin, const Status& why, Status& first_required) {
  plugin.fail(why.error().message);
  if (plugin.spec().required && first_required.ok()) first_required = why;
}

}  // namespace

Host::Host(Services services, LoaderOptions loader)
    : impl_(std::make_unique<Impl>(std::move(services), std::move(loader))) {}

Host::~Host() {
  if (impl_->running) stop(impl_->core.lanes.front()->executor.clock().mono_ms() + 1000);
  // Plugins that were loaded to be judged and never started.
  for (auto& plugin : impl_->core.plugins) plugin->stop();
}

Status Host::load(const std::vector<PluginSpec>& specs) {
  Status result;
  for (const auto& spec : specs) {
    auto& plugin = *impl_->core.plugins.emplace_back(std::make_unique<Instance>(impl_->core, spec));
    auto status = plugin.load(impl_->loader);
    if (status) status = plugin.configure(spec.section, true);
    if (!status) disable(plugin, status, result);
  }
  impl_->loaded = true;
  return result;
}

Status Host::Impl::start(Instance& plugin) {
  if (auto status = plugin.configure(plugin.spec().section, false); !status) return status;
  if (auto status = plugin.start(); !status) return status;
  std::vector<Status> each(core.lanes.size());
  core.on_every_lane([&](std::size_t lane) { each[lane] = plugin.lane_start(lane); });
  const auto failed = std::find_if(each.begin(), each.end(), [](const Status& s) { return !s.ok(); });
  if (failed == each.end()) return {};
  // The lanes that did start are told before the plugin is given up.
  core.on_every_lane([&](std::size_t lane) {
    if (each[lane].ok()) plugin.lane_stop(lane);
  });
  return *failed;
}

Status Host::start() {
  auto& core = impl_->core;
  core.lanes_running.store(true, std::memory_order_release);
  impl_->running = true;
  Status result;
  for (auto& plugin : core.plugins) {
    if (plugin->state() == PluginState::failed) continue;
    const auto began_ms = core.lanes.front()->executor.clock().mono_ms();
    if (auto status = impl_->start(*plugin); !status) {
      disable(*plugin, status, result);
      continue;
    }
    plugin->set_running();
    const auto report = plugin->report();
    log::info("plugin.started", {{"plugin", report.name},
                                 {"id", report.id},
                                 {"version", report.version},
                                 {"took_ms", core.lanes.front()->executor.clock().mono_ms() - began_ms}});
  }
  if (core.services.streams != nullptr && result) core.services.streams->accept();
  return result;
}

Status Host::Impl::check_same_set(const std::vector<PluginSpec>& specs) {
  const auto restart = [](const std::string& name, const char* what) {
    return Error{Code::unsupported,
                 "plugins." + name + " " + what + ": code is loaded once per process; restart switchyard to apply it"};
  };
  for (const auto& spec : specs) {
    const auto* plugin = find(spec.name);
    if (plugin == nullptr) return restart(spec.name, "was added or enabled");
    const auto& old = plugin->spec();
    if (old.path != spec.path || old.sha256 != spec.sha256) return restart(spec.name, "has another path or sha256");
  }
  for (const auto& plugin : core.plugins) {
    const auto same = [&](const PluginSpec& spec) { return spec.name == plugin->name(); };
    if (std::none_of(specs.begin(), specs.end(), same)) return restart(plugin->name(), "was removed or disabled");
  }
  return {};
}

Status Host::reconfigure(const std::vector<PluginSpec>& specs) {
  if (auto status = impl_->check_same_set(specs); !status) return status;
  const auto running = [this](const PluginSpec& spec) {
    auto* plugin = impl_->find(spec.name);
    return plugin != nullptr && plugin->state() == PluginState::running ? plugin : nullptr;
  };
  for (const auto& spec : specs) {
    if (auto* plugin = running(spec)) {
      if (auto status = plugin->configure(spec.section, true); !status) return status;
    }
  }
  Status result;
  for (const auto& spec : specs) {
    auto* plugin = running(spec);
    if (plugin == nullptr) continue;
    auto status = plugin->configure(spec.section, false);
    // It agreed a moment ago and runs half configured now: that is a failure of the plugin.
    if (!status) disable(*plugin, status, result);
    plugin->set_spec(spec);
  }
  impl_->core.on_every_lane([&](std::size_t lane) {
    for (const auto& plugin : impl_->core.plugins) {
      plugin->on(lane).anonymous_namespace = plugin->spec().anonymous_namespace;
    }
  });
  return result;
}

void Host::apply(HostSettings settings) {
  impl_->core.on_every_lane([&](std::size_t lane) { impl_->core.lanes[lane]->settings = settings; });
}

void Host::drain() {
  if (impl_->core.services.streams != nullptr) impl_->core.services.streams->stop_listening();
  impl_->core.on_every_lane([this](std::size_t lane) {
    for (const auto& plugin : impl_->core.plugins) {
      if (plugin->on(lane).live()) plugin->lane_drain(lane);
    }
  });
}

void Host::stop(std::int64_t deadline_mono_ms) {
  if (!impl_->running) return;
  auto& core = impl_->core;
  auto* const streams = core.services.streams;
  if (streams != nullptr) streams->stop_listening();
  core.on_every_lane([&](std::size_t lane) {
    // Also those of a plugin that failed: their ends are told to the host's own objects.
    if (streams != nullptr) streams->shut(lane);
    for (const auto& plugin : core.plugins) plugin->lane_close(lane);
  });
  if (!core.wait_until([&core] { return core.quiet(); }, deadline_mono_ms))
    log::warn("plugin.stop_late", {{"why", "calls were still under way"}});
  core.on_every_lane([&](std::size_t lane) {
    for (const auto& plugin : core.plugins) {
      if (plugin->on(lane).phase != PluginLane::Phase::idle) plugin->lane_stop(lane);
    }
  });
  core.lanes_running.store(false, std::memory_order_release);
  impl_->running = false;
  for (auto plugin = core.plugins.rbegin(); plugin != core.plugins.rend(); ++plugin) (*plugin)->stop();
}

const std::deque<std::pair<std::string, std::string>>& Host::listening() const { return impl_->core.listening; }

std::vector<PluginReport> Host::plugins() const {
  std::vector<PluginReport> reports;
  for (const auto& plugin : impl_->core.plugins) reports.push_back(plugin->report());
  return reports;
}

}  // namespace switchyard::plugin
