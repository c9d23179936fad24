// SendMessage and SendMessageBatch.
#include <array>
#include <vector>

#include "plugins/aws/encoding.h"
#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/batch.h"
#include "plugins/sqs/message_input.h"
#include "plugins/sqs/queue.h"
#include "plugins/sqs/sequence_number.h"

namespace switchyard::sqs {
namespace {

// What an accepted message answers besides its id.  Digests are of what this request carried.
struct SentDigests {
  char body[32], attributes[32], system[32];
  bool has_attributes = false, has_system = false, fifo = false;
};

struct SentEntry : EntryOutcome {
  SentDigests digests;
};

struct BatchState {
  SentEntry* entries = nullptr;
  std::size_t count = 0;
};

template <class Digest>
void write_hex(char* out, const Digest& digest) {
  aws::write_hex(out, digest.data(), digest.size());
}

void digest(Lane& lane, const MessageInput& message, SentDigests& out) {
  write_hex(out.body, lane.digests.md5(message.body));
  out.has_attributes = !message.attributes.empty();
  if (out.has_attributes) write_hex(out.attributes, aws::attributes_md5(lane.digests, message.attributes));
  out.has_system = !message.trace_header.empty();
  if (out.has_system) write_hex(out.system, system_attributes_md5(lane.digests, message.trace_header));
}

void write_sent(ReplyWriter& out, const SentDigests& digests, const sw_appended& appended) {
  char id[36];
  aws::write_uuid(id, appended.id);
  out.text("MessageId", {id, sizeof id});
  out.text("MD5OfMessageBody", {digests.body, 32});
  if (digests.has_attributes) out.text("MD5OfMessageAttributes", {digests.attributes, 32});
  if (digests.has_system) out.text("MD5OfMessageSystemAttributes", {digests.system, 32});
  if (digests.fifo) {
    char number[kSequenceDigits];
    out.text("SequenceNumber", write_sequence_number(number, appended.seq));
  }
}

// On a FIFO queue a message without an id of its own is the same as another with this body.
using BodyId = std::array<char, 64>;
std::string_view deduplication_id(Lane& lane, const QueueNumbers& queue, const MessageInput& message, BodyId& memory) {
  if (!queue.fifo || !message.deduplication.empty()) return message.deduplication;
  write_hex(memory.data(), lane.digests.sha256(message.body));
  return {memory.data(), memory.size()};
}

sw_message stream_message(const MessageInput& input, std::string_view deduplication, std::string_view headers) {
  sw_message message{};
  message.size = sizeof message;
  message.key = aws::to_str(input.group);
  message.dedup_id = aws::to_str(deduplication);
  message.header_format = aws::kHeaderFormat;
  message.delay_ms = input.delay_ms;
  message.headers = aws::to_bytes(headers);
  message.body = aws::to_bytes(input.body);
  return message;
}

void on_sent(void* user, sw_status status, const sw_appended* const* results, std::size_t n, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (call.gone()) return call.drop();
    if (status == SW_OK && n == 1) status = results[0]->status;
    if (status != SW_OK || n != 1) return call.refuse(from_status(status, error));
    const auto& digests = *static_cast<const SentDigests*>(call.state);
    call.succeed([&](ReplyWriter& out) { write_sent(out, digests, *results[0]); });
  });
}

void answer_batch(Call& call, const BatchState& state, const sw_appended* const* results, std::size_t n) {
  for (std::size_t i = 0; i < state.count; ++i) {
    SentEntry& entry = state.entries[i];
    if (entry.error != nullptr) continue;
    const sw_status status = entry.index < n ? results[entry.index]->status : SW_INTERNAL;
    if (status != SW_OK) fail_entry(call, entry, from_status(status, nullptr));
  }
  call.succeed([&](ReplyWriter& out) {
    bool open = false;
    for (std::size_t i = 0; i < state.count; ++i) {
      const SentEntry& entry = state.entries[i];
      if (entry.error != nullptr) continue;
      if (!open) out.begin_list("Successful");
      open = true;
      out.begin_item("SendMessageBatchResultEntry");
      out.text("Id", entry.id);
      write_sent(out, entry.digests, *results[entry.index]);
      out.end_item("SendMessageBatchResultEntry");
    }
    if (open) out.end_list();
    write_failed(out, state.entries, state.count);
  });
}

void on_batch_sent(void* user, sw_status status, const sw_appended* const* results, std::size_t n,
                   const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (call.gone()) return call.drop();
    // A refusal of the call as a whole has no results to tell entries apart.
    if (status != SW_OK && n == 0) return call.refuse(from_status(status, error));
    answer_batch(call, *static_cast<const BatchState*>(call.state), results, n);
  });
}

