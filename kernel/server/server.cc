#include "kernel/server/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <csignal>
#include <future>
#include <optional>
#include <utility>

#include "kernel/account/accounts.h"
#include "kernel/account/bootstrap.h"
#include "kernel/account/key_file.h"
#include "kernel/account/reseal.h"
#include "kernel/base/log.h"
#include "kernel/plugin/router.h"
#include "kernel/quota/quotas.h"
#include "kernel/server/data_folder.h"
#include "kernel/server/dev_admin.h"
#include "kernel/server/dev_env.h"
#include "kernel/server/endpoints.h"
#include "kernel/server/server_metrics.h"
#include "kernel/server/version.h"
#include "kernel/server/wiring.h"
#include "kernel/stream/engine.h"

namespace switchyard::server {
namespace {

// The second that the HTTP server is asked for; the first is for everything else.
constexpr int kControlListener = 1;

// Thousands of parked requests are thousands of descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("server.descriptor_limit_kept");
}

// Starts an asynchronous call from the control thread and waits for its one answer.
template <class T>
T wait_for(const std::function<void(std::function<void(T)>)>& call) {
  // Shared: the waiter may be gone before set_value() has returned on the lane.
  const auto answer = std::make_shared<std::promise<T>>();
  call([answer](T value) { answer->set_value(std::move(value)); });
  return answer->get_future().get();
}

}  // namespace

struct Server::Impl {
  explicit Impl(Settings s) : settings(std::move(s)), lanes(clock, lane_count(settings.lanes)) {}

  Status open_storage();
  Status open_accounts();
  Status load_plugins();
  void add_dev_admin(Settings& to);
  Status apply_accounts();
  Status rotate_key();
  Status listen();
  Status write_dev_env();
  std::vector<std::string> not_ready() const;
  Status judge(const Settings& next);
  void warn_of_restart(const Settings& next) const;

  Settings settings;
  SystemClock clock;
  std::optional<DataFolder> folder;
  SipKey secret{};
  std::optional<account::SealingKey> sealing_key;  // From the folder's opening until the sealer has it.
  std::unique_ptr<journal::FileSystem> files = journal::make_posix_file_system();
  MetricRegistry metrics;
  net::LaneGroup lanes;
  std::vector<Executor*> executors;
  std::unique_ptr<stream::Engine> engine;
  std::unique_ptr<bus::Bus> bus;
  std::unique_ptr<account::Sealer> sealer;
  std::unique_ptr<account::Accounts> accounts;
  std::unique_ptr<quota::Quotas> quotas;
  plugin::Router router;
  std::unique_ptr<net::ByteServer> streams;  // Outlives the plugins whose connections it has.
  std::unique_ptr<plugin::Host> host;
  Health health;
  std::unique_ptr<net::HttpServer> http;
  std::shared_ptr<net::TlsContext> tls;
  std::vector<account::DevAccount> dev_accounts;
  std::optional<DevAdmin> dev_admin;  // When dev mode made one.
  std::string http_address;
  std::string control_address;  // The same unless the control API has its own.
  std::atomic<bool> started{false};
  std::atomic<bool> failed{false};
  bool engine_started = false;
};

