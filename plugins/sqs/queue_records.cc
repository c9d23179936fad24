#include "plugins/sqs/queue_records.h"

#include <vector>

namespace switchyard::sqs {
namespace {

constexpr std::string_view kDeleted = "deleted/";
constexpr std::size_t kSweptAtOnce = 8;

std::int64_t decode_time(sw_bytes value) {
  if (value.len != 8) return 0;
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < 8; ++i) time |= std::uint64_t{value.data[i]} << (8 * i);
  return static_cast<std::int64_t>(time);
}

void ignore_outcome(void*, sw_status, std::uint64_t, const sw_error*) {}

}  // namespace

std::string purge_key(sw_stream_id id) { return "purged/" + std::to_string(id); }
std::string deletion_key(std::string_view stream_name) { return std::string(kDeleted) + std::string(stream_name); }

TimeRecord read_record(Call& call, std::string_view key) {
  const aws::Host& host = call.lane.host;
  TimeRecord record;
  sw_bytes value{};
  if (host.kv->get(host.host, call.ns, aws::to_str(key), &value, &record.revision) != SW_OK) return TimeRecord{};
  record.there = true;
  record.time_ms = decode_time(value);
  return record;
}

sw_status write_record(Call& call, std::string_view key, std::int64_t time_ms, const TimeRecord& before,
                       sw_kv_done done) {
  const aws::Host& host = call.lane.host;
  std::uint8_t value[8];
  for (std::size_t i = 0; i < 8; ++i) value[i] = static_cast<std::uint8_t>(time_ms >> (8 * i));
  return host.kv->put(host.host, call.ns, aws::to_str(key), {value, sizeof value}, before.there ? before.revision : 0,
                      done, &call);
}

void erase_record(Call& call, std::string_view key) {
  const aws::Host& host = call.lane.host;
  if (!read_record(call, key).there) return;
  host.kv->erase(host.host, call.ns, aws::to_str(key), SW_KV_ANY, ignore_outcome, nullptr);
}

void sweep_deletions(Call& call, std::int64_t now_ms, std::int64_t wait_ms) {
  struct Sweep {
    std::vector<std::string> keys;
    std::int64_t now_ms, wait_ms;
  } sweep{{}, now_ms, wait_ms};
  const aws::Host& host = call.lane.host;
  host.kv->scan(
      host.host, call.ns, aws::to_str(kDeleted), aws::to_str(""),
      [](void* user, sw_str key, sw_bytes value, std::uint64_t) -> std::int32_t {
        auto& found = *static_cast<Sweep*>(user);
        if (!TimeRecord{true, decode_time(value), 0}.within(found.now_ms, found.wait_ms)) {
          found.keys.emplace_back(aws::view(key));
        }
        return found.keys.size() < kSweptAtOnce ? 1 : 0;
      },
      &sweep);
  for (const std::string& key : sweep.keys) erase_record(call, key);
}

}  // namespace switchyard::sqs
