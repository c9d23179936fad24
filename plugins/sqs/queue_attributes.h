// QueueAttributes is what a queue's owner can set: parsed, judged, stored and shown.
//
// Stored form (the stream's blob, little-endian): u8 version 2 | u8 flags (1 = managed encryption,
// 2 = FIFO, 4 = deduplication by content, 8 = per group, 16 = throughput limit per group) |
// u16 max receive count | u32 visibility, delay, max message bytes (0 = what the namespace allows),
// retention, receive wait, key reuse, all seconds | i64 created, modified, Unix seconds | u64 stream id of
// the dead-letter queue | then policy, redrive policy, redrive allow policy, key id: u32 length + text |
// u16 number of tags, then of each its key and value: u32 length + text.  Version 1 ends before the tags.
// The numbers stand at fixed places, so that the hot path reads them without a copy or a cache.
//
// Failure: a Refusal with AWS's code; decoding answers false for a blob of another form.
// Thread: plain values.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/sqs/errors.h"

namespace switchyard::sqs {

inline constexpr std::uint32_t kMaxLeased = 120'000;
inline constexpr std::uint32_t kMaxVisibilitySeconds = 43'200;
inline constexpr std::uint32_t kDeduplicationMs = 300'000;

struct QueueNumbers {
  bool managed_encryption = true;
  bool fifo = false;
  bool content_deduplication = false;   // This and the next two: only where fifo.
  bool group_deduplication = false;     // DeduplicationScope is messageGroup.
  bool group_throughput = false;        // FifoThroughputLimit is perMessageGroupId.
  std::uint16_t max_receive_count = 0;  // 0 = no dead-letter queue.
  std::uint32_t visibility_s = 30;
  std::uint32_t delay_s = 0;
  std::uint32_t max_bytes = 0;
  std::uint32_t retention_s = 345'600;
  std::uint32_t receive_wait_s = 0;
  std::uint32_t key_reuse_s = 300;
  std::int64_t created_s = 0, modified_s = 0;
  std::uint64_t dead_letter = 0;

  std::uint32_t effective_max_bytes(std::uint32_t namespace_max) const {
    return max_bytes == 0 || max_bytes > namespace_max ? namespace_max : max_bytes;
  }
};

struct QueueAttributes : QueueNumbers {
  std::string policy, redrive_policy, redrive_allow_policy, key_id;
  std::map<std::string, std::string, std::less<>> tags;
};

void encode(std::string& out, const QueueAttributes& attributes);
bool decode_numbers(std::string_view blob, QueueNumbers& out);
bool decode(std::string_view blob, QueueAttributes& out);

// Takes one attribute of CreateQueue or SetQueueAttributes.  RedrivePolicy is kept as text: what it names
// is looked up by the caller.
Refusal set_attribute(QueueAttributes& attributes, std::string_view name, std::string_view value,
                      std::uint32_t namespace_max_bytes);

// What a FifoQueue attribute says about a queue that is to be made.
Refusal read_fifo(std::string_view value, bool& out);
// Rules between attributes, judged when all were taken.
Refusal check_fifo(const QueueNumbers& numbers);

// A queue is encrypted by one kind of key at a time; `asked_managed`: this request asked for the managed one.
Refusal check_encryption(const QueueAttributes& attributes, bool asked_managed);

// The value of a settable attribute; nothing when it is not set or is not one.
std::optional<std::string> get_attribute(const QueueAttributes& attributes, std::string_view name,
                                         std::uint32_t namespace_max_bytes);

struct RedrivePolicy {
  std::string target_arn;
  std::uint16_t max_receive_count = 0;
};
Refusal parse_redrive_policy(std::string_view text, RedrivePolicy& out);
Refusal check_redrive_allow_policy(std::string_view text);
// The same JSON, whatever its spacing and order; plain text when either is not JSON.
bool same_document(std::string_view a, std::string_view b);

}  // namespace switchyard::sqs
