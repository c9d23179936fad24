#include "tests/unit/plugin/host_rig.h"

#include <unistd.h>

#include <chrono>
#include <thread>

namespace switchyard::plugin::test {
namespace {

// Whose create() comes next: the host gives create() nothing to tell plugins apart by.
std::deque<LinkedPlugin*>& awaited() {
  static std::deque<LinkedPlugin*> list;
  return list;
}

LinkedPlugin& self_of(void* self) { return *static_cast<LinkedPlugin*>(self); }

sw_status create(const sw_host* host, void** self, sw_error* error) {
  auto* plugin = awaited().front();
  awaited().pop_front();
  plugin->host = host;
  *self = plugin;
  return plugin->on_create ? plugin->on_create(error) : SW_OK;
}
sw_status configure(void* self, sw_str json, std::uint32_t dry_run, sw_error* error) {
  auto& plugin = self_of(self);
  return plugin.on_configure ? plugin.on_configure({json.data, json.len}, dry_run != 0, error) : SW_OK;
}
sw_status start(void* self, sw_error* error) { return self_of(self).on_start ? self_of(self).on_start(error) : SW_OK; }
sw_status lane_start(void* self, std::uint32_t lane, void** state, sw_error* error) {
  return self_of(self).on_lane_start ? self_of(self).on_lane_start(lane, state, error) : SW_OK;
}
void lane_stop(void* self, std::uint32_t lane, void* state) {
  if (self_of(self).on_lane_stop) self_of(self).on_lane_stop(lane, state);
}
void lane_drain(void* self, std::uint32_t lane, void* state) {
  if (self_of(self).on_lane_drain) self_of(self).on_lane_drain(lane, state);
}
void stop(void* self) {
  if (self_of(self).on_stop) self_of(self).on_stop();
}
void destroy(void* self) {
  if (self_of(self).on_destroy) self_of(self).on_destroy();
}

std::int32_t match(void* self, void*, const sw_http_request* request) {
  return self_of(self).on_match(request) ? 1 : 0;
}
void handle(void* self, void* state, sw_http_exchange* exchange, const sw_http_request* request) {
  self_of(self).on_request(state, exchange, request);
}

template <class T>
T wait_for(std::future<T> future) {
  if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
    ADD_FAILURE() << "no answer within a minute";
    std::abort();
  }
  return future.get();
}

}  // namespace

LinkedPlugin::LinkedPlugin(std::string n) : name(std::move(n)) {
  info = {sizeof info, 0, "test.linked", name.c_str(), "1.2.3", "test", "Apache-2.0", "a test", nullptr, nullptr, "{}"};
  calls = {sizeof calls, 0, create, configure, start, lane_start, lane_stop, lane_drain, stop, destroy, nullptr};
  entry = {sizeof entry, SW_ABI_GENERATION, SW_ABI_REVISION, 1, &info, &calls};
}

PluginSpec LinkedPlugin::spec() {
  PluginSpec spec;
  spec.name = name;
  spec.linked = &entry;
  awaited().push_back(this);
  return spec;
}

sw_status LinkedPlugin::route(const std::string& method, const std::string& pattern, std::int32_t priority,
                              bool with_match, sw_error* error) {
  const sw_http_handler handler = {sizeof handler, 0, with_match ? match : nullptr, handle};
  return table<sw_http_api>(SW_EXT_HTTP)->route(host, str(method), str(pattern), priority, &handler, error);
}

void LinkedPlugin::answer(sw_http_exchange* exchange, std::uint32_t status, const std::string& body) {
  table<sw_http_api>(SW_EXT_HTTP)->respond(exchange, status, nullptr, 0, bytes(body));
}

HostRig::HostRig(std::size_t lane_count) : sealer(account::SealingKey::random()), lane_count_(lane_count) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  folder = std::filesystem::temp_directory_path() /
           ("switchyard-plugin-" + std::string(test->name()) + "-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  open();
}

HostRig::~HostRig() {
  close();
  awaited().clear();
  std::filesystem::remove_all(folder);
}

void HostRig::open() {
  files = journal::make_posix_file_system();
  stream::EngineOptions options;
  options.journal.directory = folder / "journal";
  options.store_directory = folder / "store";
  options.lanes = lane_count_;
  options.secret = {1, 2};
  lanes = std::make_unique<net::LaneGroup>(clock, lane_count_);
  engine = std::make_unique<stream::Engine>(*files, clock, options);
  journal::RecoveryReport report;
  const auto status = engine->open(report);
  EXPECT_TRUE(status.ok()) << status.error().message;
  services = {};
  for (std::size_t i = 0; i < lane_count_; ++i) services.lanes.push_back(&(*lanes)[i]);
  accounts = std::make_unique<account::Accounts>(engine->kv(), sealer, clock, services.lanes);
  accounts->attach();
  quotas = std::make_unique<quota::Quotas>(account::LimitDefaults{}, nullptr);
  quotas->attach(accounts->view(0));
  router = std::make_unique<Router>();
  metrics = std::make_unique<MetricRegistry>();
  bus = std::make_unique<bus::Bus>(services.lanes);
  streams = std::make_unique<net::ByteServer>(*lanes);
  services.bus = bus.get();
  services.streams = streams.get();
  services.engine = engine.get();
  services.kv = &engine->kv();
  for (std::size_t i = 0; i < lane_count_; ++i) services.accounts.push_back(&accounts->view(i));
  services.administration = accounts.get();
  services.quotas = quotas.get();
  services.router = router.get();
  services.metrics = metrics.get();
  services.version = "9.9";
  services.token_secret = {3, 4};
  services.on_fatal = [this](const std::string& plugin, const std::string& why) { fatal = plugin + ": " + why; };
}

