// SmallServer is what `plugin check` runs a plugin on: a real engine in an empty folder, lanes, accounts,
// a router, one namespace called "check"; no listener but those that the plugin makes.
//
// Failure: open() says what could not be made.
//
// Thread: [control]; starts and ends threads of its own.
#pragma once
#include <memory>
#include <string>

#include "kernel/account/accounts.h"
#include "kernel/net/lane.h"
#include "kernel/plugin/host.h"
#include "kernel/plugin/router.h"

namespace switchyard::plugin {

// Everything that a plugin can ask for, made in the order in which it depends on each other.
struct SmallServer {
  static constexpr char kNamespace[] = "check";

  SystemClock clock;
  std::unique_ptr<journal::FileSystem> files = journal::make_posix_file_system();
  net::LaneGroup lanes;
  stream::Engine engine;
  account::Sealer sealer{account::SealingKey::random()};
  std::unique_ptr<account::Accounts> accounts;
  std::unique_ptr<bus::Bus> bus;
  std::unique_ptr<net::ByteServer> streams;
  Router router;
  MetricRegistry metrics;
  Services services;

  SmallServer(const std::string& folder, std::size_t lane_count);
  Status open();
  void close();

 private:
  Status make_namespace();
};

// What became of the first plugin that failed.
Status first_failure(const Host& host);

}  // namespace switchyard::plugin
