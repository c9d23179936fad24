// DeleteMessage and ChangeMessageVisibility, alone and as batches: what is done with receipt handles.
#include <array>
#include <vector>

#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/batch.h"
#include "plugins/sqs/queue.h"
#include "plugins/sqs/receipt_handle.h"

namespace switchyard::sqs {
namespace {

// One message that the client names, with its new visibility where there is one.
struct Target {
  std::string_view text;
  ReceiptHandle handle;
  std::uint32_t after_ms = 0;
};

// A handle of a standard queue deletes for ever, one of a FIFO queue as long as it hides the message.
enum class Purpose : std::uint8_t { deletion, strict_deletion, visibility };

Purpose deletion_from(const Queue& queue) { return queue.numbers.fifo ? Purpose::strict_deletion : Purpose::deletion; }

struct HandleState {
  EntryOutcome* entries = nullptr;
  std::size_t count = 0;
  Purpose purpose = Purpose::visibility;
};

// Of a request about one message.
struct SingleState {
  std::string_view handle;
};

Refusal read_handle(const Call& call, const Fields& fields, Target& out) {
  std::optional<std::string_view> text;
  if (Refusal refusal = fields.text("ReceiptHandle", text)) return refusal;
  if (!text || text->empty()) return missing_parameter("ReceiptHandle");
  out.text = *text;
  const sw_status status = open_receipt_handle(call.lane.host, call.stream, *text, out.handle);
  return status == SW_OK ? Refusal() : receipt_handle_is_invalid(*text);
}

Refusal read_visibility(const Call& call, const Fields& fields, Target& out) {
  std::optional<std::int64_t> seconds;
  if (Refusal refusal = fields.integer("VisibilityTimeout", seconds)) return refusal;
  if (!seconds) return missing_parameter("VisibilityTimeout");
  if (*seconds < 0 || *seconds > kMaxVisibilitySeconds) {
    return invalid_value(*seconds, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.");
  }
  const aws::Host& host = call.lane.host;
  const std::int64_t held_s = host.clock->wall_ms(host.host) / 1000 - out.handle.delivered_s;
  if (*seconds > 0 && held_s + *seconds > kMaxVisibilitySeconds) {
    return invalid_value(*seconds, "VisibilityTimeout",
                         "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].");
  }
  out.after_ms = static_cast<std::uint32_t>(*seconds) * 1000;
  return {};
}

Refusal read_target(const Call& call, const Fields& fields, Purpose purpose, Target& out) {
  if (Refusal refusal = read_handle(call, fields, out)) return refusal;
  return purpose == Purpose::visibility ? read_visibility(call, fields, out) : Refusal();
}

Refusal not_available(std::string_view handle) {
  return invalid_value(handle, "ReceiptHandle",
                       "Message does not exist or is not available for visibility timeout change.");
}

// What a token's status means.  A deletion does not complain about a message that is gone.
Refusal judge(sw_status status, Purpose purpose, std::string_view handle) {
  if (status == SW_OK) return {};
  if (status != SW_NOT_FOUND && status != SW_CONFLICT) return from_status(status, nullptr);
  if (purpose == Purpose::visibility) return not_available(handle);
  if (status == SW_NOT_FOUND || purpose == Purpose::deletion) return {};
  return invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.");
}

std::uint32_t ack_flags(Purpose purpose) { return purpose == Purpose::strict_deletion ? SW_ACK_STRICT : 0; }

// ---- alone ----

void on_deleted(void* user, sw_status status, const sw_status* each, std::size_t n, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (call.gone()) return call.drop();
    if (status != SW_OK) return call.refuse(from_status(status, error));
    // Only a FIFO queue's handle may have to be named, so only that one was kept.
    const auto* state = static_cast<const SingleState*>(call.state);
    const Purpose purpose = state == nullptr ? Purpose::deletion : Purpose::strict_deletion;
    const std::string_view handle = state == nullptr ? std::string_view() : state->handle;
    if (Refusal refusal = judge(n == 1 ? each[0] : SW_OK, purpose, handle)) return call.refuse(refusal);
    call.succeed();
  });
}

void on_changed(void* user, sw_status status, const sw_status* each, std::size_t n, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (call.gone()) return call.drop();
    if (status != SW_OK) return call.refuse(from_status(status, error));
    const auto& state = *static_cast<const SingleState*>(call.state);
    if (Refusal refusal = judge(n == 1 ? each[0] : SW_OK, Purpose::visibility, state.handle))
      return call.refuse(refusal);
    call.succeed();
  });
}