void HostRig::close() {
  stop();
  if (engine_runs_) engine->stop();
  if (lanes->running()) lanes->stop();
  engine_runs_ = false;
  http.reset();
  host.reset();
  streams.reset();
  bus.reset();
  router.reset();
  quotas.reset();
  accounts.reset();
  engine.reset();
  lanes.reset();
}

void HostRig::restart() {
  close();
  open();
}

Status HostRig::load(std::vector<PluginSpec> specs) {
  host = std::make_unique<Host>(services, loader);
  return host->load(specs);
}

void HostRig::start_lanes() {
  if (engine_runs_) return;
  lanes->start();
  engine->start(services.lanes);
  engine_runs_ = true;
}

Status HostRig::start() {
  start_lanes();
  host_runs = true;
  return host->start();
}

void HostRig::listen() {
  http = std::make_unique<net::HttpServer>(*lanes, *router);
  auto bound = http->listen({"127.0.0.1:0", nullptr, 0660});
  ASSERT_TRUE(bound.ok()) << bound.error().message;
  listening = *bound;
}

void HostRig::run(const std::vector<LinkedPlugin*>& plugins, const std::function<void(PluginSpec&)>& edit) {
  std::vector<PluginSpec> specs;
  for (auto* plugin : plugins) {
    specs.push_back(plugin->spec());
    if (edit) edit(specs.back());
  }
  const auto loaded = load(specs);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const auto started = start();
  ASSERT_TRUE(started.ok()) << started.error().message;
  listen();
}

void HostRig::stop() {
  if (!host_runs) return;
  host_runs = false;
  if (http) {
    std::promise<void> closed;
    http->drain(clock.mono_ms(), [&closed] { closed.set_value(); });
    wait_for(closed.get_future());
  }
  // Time stands still, so a stop() that waits for ever is ended by moving it.
  auto stopped = std::async(std::launch::async, [this] { host->stop(clock.mono_ms() + 60'000); });
  if (stopped.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
    ADD_FAILURE() << "the host waits for a call that does not end";
    clock.advance_ms(120'000);
  }
  stopped.get();
}

void HostRig::on_lane(LinkedPlugin& plugin, const std::function<void(void*)>& task, std::uint32_t lane) {
  struct Run {
    const std::function<void(void*)>& task;
    std::promise<void> ended;
  } run{task, {}};
  plugin.table<sw_clock_api>(SW_EXT_CLOCK)
      ->post(
          plugin.host, lane,
          [](void* user, void* state) {
            auto* r = static_cast<Run*>(user);
            // Also when the task throws, which is what some tests are about.
            const std::unique_ptr<Run, void (*)(Run*)> end(r, [](Run* it) { it->ended.set_value(); });
            r->task(state);
          },
          &run);
  wait_for(run.ended.get_future());
}

bool HostRig::eventually(const std::function<bool()>& reached) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!reached()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    lanes->run_on_all([](net::Lane&) {});
  }
  return true;
}

void HostRig::advance_ms(std::int64_t ms) {
  clock.advance_ms(ms);
  for (std::size_t i = 0; i < lane_count_; ++i) (*lanes)[i].kick();
}

account::Namespace HostRig::make_namespace(const std::string& name, const std::string& account_id) {
  start_lanes();
  account::NewNamespace wanted;
  wanted.name = name;
  wanted.style = account::Style::account;
  wanted.account_id = account_id;
  std::promise<Result<account::Namespace>> answer;
  (*lanes)[0].post([&] {
    accounts->create_namespace(0, wanted, [&](Result<account::Namespace> r) { answer.set_value(std::move(r)); });
  });
  auto result = wait_for(answer.get_future());
  EXPECT_TRUE(result.ok());
  return *result;
}

account::Credential HostRig::make_credential(const account::Namespace& ns, const std::string& access_key,
                                             const std::string& secret) {
  account::NewCredential wanted;
  wanted.namespace_id = ns.id;
  wanted.name = "worker";
  wanted.access_key = access_key;
  wanted.secret = account::Secret(std::string(secret));
  wanted.permissions = account::kMayPublish;
  std::promise<Result<account::Credential>> answer;
  (*lanes)[0].post([&] {
    accounts->create_credential(0, wanted, [&](Result<account::Credential> r) { answer.set_value(std::move(r)); });
  });
  auto result = wait_for(answer.get_future());
  EXPECT_TRUE(result.ok());
  return *result;
}

sw_str str(std::string_view t) { return {t.data(), t.size()}; }
sw_bytes bytes(std::string_view t) { return {reinterpret_cast<const std::uint8_t*>(t.data()), t.size()}; }
std::string text(sw_str s) { return std::string(s.data, s.len); }
std::string text(sw_bytes b) { return std::string(reinterpret_cast<const char*>(b.data), b.len); }

sw_namespace* anonymous_handle(const LinkedPlugin& plugin) {
  const sw_principal* principal = nullptr;
  EXPECT_EQ(plugin.table<sw_auth_api>(SW_EXT_AUTH)->anonymous(plugin.host, &principal), SW_OK);
  return principal == nullptr ? nullptr : principal->ns;
}

}  // namespace switchyard::plugin::test
