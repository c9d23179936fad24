// The bodies of the stream room's journal records, written and read.  FORMAT.md has every byte.
//
// Failure: decoders return false on malformed bytes and read nothing outside them.
//
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/base/bytes.h"
#include "kernel/stream/lease_table.h"
#include "kernel/stream/types.h"

namespace switchyard::stream {

// A message as it lies in the journal.  Views point into the record.
struct MessageRecord {
  StreamId stream = 0;
  Seq seq = 0;
  std::int64_t time_ms = 0;
  std::int64_t deliver_at_ms = 0;  // 0 = at once.
  bool moved = false;              // From another stream: no question to the dedup window, now or in a replay.
  bool has_id = false;             // Else the id follows from stream and sequence.
  MessageId id{};
  std::string_view key, dedup_id, source, headers, body;
  std::uint32_t header_format = 0;
};
// Upper bound of the encoded size.
std::size_t message_record_bound(const MessageRecord& message);
void encode_message(ByteWriter& w, const MessageRecord& message);
// `in` is the whole record body, type byte included.
bool decode_message(std::string_view in, MessageRecord& out);

// One entry of a lease or release record.
struct LeaseChange {
  Seq seq = 0;
  Lease lease;
};
// REQUIRES for lease records: every state is `leased` and all share due_ms.
void encode_lease(ByteWriter& w, StreamId stream, std::uint32_t consumer, std::int64_t now_ms,
                  std::span<const LeaseChange> changes);
void encode_release(ByteWriter& w, StreamId stream, std::uint32_t consumer, std::span<const LeaseChange> changes);
void encode_ack(ByteWriter& w, StreamId stream, std::uint32_t consumer, std::span<const Seq> seqs);
void encode_drop(ByteWriter& w, StreamId stream, Seq upto);

// A decoded ack, lease, release or drop.
struct ControlRecord {
  StreamId stream = 0;
  std::uint32_t consumer = 0;
  std::vector<LeaseChange> changes;  // lease, release
  std::vector<Seq> seqs;             // ack
  Seq upto = 0;                      // drop
};
// REQUIRES: the first byte is one of those types.
bool decode_control(std::string_view in, ControlRecord& out);

// Bytes that any control record of n entries fits in.
inline constexpr std::size_t control_record_bound(std::size_t n) { return 64 + n * 48; }

}  // namespace switchyard::stream
