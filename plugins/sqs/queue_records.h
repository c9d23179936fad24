// QueueRecords remembers, in the server's key-value store, when a queue was last purged and when a name
// was deleted: the two waits that SQS imposes must hold across a restart and on every lane.
//
// Keys: "purged/<stream id>" and "deleted/<stream name>"; value: i64 little-endian, Unix ms.
// A purge record goes with its queue; expired deletion records are swept by later deletions, a few each
// time, so that there are never many more than deletions within the wait.
//
// Thread: one lane.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sqs/call.h"

namespace switchyard::sqs {

struct TimeRecord {
  bool there = false;
  std::int64_t time_ms = 0;
  std::uint64_t revision = 0;

  // Within the last `wait_ms`?  A time in the future (the clock stepped back) is not.
  bool within(std::int64_t now_ms, std::int64_t wait_ms) const {
    return there && now_ms >= time_ms && now_ms - time_ms < wait_ms;
  }
};

std::string purge_key(sw_stream_id id);
std::string deletion_key(std::string_view stream_name);

TimeRecord read_record(Call& call, std::string_view key);
// Durable when `done` runs; SW_CONFLICT when somebody else wrote since `before` was read.
sw_status write_record(Call& call, std::string_view key, std::int64_t time_ms, const TimeRecord& before,
                       sw_kv_done done);
// Nobody waits for the outcome.
void erase_record(Call& call, std::string_view key);
void sweep_deletions(Call& call, std::int64_t now_ms, std::int64_t wait_ms);

}  // namespace switchyard::sqs