Server::Server(Settings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Server::~Server() { stop(0); }

// ---- start -------------------------------------------------------------------------------------

Status Server::Impl::open_storage() {
  auto opened = DataFolder::open(settings.data_dir);
  if (!opened) return Error(opened.error());
  folder.emplace(std::move(*opened));
  auto key = folder->secret();
  if (!key) return Error(key.error());
  secret = *key;
  // Before the journal and the store are made: who finds them without a key knows that it was lost.
  auto seal = account::load_sealing_key(settings.sealing_key, settings.data_dir, !folder->has_data());
  if (!seal) return Error(seal.error());
  sealing_key.emplace(std::move(*seal));
  const auto began = clock.mono_ms();
  engine = std::make_unique<stream::Engine>(*files, clock, engine_options(settings, *folder, secret));
  journal::RecoveryReport report;
  if (auto status = engine->open(report); !status) return status;
  log::info("storage.opened", {{"data_dir", settings.data_dir},
                               {"messages", engine->stats().messages},
                               {"replayed_batches", report.replayed_batches},
                               {"replayed_bytes", report.replayed_bytes},
                               {"dropped_tail_bytes", report.dropped_tail_bytes},
                               {"took_ms", clock.mono_ms() - began}});
  for (const auto& damage : report.damage) {
    log::error("storage.damage", {{"segment", damage.segment}, {"offset", damage.offset}, {"what", damage.what}});
  }
  return {};
}

Status Server::Impl::open_accounts() {
  const auto path = account::sealing_key_path(settings.sealing_key, settings.data_dir);
  auto next = account::load_next_key(*path);
  if (!next) return Error(next.error());
  sealer = std::make_unique<account::Sealer>(std::move(*sealing_key), std::move(*next));
  sealing_key.reset();
  accounts = std::make_unique<account::Accounts>(engine->kv(), *sealer, clock, executors);
  accounts->attach();
  // Stored bytes are counted by the stream room; how many are allowed is the account's.
  quotas = std::make_unique<quota::Quotas>(
      settings.limits, [this](account::NamespaceNumber number, std::optional<std::uint64_t> max_stored_bytes) {
        if (!max_stored_bytes) return engine->forget_usage(number);
        engine->usage(number)->max_stored_bytes = static_cast<std::int64_t>(*max_stored_bytes);
      });
  quotas->attach(accounts->view(0));
  return accounts->view(0).check_sealing();
}

// Both at start and at reload, before a section is judged.
void Server::Impl::add_dev_admin(Settings& to) {
  if (!to.dev) return;
  for (auto& spec : to.plugins) {
    if (spec.name == "control" && give_dev_admin(spec, derive_dev_admin(secret))) dev_admin = derive_dev_admin(secret);
  }
}

Status Server::Impl::load_plugins() {
  plugin::Services services;
  services.lanes = executors;
  services.engine = engine.get();
  services.kv = &engine->kv();
  for (std::size_t i = 0; i < lanes.size(); ++i) services.accounts.push_back(&accounts->view(i));
  services.administration = accounts.get();
  services.quotas = quotas.get();
  services.router = &router;
  services.bus = bus.get();
  services.streams = streams.get();
  services.metrics = &metrics;
  services.settings = host_settings(settings);
  services.version = kVersion;
  services.token_secret = secret;
  services.request_memory_bytes = 4 * settings.http.limits.max_body_bytes;
  services.on_fatal = [this](const std::string& name, const std::string& why) {
    log::error("plugin.required_failed", {{"plugin", name}, {"why", why}});
    failed = true;
    ::kill(::getpid(), SIGTERM);
  };
  plugin::LoaderOptions loader;
  loader.folders = settings.plugin_dirs.empty() ? plugin::default_folders() : settings.plugin_dirs;
  host = std::make_unique<plugin::Host>(std::move(services), std::move(loader));
  add_dev_admin(settings);
  return host->load(settings.plugins);
}

Status Server::Impl::apply_accounts() {
  auto swept =
      wait_for<Status>([&](auto done) { executors[0]->post([this, done] { accounts->sweep_orphans(0, done); }); });
  if (!swept) return swept;
  if (!settings.bootstrap.empty()) {
    auto report = wait_for<Result<account::BootstrapReport>>([&](auto done) {
      executors[0]->post([this, done] { account::apply_bootstrap(*accounts, 0, settings.bootstrap, done); });
    });
    if (!report) return Error(report.error());
    for (const auto& name : report->created) log::info("account.created", {{"what", name}});
    for (const auto& name : report->updated) log::info("account.updated", {{"what", name}});
    for (const auto& name : report->kept) log::warn("account.no_longer_declared", {{"what", name}});
  }
  if (!settings.dev) return {};
  // One ready namespace per protocol that a running plugin speaks.
  std::vector<account::Protocol> protocols;
  for (const auto& p : host->plugins()) {
    if (p.name == "sqs") protocols.push_back(account::Protocol::sqs_sns);
  }
  auto made = wait_for<Result<std::vector<account::DevAccount>>>([&](auto done) {
    executors[0]->post([this, protocols, done] { account::ensure_dev_accounts(*accounts, 0, protocols, done); });
  });
  if (!made) return Error(made.error());
  dev_accounts = std::move(*made);
  return {};
}

// Does what `switchyard rotate-key` asked for, if it did.  A failure keeps both keys, and the next try goes on.
Status Server::Impl::rotate_key() {
  const auto path = account::sealing_key_path(settings.sealing_key, settings.data_dir);
  if (!path) return Error(path.error());
  auto next = account::load_next_key(*path);
  if (!next) return Error(next.error());
  if (!*next) return {};
  sealer->begin_rotation(**next);
  const auto sealed = wait_for<Result<std::uint64_t>>(
      [&](auto done) { executors[0]->post([this, done] { account::reseal(*accounts, done); }); });
  if (!sealed) return Error(sealed.error());
  if (auto status = account::adopt_next_key(*path); !status) return status;
  sealer->end_rotation();
  log::info("sealing_key.rotated", {{"key_id", sealer->key().id_text()}, {"sealed_again", *sealed}});
  return {};
}

Status Server::Impl::listen() {
  http = std::make_unique<net::HttpServer>(lanes, router, net::HttpOptions{settings.http.limits, {}});
  const bool own_control = !settings.http.control_listen.empty();
  if (own_control) router.reserve("/mnq", kControlListener);
  auto listening = http->listen({settings.http.listen, tls});
  if (!listening) return Error(listening.error());
  http_address = control_address = listening->address;
  if (own_control) {
    auto control = http->listen({settings.http.control_listen, tls});
    if (!control) return Error(control.error());
    assert(control->listener == kControlListener);
    control_address = control->address;
    log::info("http.listening", {{"address", control->address}, {"for", "control"}});
  }
  log::info("http.listening", {{"address", http_address}, {"tls", tls != nullptr}});
  return {};
}

Status Server::Impl::write_dev_env() {
  if (!settings.dev) return {};
  DevEnvironment environment;
  const std::string scheme = tls ? "https://" : "http://";
  environment.http_url = scheme + http_address;
  if (!control_address.starts_with("unix:")) environment.control_url = scheme + control_address;
  environment.region = settings.region;
  environment.accounts = dev_accounts;
  for (const auto& p : host->plugins()) {
    if (p.state != plugin::PluginState::running) continue;
    if (p.name == "sqs") environment.sqs = true;
    if (p.name == "control") environment.admin = dev_admin;
  }
  return write_file(settings.data_dir + "/dev.env", render_dev_env(environment, ::getpid()), 0600);
}

std::vector<std::string> Server::Impl::not_ready() const {
  std::vector<std::string> reasons;
  if (!started) reasons.emplace_back("starting or stopping");
  if (!engine->healthy()) reasons.emplace_back("storage: a write could not be synced; restart after checking the disk");
  for (const auto& p : host->plugins()) {
    if (p.state != plugin::PluginState::running) {
      reasons.push_back("plugin " + p.name + ": " + std::string(plugin::state_name(p.state)) +
                        (p.why.empty() ? "" : ", " + p.why));
    }
  }
  return reasons;
}

Status Server::start() {
  auto& s = *impl_;
  const auto began = s.clock.mono_ms();
  raise_descriptor_limit();
  // Before anything is made: a start that the configuration alone forbids leaves no folder behind.
  auto context = load_tls(s.settings.tls);
  if (!context) return Error(context.error());
  s.tls = std::move(*context);
  for (std::size_t i = 0; i < s.lanes.size(); ++i) s.executors.push_back(&s.lanes[i]);
  s.bus = std::make_unique<bus::Bus>(s.executors);
  s.streams = std::make_unique<net::ByteServer>(s.lanes);
  for (const auto step : {&Impl::open_storage, &Impl::open_accounts, &Impl::load_plugins}) {
    if (auto status = (s.*step)(); !status) return status;
  }
  s.health = {&s.lanes, &s.clock, [&s] { return s.not_ready(); }, &s.metrics};
  if (auto status = add_endpoints(s.router, s.health); !status) return status;
  register_server_metrics(s.metrics, *s.engine, [&s] { return s.http ? s.http->stats() : net::HttpStats{}; });
  register_connection_metrics(s.metrics, [&s] { return s.streams ? s.streams->stats() : net::ByteStats{}; });
  s.lanes.start();
  s.engine->start(s.executors);
  s.engine_started = true;
  if (auto status = s.apply_accounts(); !status) return status;
  rotate_key();
  if (auto status = s.host->start(); !status) return status;
  if (auto status = s.listen(); !status) return status;
  if (auto status = s.write_dev_env(); !status) return status;
  s.started = true;
  log::info("server.ready", {{"version", kVersion},
                             {"lanes", s.lanes.size()},
                             {"http", s.http_address},
                             {"took_ms", s.clock.mono_ms() - began}});
  return {};
}

std::string Server::ready_text() const {
  std::string text = "http=" + impl_->http_address;
  for (const auto& [name, address] : impl_->host->listening()) text += " " + name + "=" + address;
  return text;
}

// ---- reload and stop ---------------------------------------------------------------------------

// Everything that can refuse, before anything changes.
Status Server::Impl::judge(const Settings& next) {
  if (tls && !next.tls.certificate.empty()) {
    if (const auto context = load_tls(next.tls); !context) return Error(context.error());
  }
  return wait_for<Status>([&](auto done) {
    executors[0]->post([this, &next, done] { done(account::check_bootstrap(*accounts, 0, next.bootstrap)); });
  });
}

void Server::Impl::warn_of_restart(const Settings& next) const {
  const auto changed = [](std::string_view key, bool differs) {
    if (differs) log::warn("config.needs_restart", {{"key", key}});
  };
  const auto& now = settings;
  changed("data_dir", next.data_dir != now.data_dir);
  changed("region", next.region != now.region);
  changed("lanes", next.lanes != now.lanes);
  changed("sealing_key", next.sealing_key != now.sealing_key);
  changed("plugin_dirs", next.plugin_dirs != now.plugin_dirs);
  changed("storage", next.storage != now.storage);
  changed("http.listen", next.http.listen != now.http.listen);
  changed("http.control_listen", next.http.control_listen != now.http.control_listen);
  changed("tls", next.tls.certificate.empty() != now.tls.certificate.empty());
}

Status Server::reload(Settings next) {
  auto& s = *impl_;
  s.add_dev_admin(next);
  if (auto status = s.judge(next); !status) return status;
  if (auto status = s.host->reconfigure(next.plugins); !status) return status;
  if (s.tls && !next.tls.certificate.empty()) {
    if (auto status = s.tls->reload({next.tls.certificate, next.tls.key, next.tls.client_ca}); !status) {
      // The files changed since they were judged.  The plugins get their old sections back.
      if (auto undone = s.host->reconfigure(s.settings.plugins); !undone) {
        log::error("config.undo_failed", {{"why", undone.error().message}});
      }
      return status;
    }
  }
  s.host->apply(host_settings(next));
  s.http->set_limits(next.http.limits);
  log::set_level(next.log_level);
  s.warn_of_restart(next);
  s.settings.plugins = next.plugins;
  s.settings.tls = next.tls;
  s.settings.limits = next.limits;
  s.settings.http.public_url = next.http.public_url;
  s.settings.http.limits = next.http.limits;
  s.settings.bootstrap = next.bootstrap;
  wait_for<bool>([&s](auto done) {
    s.executors[0]->post([&s, done] {
      s.quotas->set_defaults(s.settings.limits);
      done(true);
    });
  });
  return s.apply_accounts();
}

void Server::rotate_key() {
  const auto status = impl_->rotate_key();
  if (status) return;
  log::error("sealing_key.rotation_failed",
             {{"why", status.error().message}, {"kept", "both keys"}, {"do", "repair it, then SIGHUP or restart"}});
}

bool Server::failed() const { return impl_->failed; }

void Server::stop(std::int64_t grace_ms) {
  auto& s = *impl_;
  s.started = false;
  const auto began = s.clock.mono_ms();
  const auto deadline = began + grace_ms;
  if (s.http && s.lanes.running()) {
    if (s.host) s.host->drain();
    const auto drained = std::make_shared<std::promise<void>>();
    s.http->drain(deadline, [drained] { drained->set_value(); });
    drained->get_future().wait();
  }
  if (s.host) s.host->stop(deadline);
  s.host.reset();
  s.streams.reset();
  s.http.reset();
  if (s.engine_started) {
    s.engine->stop();
    s.engine_started = false;
    log::info("server.stopped", {{"took_ms", s.clock.mono_ms() - began}});
  }
  s.lanes.stop();
}

}  // namespace switchyard::server