// Reads and judges the entries; a wrong one fails alone, too many bytes fail all.
Refusal read_entries(Call& call, const Queue& queue, const std::vector<BatchEntry>& entries,
                     std::vector<MessageInput>& messages, BatchState& state) {
  std::size_t total = 0;
  for (const BatchEntry& entry : entries) {
    if (!queue.numbers.fifo) break;
    if (Refusal refusal = check_fifo_entry(entry.fields, queue.numbers)) return refusal;
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    SentEntry& outcome = state.entries[i];
    outcome.id = call.keep(entries[i].id);
    Refusal refusal = read_message(entries[i].fields, queue.numbers, messages[i]);
    total += messages[i].bytes();
    if (!refusal) refusal = check_size(messages[i], queue.max_bytes());
    if (refusal) fail_entry(call, outcome, refusal);
  }
  const std::uint32_t limit = queue.realm.ns->max_message_bytes;
  if (total <= limit) return {};
  return {kBatchRequestTooLong, "Batch requests cannot be longer than " + std::to_string(limit) +
                                    " bytes. You have sent " + std::to_string(total) + " bytes."};
}

sw_status append_batch(Call& call, const QueueNumbers& queue, const std::vector<MessageInput>& messages,
                       const BatchState& state) {
  Lane& lane = call.lane;
  std::array<sw_message, kMaxBatch> built;
  std::array<std::size_t, kMaxBatch + 1> offset{};
  lane.headers.clear();
  std::size_t n = 0;
  for (std::size_t i = 0; i < state.count; ++i) {
    if (state.entries[i].error != nullptr) continue;
    aws::encode_headers(lane.headers, call.sender_id, messages[i].trace_header, messages[i].attributes);
    offset[++n] = lane.headers.size();
  }
  const sw_message* pointers[kMaxBatch];
  std::array<BodyId, kMaxBatch> body_ids;
  n = 0;
  for (std::size_t i = 0; i < state.count; ++i) {
    SentEntry& entry = state.entries[i];
    if (entry.error != nullptr) continue;
    entry.index = static_cast<std::uint32_t>(n);
    digest(lane, messages[i], entry.digests);
    entry.digests.fifo = queue.fifo;
    built[n] = stream_message(messages[i], deduplication_id(lane, queue, messages[i], body_ids[n]),
                              std::string_view(lane.headers).substr(offset[n], offset[n + 1] - offset[n]));
    pointers[n] = &built[n];
    ++n;
  }
  const aws::Host& host = lane.host;
  return host.stream->append(host.host, call.ns, call.stream, pointers, n, 0, on_batch_sent, &call);
}

}  // namespace

void send_message(Call& call, const Fields& fields) {
  Queue queue;
  MessageInput message;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_message(fields, queue.numbers, message)) return call.refuse(refusal);
  if (Refusal refusal = check_size(message, queue.max_bytes())) return call.refuse(refusal);
  Lane& lane = call.lane;
  auto* digests = call.make<SentDigests>();
  digest(lane, message, *digests);
  call.state = digests;
  lane.headers.clear();
  aws::encode_headers(lane.headers, call.sender_id, message.trace_header, message.attributes);
  digests->fifo = queue.numbers.fifo;
  BodyId body_id;
  const sw_message built =
      stream_message(message, deduplication_id(lane, queue.numbers, message, body_id), lane.headers);
  const sw_message* const pointer = &built;
  const aws::Host& host = lane.host;
  const sw_status status = host.stream->append(host.host, call.ns, call.stream, &pointer, 1, 1, on_sent, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

void send_message_batch(Call& call, const Fields& fields) {
  Queue queue;
  std::vector<BatchEntry> entries;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_batch(fields, "SendMessageBatchRequestEntry", entries)) return call.refuse(refusal);
  auto* state = call.make<BatchState>();
  state->entries = call.make<SentEntry>(entries.size());
  state->count = entries.size();
  call.state = state;
  std::vector<MessageInput> messages(entries.size());
  if (Refusal refusal = read_entries(call, queue, entries, messages, *state)) return call.refuse(refusal);
  bool any = false;
  for (std::size_t i = 0; i < state->count; ++i) any |= state->entries[i].error == nullptr;
  if (!any) return answer_batch(call, *state, nullptr, 0);
  const sw_status status = append_batch(call, queue.numbers, messages, *state);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

}  // namespace switchyard::sqs
