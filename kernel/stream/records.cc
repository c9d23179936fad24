#include "kernel/stream/records.h"

#include <algorithm>

#include "kernel/store/record.h"

namespace switchyard::stream {
namespace {

using store::RecordType;

// Bits of the flag field on disk.
constexpr std::uint64_t kHasId = 1, kHasDelay = 2, kHasKey = 4, kHasDedup = 8, kHasHeaders = 16, kHasSource = 32,
                        kMoved = 64;

void type(ByteWriter& w, RecordType t) { w.u8(static_cast<std::uint8_t>(t)); }

std::int64_t delta(Seq seq, Seq& previous) {
  const auto d = static_cast<std::int64_t>(seq - previous);
  previous = seq;
  return d;
}

// A count that cannot be true for the bytes that are left is malformed: no allocation for it.
bool plausible(std::uint64_t count, const ByteReader& r) { return count <= r.remaining(); }

}  // namespace

std::size_t message_record_bound(const MessageRecord& m) {
  return 128 + m.key.size() + m.dedup_id.size() + m.source.size() + m.headers.size() + m.body.size();
}

void encode_message(ByteWriter& w, const MessageRecord& m) {
  type(w, RecordType::append);
  w.varint(m.stream);
  w.varint(m.seq);
  w.varint(static_cast<std::uint64_t>(m.time_ms));
  w.varint((m.has_id ? kHasId : 0u) | (m.deliver_at_ms != 0 ? kHasDelay : 0u) | (!m.key.empty() ? kHasKey : 0u) |
           (!m.dedup_id.empty() ? kHasDedup : 0u) | (!m.headers.empty() ? kHasHeaders : 0u) |
           (!m.source.empty() ? kHasSource : 0u) | (m.moved ? kMoved : 0u));
  if (m.has_id) w.bytes({reinterpret_cast<const char*>(m.id.data()), m.id.size()});
  if (m.deliver_at_ms != 0) w.varint(static_cast<std::uint64_t>(m.deliver_at_ms));
  if (!m.key.empty()) w.string(m.key);
  if (!m.dedup_id.empty()) w.string(m.dedup_id);
  if (!m.headers.empty()) {
    w.varint(m.header_format);
    w.string(m.headers);
  }
  if (!m.source.empty()) w.string(m.source);
  w.bytes(m.body);
}

bool decode_message(std::string_view in, MessageRecord& out) {
  ByteReader r(in);
  if (r.u8() != static_cast<std::uint8_t>(RecordType::append)) return false;
  out = {};
  out.stream = r.varint();
  out.seq = r.varint();
  out.time_ms = static_cast<std::int64_t>(r.varint());
  const auto flags = r.varint();
  out.moved = (flags & (kMoved | kHasSource)) != 0;  // Records before the flag told it by their source.
  if ((flags & kHasId) != 0) {
    const auto id = r.bytes(out.id.size());
    out.has_id = true;
    std::copy(id.begin(), id.end(), out.id.begin());
  }
  if ((flags & kHasDelay) != 0) out.deliver_at_ms = static_cast<std::int64_t>(r.varint());
  if ((flags & kHasKey) != 0) out.key = r.string();
  if ((flags & kHasDedup) != 0) out.dedup_id = r.string();
  if ((flags & kHasHeaders) != 0) {
    out.header_format = static_cast<std::uint32_t>(r.varint());
    out.headers = r.string();
  }
  if ((flags & kHasSource) != 0) out.source = r.string();
  out.body = r.bytes(r.remaining());
  return !r.failed();
}

void encode_lease(ByteWriter& w, StreamId stream, std::uint32_t consumer, std::int64_t now_ms,
                  std::span<const LeaseChange> changes) {
  type(w, RecordType::lease);
  w.varint(stream);
  w.varint(consumer);
  w.varint(static_cast<std::uint64_t>(now_ms));
  w.varint(static_cast<std::uint64_t>(changes.front().lease.due_ms));
  w.varint(changes.size());
  Seq previous = 0;
  for (const auto& change : changes) {
    w.svarint(delta(change.seq, previous));
    w.varint(change.lease.attempt);
    w.svarint(now_ms - change.lease.first_ms);
  }
}

void encode_release(ByteWriter& w, StreamId stream, std::uint32_t consumer, std::span<const LeaseChange> changes) {
  type(w, RecordType::release);
  w.varint(stream);
  w.varint(consumer);
  w.varint(changes.size());
  Seq previous = 0;
  for (const auto& change : changes) {
    w.svarint(delta(change.seq, previous));
    w.u8(change.lease.state);
    w.varint(change.lease.attempt);
    w.varint(static_cast<std::uint64_t>(change.lease.due_ms));
    w.varint(static_cast<std::uint64_t>(change.lease.first_ms));
  }
}

void encode_ack(ByteWriter& w, StreamId stream, std::uint32_t consumer, std::span<const Seq> seqs) {
  type(w, RecordType::ack);
  w.varint(stream);
  w.varint(consumer);
  w.varint(seqs.size());
  Seq previous = 0;
  for (const auto seq : seqs) w.svarint(delta(seq, previous));
}

void encode_drop(ByteWriter& w, StreamId stream, Seq upto) {
  type(w, RecordType::drop);
  w.varint(stream);
  w.varint(upto);
}

bool decode_control(std::string_view in, ControlRecord& out) {
  ByteReader r(in);
  const auto record_type = static_cast<RecordType>(r.u8());
  out.changes.clear();
  out.seqs.clear();
  out.stream = r.varint();
  if (record_type == RecordType::drop) {
    out.upto = r.varint();
    return !r.failed();
  }
  out.consumer = static_cast<std::uint32_t>(r.varint());
  std::int64_t now_ms = 0, due_ms = 0;
  if (record_type == RecordType::lease) {
    now_ms = static_cast<std::int64_t>(r.varint());
    due_ms = static_cast<std::int64_t>(r.varint());
  }
  const auto count = r.varint();
  if (!plausible(count, r)) return false;
  Seq seq = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    seq += static_cast<Seq>(r.svarint());
    if (record_type == RecordType::ack) {
      out.seqs.push_back(seq);
      continue;
    }
    LeaseChange change{seq, {}};
    auto& lease = change.lease;
    if (record_type == RecordType::lease) {
      lease.state = Lease::leased;
      lease.attempt = static_cast<std::uint32_t>(r.varint());
      lease.first_ms = now_ms - r.svarint();
      lease.due_ms = due_ms;
    } else {
      lease.state = static_cast<Lease::State>(std::clamp<std::uint8_t>(r.u8(), Lease::waiting, Lease::leased));
      lease.attempt = static_cast<std::uint32_t>(r.varint());
      lease.due_ms = static_cast<std::int64_t>(r.varint());
      lease.first_ms = static_cast<std::int64_t>(r.varint());
    }
    out.changes.push_back(change);
  }
  return !r.failed();
}

}  // namespace switchyard::stream
