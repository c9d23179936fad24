#include "kernel/plugin/check_host.h"

#include <future>
#include <memory>

#include "kernel/account/accounts.h"
#include "kernel/net/lane.h"
#include "kernel/plugin/host.h"
#include "kernel/plugin/router.h"

namespace switchyard::plugin {
namespace {

constexpr char kNamespace[] = "check";
constexpr int kWaitMs = 10'000;

// Everything that a plugin can ask for, made in the order in which it depends on each other.
struct SmallServer {
  SystemClock clock;
  std::unique_ptr<journal::FileSystem> files = journal::make_posix_file_system();
  net::LaneGroup lanes;
  stream::Engine engine;
  account::Sealer sealer{account::SealingKey::random()};
  std::unique_ptr<account::Accounts> accounts;
  Router router;
  MetricRegistry metrics;
  Services services;

  SmallServer(const std::string& folder, std::size_t lane_count)
      : lanes(clock, lane_count), engine(*files, clock, options(folder, lane_count)) {}

  static stream::EngineOptions options(const std::string& folder, std::size_t lane_count) {
    stream::EngineOptions options;
    options.journal.directory = folder + "/journal";
    options.store_directory = folder + "/store";
    options.lanes = lane_count;
    return options;
  }

  Status open() {
    journal::RecoveryReport report;
    if (auto status = engine.open(report); !status) return status;
    for (std::size_t i = 0; i < lanes.size(); ++i) services.lanes.push_back(&lanes[i]);
    accounts = std::make_unique<account::Accounts>(engine.kv(), sealer, clock, services.lanes);
    accounts->attach();
    services.engine = &engine;
    services.kv = &engine.kv();
    for (std::size_t i = 0; i < lanes.size(); ++i) services.accounts.push_back(&accounts->view(i));
    services.administration = accounts.get();
    services.router = &router;
    services.metrics = &metrics;
    services.version = "check";
    lanes.start();
    engine.start(services.lanes);
    return make_namespace();
  }

  Status make_namespace() {
    account::NewNamespace wanted;
    wanted.name = kNamespace;
    wanted.account_id = "000000000000";
    std::promise<Status> made;
    lanes[0].post([&] {
      accounts->create_namespace(0, wanted, [&](Result<account::Namespace> result) {
        made.set_value(result ? Status{} : Status(result.error()));
      });
    });
    return made.get_future().get();
  }

  void close() {
    engine.stop();
    lanes.stop();
  }
};

Status first_failure(const Host& host) {
  for (const auto& report : host.plugins()) {
    if (report.state == PluginState::failed) return Error{Code::internal, report.why};
  }
  return {};
}

// A refusal is an answer; an exception that crossed the line is not.
Status offer_odd_sections(Host& host, PluginSpec spec, const std::vector<std::string>& sections) {
  for (const auto& section : sections) {
    spec.section = section;
    const auto status = host.reconfigure({spec});
    if (!status && status.error().message.find(" threw in ") != std::string::npos) return status;
    if (auto failure = first_failure(host); !failure) return failure;
  }
  return {};
}

Status live(Host& host, const PluginSpec& spec, const std::vector<std::string>& odd_sections) {
  if (auto status = host.load({spec}); !status) return status;
  if (auto status = host.start(); !status) return status;
  if (auto status = offer_odd_sections(host, spec, odd_sections); !status) return status;
  if (auto status = host.reconfigure({spec}); !status) return status;
  host.drain();
  return {};
}

}  // namespace

Status run_lifecycle(const std::string& folder, const std::string& file, const std::string& name,
                     const std::string& section, std::size_t lanes, const std::vector<std::string>& odd_sections) {
  if (folder.empty())
    return Error{Code::io, "no temporary folder could be made; set TMPDIR to one that can be written"};
  SmallServer server(folder, lanes);
  if (auto status = server.open(); !status) return status;
  PluginSpec spec;
  spec.name = name;
  spec.path = file;
  spec.required = true;
  spec.section = section;
  spec.anonymous_namespace = kNamespace;
  Status status;
  {
    Host host(server.services, {});
    status = live(host, spec, odd_sections);
    host.stop(server.clock.mono_ms() + kWaitMs);
    if (status) status = first_failure(host);
    server.close();
  }
  return status;
}

}  // namespace switchyard::plugin