// ---- batches ----

void answer_batch(Call& call, const HandleState& state) {
  const std::string_view element = state.purpose == Purpose::visibility ? "ChangeMessageVisibilityBatchResultEntry"
                                                                        : "DeleteMessageBatchResultEntry";
  call.succeed([&](ReplyWriter& out) {
    write_successful_ids(out, element, state.entries, state.count);
    write_failed(out, state.entries, state.count);
  });
}

void on_batch(void* user, sw_status status, const sw_status* each, std::size_t n, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (call.gone()) return call.drop();
    if (status != SW_OK && n == 0) return call.refuse(from_status(status, error));
    const auto& state = *static_cast<const HandleState*>(call.state);
    for (std::size_t i = 0; i < state.count; ++i) {
      EntryOutcome& entry = state.entries[i];
      if (entry.error != nullptr) continue;
      const sw_status own = entry.index < n ? each[entry.index] : SW_INTERNAL;
      // `text` still holds the handle of an entry that has not failed.
      if (Refusal refusal = judge(own, state.purpose, entry.text)) fail_entry(call, entry, refusal);
    }
    answer_batch(call, state);
  });
}

void run_batch(Call& call, const Fields& fields, std::string_view element, bool deletion) {
  Queue queue;
  std::vector<BatchEntry> entries;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_batch(fields, element, entries)) return call.refuse(refusal);
  auto* state = call.make<HandleState>();
  state->entries = call.make<EntryOutcome>(entries.size());
  state->count = entries.size();
  const Purpose purpose = deletion ? deletion_from(queue) : Purpose::visibility;
  state->purpose = purpose;
  call.state = state;
  std::array<sw_token, kMaxBatch> tokens;
  std::array<std::uint32_t, kMaxBatch> after_ms;
  std::uint32_t n = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EntryOutcome& outcome = state->entries[i];
    Target target;
    outcome.id = call.keep(entries[i].id);
    if (Refusal refusal = read_target(call, entries[i].fields, purpose, target)) {
      fail_entry(call, outcome, refusal);
      continue;
    }
    if (purpose != Purpose::deletion) outcome.text = call.keep(target.text);
    tokens[n] = target.handle.token;
    after_ms[n] = target.after_ms;
    outcome.index = n++;
  }
  if (n == 0) return answer_batch(call, *state);
  const aws::Host& host = call.lane.host;
  const sw_status status = deletion ? host.stream->ack(host.host, call.ns, call.stream, aws::to_str(kConsumer),
                                                       tokens.data(), n, ack_flags(purpose), on_batch, &call)
                                    : host.stream->extend(host.host, call.ns, call.stream, aws::to_str(kConsumer),
                                                          tokens.data(), after_ms.data(), n, 0, on_batch, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

}  // namespace

void delete_message(Call& call, const Fields& fields) {
  Queue queue;
  Target target;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  const Purpose purpose = deletion_from(queue);
  if (Refusal refusal = read_target(call, fields, purpose, target)) return call.refuse(refusal);
  if (purpose == Purpose::strict_deletion) {
    auto* state = call.make<SingleState>();
    state->handle = call.keep(target.text);
    call.state = state;
  }
  const aws::Host& host = call.lane.host;
  const sw_status status = host.stream->ack(host.host, call.ns, call.stream, aws::to_str(kConsumer),
                                            &target.handle.token, 1, ack_flags(purpose), on_deleted, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

void change_message_visibility(Call& call, const Fields& fields) {
  Queue queue;
  Target target;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_target(call, fields, Purpose::visibility, target)) return call.refuse(refusal);
  auto* state = call.make<SingleState>();
  state->handle = call.keep(target.text);
  call.state = state;
  const aws::Host& host = call.lane.host;
  const sw_status status = host.stream->extend(host.host, call.ns, call.stream, aws::to_str(kConsumer),
                                               &target.handle.token, &target.after_ms, 1, 0, on_changed, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

void delete_message_batch(Call& call, const Fields& fields) {
  run_batch(call, fields, "DeleteMessageBatchRequestEntry", true);
}

void change_message_visibility_batch(Call& call, const Fields& fields) {
  run_batch(call, fields, "ChangeMessageVisibilityBatchRequestEntry", false);
}

}  // namespace switchyard::sqs
