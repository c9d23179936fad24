#include "kernel/server/wiring.h"

#include <algorithm>
#include <thread>

#include "kernel/server/yaml_tree.h"

namespace switchyard::server {

std::size_t lane_count(std::uint32_t wanted) {
  if (wanted != 0) return wanted;
  const auto processors = std::thread::hardware_concurrency();
  return processors > 1 ? processors - 1 : 1;
}

stream::EngineOptions engine_options(const Settings& settings, const DataFolder& folder, const SipKey& secret) {
  stream::EngineOptions options;
  options.journal.directory = folder.journal();
  options.journal.first_segment_bytes = std::min(1u << 20, settings.storage.segment_bytes);
  options.journal.max_segment_bytes = settings.storage.segment_bytes;
  options.journal.reserve_bytes = settings.storage.reserve_bytes;
  options.journal.on_damage = settings.storage.on_damage;
  options.store_directory = folder.store();
  options.lanes = lane_count(settings.lanes);
  options.checkpoint_interval_ms = settings.storage.checkpoint_interval_ms;
  options.checkpoint_bytes = settings.storage.checkpoint_bytes;
  options.tail_cache_bytes = settings.storage.tail_cache_bytes;
  options.resident_chunks = settings.storage.resident_chunks;
  options.secret = secret;
  return options;
}

Result<std::shared_ptr<net::TlsContext>> load_tls(const TlsSettings& settings) {
  if (settings.certificate.empty()) return std::shared_ptr<net::TlsContext>();
  return net::TlsContext::load({settings.certificate, settings.key, settings.client_ca});
}

plugin::HostSettings host_settings(const Settings& settings) {
  plugin::HostSettings out{settings.limits, settings.http.public_url};
  for (const auto& spec : settings.plugins) {
    if (spec.name != "nats") continue;
    const auto section = parse_yaml(spec.section, "plugins.nats");
    const auto* url = section && section->is_map() ? section->find("public_url") : nullptr;
    if (url != nullptr && url->is_scalar()) out.nats_public_url = url->text;
  }
  return out;
}

}  // namespace switchyard::server
