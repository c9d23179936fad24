#include "kernel/plugin/instance.h"

#include <algorithm>

#include "kernel/base/log.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"

namespace switchyard::plugin {
namespace {

std::string_view message_of(const sw_error& error) {
  const std::string_view text(error.message, sizeof error.message);
  return text.substr(0, text.find('\0'));
}

Code code_of(sw_status status) {
  return status > 0 && status <= SW_UNKNOWN_OUTCOME ? static_cast<Code>(status) : Code::internal;
}

}  // namespace

Instance::Instance(HostCore& core, PluginSpec spec)
    : core_(core), name_(spec.name), required_(spec.required), spec_(std::move(spec)) {
  for (const auto& lane : core_.lanes) {
    auto& mine = lanes_.emplace_back();
    mine.instance = this;
    mine.lane = lane.get();
    mine.anonymous_namespace = spec_.anonymous_namespace;
  }
  host_.size = sizeof host_;
  host_.generation = SW_ABI_GENERATION;
  host_.revision = SW_ABI_REVISION;
  host_.lanes = static_cast<std::uint32_t>(lanes_.size());
  host_.host = this;
  host_.version = {core_.services.version.data(), core_.services.version.size()};
  host_.extension = [](const sw_host*, const char* id) { return id == nullptr ? nullptr : find_table(id); };
}

template <class F>
Status Instance::control(const char* what, F&& call) {
  sw_error error{};
  error.size = sizeof error;
  std::string thrown;
  sw_status status = SW_INTERNAL;
  try {
    status = call(&error);
  } catch (...) {
    thrown = describe_exception();
  }
  if (thrown.empty() && status == SW_OK) return {};
  std::string text = "the plugin '" + name() + "' ";
  if (!thrown.empty()) return Error{Code::internal, text + "threw in " + what + ": " + thrown};
  const auto message = message_of(error);
  text += "refused " + std::string(what) + ": ";
  text += message.empty() ? std::string(code_name(code_of(status))) : std::string(message);
  return Error{code_of(status), std::move(text)};
}

Result<const sw_entry*> Instance::find_entry(const LoaderOptions& options) {
  if (spec_.linked != nullptr) {
    auto status = judge_entry(spec_.linked, {name_, "the linked plugin '" + name_ + "'"});
    return status ? Result<const sw_entry*>(spec_.linked) : std::move(status).error();
  }
  auto file = locate(options, spec_.name, spec_.path);
  if (!file) return std::move(file).error();
  {
    const std::lock_guard lock(mutex_);
    path_ = file->path;
  }
  return load_file(*file, spec_.sha256);
}

Status Instance::load(const LoaderOptions& options) {
  auto entry = find_entry(options);
  if (!entry) return std::move(entry).error();
  entry_ = *entry;
  {
    const std::lock_guard lock(mutex_);
    id_ = entry_->info->id;
    version_ = entry_->info->version;
    config_keys_ = entry_->info->config_keys == nullptr ? "{}" : entry_->info->config_keys;
  }
  auto status = control("create", [&](sw_error* error) { return calls().create(&host_, &self_, error); });
  created_ = status.ok();
  return status;
}

Status Instance::configure(const std::string& section, bool dry_run) {
  const sw_str json{section.data(), section.size()};
  return control("its configuration", [&](sw_error* error) { return calls().configure(self_, json, dry_run, error); });
}

Status Instance::start() {
  starting_ = true;
  auto status = control("start", [&](sw_error* error) { return calls().start(self_, error); });
  starting_ = false;
  started_ = status.ok();
  return status;
}

void Instance::stop() {
  // A failed plugin is not asked to clean up: nobody knows what its throw left half done.
  if (state() == PluginState::failed) return;
  const auto call = [this](const char* what, void (*function)(void*)) {
    auto status = control(what, [&](sw_error*) {
      function(self_);
      return SW_OK;
    });
    if (!status) fail(status.error().message);
  };
  if (started_) call("stop", calls().stop);
  if (created_ && state() != PluginState::failed) call("destroy", calls().destroy);
  started_ = created_ = false;
  if (state() != PluginState::failed) state_.store(PluginState::stopped, std::memory_order_release);
}

void Instance::set_spec(PluginSpec spec) {
  required_ = spec.required;
  spec_ = std::move(spec);
}

void Instance::set_running() {
  auto expected = PluginState::loaded;
  state_.compare_exchange_strong(expected, PluginState::running);
}

void Instance::fail(const std::string& why) {
  const auto before = state_.exchange(PluginState::failed);
  if (before == PluginState::failed) return;
  {
    const std::lock_guard lock(mutex_);
    why_ = why;
  }
  log::error("plugin.failed", {{"plugin", name()}, {"required", required_.load()}, {"why", why}});
  if (core_.lanes_running.load(std::memory_order_acquire)) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      core_.lanes[i]->executor.post([this, i] { abandon(i); });
    }
  }
  if (before == PluginState::running && required_ && core_.services.on_fatal) {
    core_.services.on_fatal(name(), why);
  }
}

