// What callers of the stream room exchange with it: configurations, messages in, messages out.
//
// These mirror sdk/include/switchyard/plugin.h one to one; the plugin room translates.
//
// Thread: plain values.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/journal/journal.h"
#include "kernel/stream/chunk.h"

namespace switchyard::stream {

using StreamId = std::uint64_t;     // Revision that created it; never reused.
using NamespaceId = std::uint64_t;  // Revision that created the namespace; never reused.
using MessageId = std::array<std::uint8_t, 16>;

enum class Storage : std::uint8_t { file = 0, memory = 1 };
enum class Retention : std::uint8_t { limits = 0, workqueue = 1, interest = 2 };

struct StreamConfig {
  Storage storage = Storage::file;
  Retention retention = Retention::limits;
  bool keyed = false;
  bool dedup_per_key = false;
  std::uint64_t max_age_ms = 0;  // 0 = no limit, also below.
  std::uint64_t max_messages = 0, max_bytes = 0, max_per_key = 0;
  std::uint32_t max_message_bytes = 0;
  std::uint32_t dedup_window_ms = 0;
};

struct ConsumerConfig {
  std::string name;
  std::string filter;  // Keys it is interested in; empty = all.
  bool ordered = false;
  bool fair = false;
  std::uint32_t ack_wait_ms = 30'000;
  std::uint32_t max_attempts = 0;
  std::uint32_t max_leased = 0;
  StreamId dead_letter = 0;
  Seq start_seq = 0;
};

// A stream's definition as every lane sees it.  Immutable: an update makes a new one.
struct Definition {
  StreamId id = 0;
  std::uint64_t version = 0;
  NamespaceId ns = 0;
  std::uint16_t shard = 0;
  std::string name;
  std::int64_t created_ms = 0, updated_ms = 0;
  StreamConfig config;
  struct Consumer {
    std::uint32_t number = 0;  // On disk in leases and acks; not reused within the stream.
    ConsumerConfig config;
  };
  std::vector<Consumer> consumers;
  std::string blob;
};
using DefinitionPtr = std::shared_ptr<const Definition>;

// Stored bytes of one namespace, counted by all lanes.  The quota room sets the limit.
struct NamespaceUsage {
  std::atomic<std::int64_t> stored_bytes{0};
  std::atomic<std::int64_t> max_stored_bytes{0};  // 0 = no limit.
};

struct MessageIn {
  std::string_view key, dedup_id;
  std::uint32_t header_format = 0;
  std::uint32_t delay_ms = 0;
  std::string_view headers, body;
  Seq expect_last = 0;
  bool has_expect_last = false;
};

struct Appended {
  Code status = Code::ok;
  bool duplicate = false;  // seq and id are those of the first one.
  Seq seq = 0;
  std::int64_t time_ms = 0;
  MessageId id{};
};

struct Token {
  Seq seq = 0;
  std::uint32_t attempt = 0;
};

// Borrowed until the callback that got it returns; `hold` may be copied to keep the bytes longer.
struct Delivery {
  Token token;
  MessageId id{};
  std::int64_t time_ms = 0;
  std::int64_t first_delivered_ms = 0;
  std::int64_t delivered_ms = 0;  // This delivery, by its token; 0 for a read without lease.
  std::string_view key, dedup_id, source;
  std::uint32_t header_format = 0;
  std::string_view headers, body;
  std::shared_ptr<const std::string> hold;
};

struct FetchRequest {
  static constexpr std::uint32_t kDefaultAckWait = 0xffffffffu;
  std::uint32_t max = 1;
  std::uint32_t wait_ms = 0;
  std::uint32_t ack_wait_ms = kDefaultAckWait;
  std::uint32_t max_bytes = 0;
  // Not empty: the same id again within five minutes gets the same messages and tokens, with a fresh lease, as
  // long as none of them was acknowledged, changed or became visible.
  std::string attempt_id = {};
};

// Messages that could be delivered now leave for another stream instead.
struct MoveRequest {
  std::uint32_t max = 1;
  StreamId target = 0;  // 0 = each goes back to the stream that it was dead-lettered from.
  bool as_new = false;  // With a new id and the time of the move, as if sent again.
};

struct State {
  std::uint64_t messages = 0, bytes = 0;
  Seq first_seq = 0, last_seq = 0;
  std::uint64_t available = 0, leased = 0, delayed = 0;
  std::int64_t oldest_ms = 0;
};

// Completions: exactly once, later, on the lane of the caller.
using AppendDone = std::function<void(const Status&, std::span<const Appended>)>;
using FetchDone = std::function<void(const Status&, std::span<const Delivery>)>;
// How many moved; with an error also those before it.
using MoveDone = std::function<void(const Status&, std::uint32_t moved)>;
using TokensDone = std::function<void(const Status&, std::span<const Code>)>;
using StateDone = std::function<void(const Status&, const State&)>;
using DefinitionDone = std::function<void(const Status&, DefinitionPtr)>;
using VoidDone = std::function<void(const Status&)>;

using FetchId = std::uint64_t;  // 0 is never one.

}  // namespace switchyard::stream
