#include "kernel/plugin/check_server.h"

#include <future>

namespace switchyard::plugin {
namespace {

stream::EngineOptions engine_options(const std::string& folder, std::size_t lane_count) {
  stream::EngineOptions options;
  options.journal.directory = folder + "/journal";
  options.store_directory = folder + "/store";
  options.lanes = lane_count;
  return options;
}

}  // namespace

SmallServer::SmallServer(const std::string& folder, std::size_t lane_count)
    : lanes(clock, lane_count), engine(*files, clock, engine_options(folder, lane_count)) {}

Status SmallServer::open() {
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
  bus = std::make_unique<bus::Bus>(services.lanes);
  streams = std::make_unique<net::ByteServer>(lanes);
  services.bus = bus.get();
  services.streams = streams.get();
  services.metrics = &metrics;
  services.version = "check";
  lanes.start();
  engine.start(services.lanes);
  return make_namespace();
}

Status SmallServer::make_namespace() {
  account::NewNamespace wanted;
  wanted.name = kNamespace;
  wanted.style = account::Style::account;
  wanted.account_id = "000000000000";
  std::promise<Status> made;
  lanes[0].post([&] {
    accounts->create_namespace(0, wanted, [&](Result<account::Namespace> result) {
      made.set_value(result ? Status{} : Status(result.error()));
    });
  });
  return made.get_future().get();
}

void SmallServer::close() {
  engine.stop();
  streams.reset();
  lanes.stop();
}

Status first_failure(const Host& host) {
  for (const auto& report : host.plugins()) {
    if (report.state == PluginState::failed) return Error{Code::internal, report.why};
  }
  return {};
}

}  // namespace switchyard::plugin
