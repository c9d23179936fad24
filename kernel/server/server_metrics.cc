#include "kernel/server/server_metrics.h"

#include <utility>

#include "kernel/server/version.h"

namespace switchyard::server {
namespace {

using Kind = MetricRegistry::Kind;

void journal_metrics(MetricRegistry& metrics, const stream::Engine& engine) {
  auto& journal = const_cast<stream::Engine&>(engine).journal();
  const auto add = [&](Kind kind, const char* name, const char* help, auto member) {
    metrics.observe(kind, name, help, [&journal, member] { return static_cast<double>(journal.stats().*member); });
  };
  using S = journal::Stats;
  add(Kind::counter, "switchyard_journal_groups_total", "Groups written and synced.", &S::groups);
  add(Kind::counter, "switchyard_journal_batches_total", "Batches made durable.", &S::batches);
  add(Kind::counter, "switchyard_journal_written_bytes_total", "Bytes written to segments.", &S::bytes_written);
  add(Kind::counter, "switchyard_journal_syncs_total", "fdatasync calls.", &S::syncs);
  add(Kind::counter, "switchyard_journal_segments_created_total", "Segment files made.", &S::segments_created);
  add(Kind::counter, "switchyard_journal_segments_recycled_total", "Segment files used again.", &S::segments_recycled);
  add(Kind::counter, "switchyard_journal_segments_cleaned_total", "Mostly dead segments whose survivors were moved.",
      &S::segments_cleaned);
  add(Kind::gauge, "switchyard_journal_segment_files", "Segment files on disk.", &S::segment_files);
  add(Kind::gauge, "switchyard_journal_disk_bytes", "Size of all segment files.", &S::disk_bytes);
  add(Kind::gauge, "switchyard_journal_live_bytes", "Bytes of records that are still needed.", &S::live_bytes);
  metrics.observe(Kind::counter, "switchyard_journal_sync_seconds_total", "Time spent in fdatasync.",
                  [&journal] { return static_cast<double>(journal.stats().sync_ns_total) * 1e-9; });
}

void stream_metrics(MetricRegistry& metrics, const stream::Engine& engine) {
  const auto add = [&](Kind kind, const char* name, const char* help, auto member) {
    metrics.observe(kind, name, help, [&engine, member] { return static_cast<double>(engine.stats().*member); });
  };
  using S = stream::EngineStats;
  add(Kind::counter, "switchyard_checkpoints_total", "Checkpoints completed.", &S::checkpoints);
  add(Kind::counter, "switchyard_stream_moved_records_total", "Records moved by cleaning.", &S::moved_records);
  add(Kind::counter, "switchyard_stream_damaged_reads_total", "Reads that met damaged bytes.", &S::damaged_reads);
  add(Kind::gauge, "switchyard_streams", "Streams.", &S::streams);
  add(Kind::gauge, "switchyard_stream_messages", "Live messages in all streams.", &S::messages);
  metrics.observe(Kind::gauge, "switchyard_storage_healthy", "0 after a failed sync, else 1.",
                  [&engine] { return engine.healthy() ? 1.0 : 0.0; });
}

void http_metrics(MetricRegistry& metrics, const std::function<net::HttpStats()>& http) {
  const auto add = [&](Kind kind, const char* name, const char* help, auto member) {
    metrics.observe(kind, name, help, [http, member] { return static_cast<double>(http().*member); });
  };
  using S = net::HttpStats;
  add(Kind::gauge, "switchyard_http_connections", "Open connections.", &S::connections);
  add(Kind::gauge, "switchyard_http_parked_requests", "Requests that wait for something to happen.", &S::parked);
  add(Kind::counter, "switchyard_http_accepted_total", "Connections accepted.", &S::accepted);
  add(Kind::counter, "switchyard_http_requests_total", "Requests given to a handler.", &S::requests);
  add(Kind::counter, "switchyard_http_received_bytes_total", "Bytes read.", &S::bytes_in);
  add(Kind::counter, "switchyard_http_sent_bytes_total", "Bytes written.", &S::bytes_out);
  add(Kind::gauge, "switchyard_http_buffered_bytes", "Memory of request bodies that counts against the limit.",
      &S::buffered_bytes);
  for (std::size_t i = 0; i < net::kRejectReasons; ++i) {
    const std::string reason(net::reject_name(static_cast<net::Reject>(i)));
    metrics.observe(Kind::counter, "switchyard_http_rejected_total", "Requests and connections refused by the server.",
                    [http, i] { return static_cast<double>(http().rejected[i]); }, {{"reason", reason}});
  }
}

}  // namespace

void register_server_metrics(MetricRegistry& metrics, const stream::Engine& engine,
                             std::function<net::HttpStats()> http) {
  metrics.gauge("switchyard_build_info", "1; the version is in the label.", {{"version", kVersion}}).set(1);
  journal_metrics(metrics, engine);
  stream_metrics(metrics, engine);
  http_metrics(metrics, http);
}

void register_connection_metrics(MetricRegistry& metrics, std::function<net::ByteStats()> connections) {
  const auto add = [&](Kind kind, const char* name, const char* help, auto member) {
    metrics.observe(kind, name, help, [connections, member] { return static_cast<double>(connections().*member); });
  };
  using S = net::ByteStats;
  add(Kind::gauge, "switchyard_plugin_connections", "Open connections of plugins' listeners.", &S::connections);
  add(Kind::counter, "switchyard_plugin_accepted_total", "Connections accepted by them.", &S::accepted);
  add(Kind::counter, "switchyard_plugin_refused_total", "Of these, closed at once: too many, or the plugin said no.",
      &S::refused);
  add(Kind::counter, "switchyard_plugin_received_bytes_total", "Bytes read.", &S::bytes_in);
  add(Kind::counter, "switchyard_plugin_sent_bytes_total", "Bytes written.", &S::bytes_out);
}

}  // namespace switchyard::server