PluginReport Instance::report() const {
  PluginReport report;
  report.name = name_;
  report.required = required_;
  report.state = state();
  const std::lock_guard lock(mutex_);
  report.id = id_;
  report.version = version_;
  report.path = path_;
  report.config_keys = config_keys_;
  report.why = why_;
  return report;
}

bool Instance::watch_credentials(void (*changed)(void*, void*, sw_str, std::uint32_t), void* user) {
  if (!starting_ || credential_changed_ != nullptr) return false;
  credential_changed_ = changed;
  credential_changed_user_ = user;
  return true;
}

// The lanes end before their instances do, so the observer is not called for one that is gone.
void Instance::follow_credentials(std::size_t lane) {
  core_.services.accounts[lane]->observe_credentials([this, lane](const account::Credential& credential, bool gone) {
    auto& mine = lanes_[lane];
    enter(mine, "auth.watch", [&] {
      credential_changed_(credential_changed_user_, mine.state, str(credential.id), gone ? 0 : credential.permissions);
    });
  });
}

Status Instance::lane_start(std::size_t lane) {
  auto& mine = lanes_[lane];
  mine.phase = PluginLane::Phase::running;
  if (SW_HAS(&calls(), lane_start)) {
    Status status;
    const bool ran = enter(mine, "lane_start", [&] {
      status = control("lane_start", [&](sw_error* error) {
        return calls().lane_start(self_, static_cast<std::uint32_t>(lane), &mine.state, error);
      });
    });
    if (status && !ran) status = Error{Code::internal, "the plugin '" + name() + "' failed before lane_start"};
    if (!status) {
      mine.phase = PluginLane::Phase::stopped;
      return status;
    }
  }
  if (credential_changed_ != nullptr) follow_credentials(lane);
  for (auto& task : std::exchange(mine.early, {})) task();
  return {};
}

void Instance::lane_drain(std::size_t lane) {
  if (!SW_HAS(&calls(), lane_drain)) return;
  auto& mine = lanes_[lane];
  enter(mine, "lane_drain", [&] { calls().lane_drain(self_, static_cast<std::uint32_t>(lane), mine.state); });
}

void Instance::lane_close(std::size_t lane) {
  auto& mine = lanes_[lane];
  if (mine.phase != PluginLane::Phase::running) return;
  mine.phase = PluginLane::Phase::closing;
  auto* engine = core_.services.engine;
  if (engine == nullptr) return;
  std::vector<stream::FetchId> waiting;
  mine.lane->calls.for_each([&](const Call& call) {
    if (call.plugin == &mine && call.fetch != 0) waiting.push_back(call.fetch);
  });
  for (const auto fetch : waiting) engine->cancel_fetch(lane, fetch);
}

void Instance::lane_stop(std::size_t lane) {
  auto& mine = lanes_[lane];
  auto& context = *mine.lane;
  context.timers.for_each([&](Handle handle, const Timer& timer) {
    if (timer.owner != &mine) return;
    context.executor.cancel(timer.id);
    context.timers.release(handle);
  });
  abandon(lane);
  context.bus.drop(mine);
  if (mine.phase == PluginLane::Phase::running || mine.phase == PluginLane::Phase::closing) {
    if (SW_HAS(&calls(), lane_stop)) {
      enter(mine, "lane_stop", [&] { calls().lane_stop(self_, static_cast<std::uint32_t>(lane), mine.state); });
    }
  }
  mine.phase = PluginLane::Phase::stopped;
}

void Instance::abandon(std::size_t lane) {
  auto& mine = lanes_[lane];
  auto& context = *mine.lane;
  context.exchanges.for_each([&](Handle handle, Exchange& exchange) {
    if (exchange.owner != &mine) return;
    exchange.net.fail(503);
    exchange.clear(context.blocks);
    context.exchanges.release(handle);
  });
}

}  // namespace switchyard::plugin
