// Settings is the whole configuration as the server uses it: parsed, checked, with defaults filled in.
//
// config_*.h makes one from YAML, conf.d and --set; server.h runs with it.  Names follow the keys.
//
// Thread: plain values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/account/bootstrap.h"
#include "kernel/account/types.h"
#include "kernel/base/log.h"
#include "kernel/journal/journal.h"
#include "kernel/net/http.h"
#include "kernel/plugin/host.h"

namespace switchyard::server {

struct StorageSettings {
  std::uint32_t segment_bytes = 64u << 20;  // storage.segment_size: segments double up to here from 1 MiB.
  std::uint32_t reserve_bytes = 4u << 20;   // storage.reserve
  journal::OnDamage on_damage = journal::OnDamage::refuse;
  std::uint32_t checkpoint_interval_ms = 5'000;
  std::uint64_t checkpoint_bytes = 256u << 20;
  std::uint64_t tail_cache_bytes = 16u << 20;  // Per lane.
  std::uint32_t resident_chunks = 4'096;       // Per lane.
  friend bool operator==(const StorageSettings&, const StorageSettings&) = default;
};

struct HttpSettings {
  std::string listen = "127.0.0.1:9324";
  std::string public_url;
  std::string control_listen;  // Own listener of the control API; empty = none.
  net::HttpLimits limits;
};

struct TlsSettings {  // Empty certificate = plain HTTP.
  std::string certificate, key, client_ca;
};

struct Settings {
  bool dev = false;
  std::string data_dir = "/var/lib/switchyard";
  std::string region = "us-east-1";
  std::uint32_t lanes = 0;  // 0 = auto: one less than the processors, at least one.
  std::string sealing_key;  // Reference; empty = made in the data folder.
  log::Level log_level = log::Level::info;
  StorageSettings storage;
  HttpSettings http;
  TlsSettings tls;
  account::LimitDefaults limits;
  std::vector<std::string> plugin_dirs;     // Empty = the loader's own.
  std::vector<plugin::PluginSpec> plugins;  // Enabled ones, in the order they are loaded.
  std::vector<account::DeclaredNamespace> bootstrap;
};

}  // namespace switchyard::server
