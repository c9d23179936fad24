#include "kernel/plugin/stream_messages.h"

#include "kernel/plugin/calls.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/stream_access.h"
#include "kernel/plugin/stream_convert.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxBatch = 4096;
constexpr std::uint32_t kMaxFetch = 256;
constexpr std::size_t kMaxAttemptId = 128;

// The common beginning: the caller, if it may call now and the stream is in its namespace.
PluginLane* enter_stream(const sw_host* host, const char* what, sw_namespace* ns, sw_stream_id id, bool has_done,
                         sw_status* status, bool only_looks = false) {
  auto* plugin = stream_caller(host, what, ns, status, only_looks);
  if (plugin == nullptr) return nullptr;
  *status = SW_INVALID;
  if (!has_done) return nullptr;
  *status = SW_NOT_FOUND;
  if (find_stream(*plugin, *ns, id) == nullptr) return nullptr;
  *status = SW_OK;
  return plugin;
}

void deliveries_done(Call* call, const char* what, const Status& status, std::span<const stream::Delivery> deliveries) {
  // From here on there is nothing to cancel.
  call->fetch = 0;
  auto& scratch = call->plugin->lane->scratch;
  finish<sw_fetch_done>(call, what, [&](sw_fetch_done tell, void* user) {
    const ErrorView error(status);
    tell(user, number(status), deliveries_out(scratch, deliveries), deliveries.size(), error.get());
  });
}

void tokens_done(Call* call, const char* what, const Status& status, std::span<const Code> each) {
  auto& scratch = call->plugin->lane->scratch;
  finish<sw_tokens_done>(call, what, [&](sw_tokens_done tell, void* user) {
    auto* list = scratch.array<sw_status>(each.size());
    for (std::size_t i = 0; i < each.size(); ++i) list[i] = number(each[i]);
    const ErrorView error(status);
    tell(user, number(status), list, each.size(), error.get());
  });
}

}  // namespace

void void_done(Call* call, const Status& status) {
  finish<sw_done>(call, "done", [&](sw_done tell, void* user) {
    const ErrorView error(status);
    tell(user, number(status), error.get());
  });
}

sw_status stream_append(const sw_host* host, sw_namespace* ns, sw_stream_id id, const sw_message* const* messages,
                        size_t n, uint32_t all_or_nothing, sw_append_done done, void* user) {
  sw_status status;
  auto* plugin = enter_stream(host, "stream.append", ns, id, done != nullptr && messages != nullptr, &status);
  if (plugin == nullptr) return status;
  if (n == 0 || n > kMaxBatch) return SW_INVALID;
  auto& scratch = plugin->lane->scratch;
  const auto list = messages_in(scratch, messages, n);
  if (list.empty()) return SW_INVALID;
  Call* call = begin(*plugin, done, user);
  return submitted(call, engine_of(*plugin).append(
                             plugin->lane->index, id, list, all_or_nothing != 0,
                             [call](const Status& s, std::span<const stream::Appended> each) {
                               auto& memory = call->plugin->lane->scratch;
                               finish<sw_append_done>(call, "append done", [&](sw_append_done tell, void* whom) {
                                 const ErrorView error(s);
                                 tell(whom, number(s), appended_out(memory, each), each.size(), error.get());
                               });
                             }));
}

sw_status stream_fetch(const sw_host* host, sw_namespace* ns, sw_stream_id id, sw_str consumer, const sw_fetch* fetch,
                       sw_fetch_id* fetch_id, sw_fetch_done done, void* user) {
  sw_status status;
  auto* plugin = enter_stream(host, "stream.fetch", ns, id, done != nullptr, &status);
  if (plugin == nullptr) return status;
  if (fetch == nullptr || fetch->size < sizeof(sw_fetch) || fetch->max == 0 || fetch->max > kMaxFetch)
    return SW_INVALID;
  if (fetch->attempt_id.len > kMaxAttemptId) return SW_INVALID;
  static_assert(stream::FetchRequest::kDefaultAckWait == SW_DEFAULT_ACK_WAIT);
  const stream::FetchRequest request{fetch->max, fetch->wait_ms, fetch->ack_wait_ms, fetch->max_bytes,
                                     std::string(view(fetch->attempt_id))};
  Call* call = begin(*plugin, done, user);
  auto taken = engine_of(*plugin).fetch(plugin->lane->index, id, view(consumer), request,
                                        [call](const Status& s, std::span<const stream::Delivery> deliveries) {
                                          deliveries_done(call, "fetch done", s, deliveries);
                                        });
  if (!taken) return submitted(call, std::move(taken).error());
  call->fetch = *taken;
  if (fetch_id != nullptr) *fetch_id = *taken;
  return submitted(call, {});
}

void stream_cancel_fetch(const sw_host* host, sw_fetch_id fetch) {
  auto* plugin = caller(host, "stream.cancel_fetch");
  if (plugin == nullptr || fetch == 0 || plugin->instance->core().services.engine == nullptr) return;
  engine_of(*plugin).cancel_fetch(plugin->lane->index, fetch);
}

sw_status stream_ack(const sw_host* host, sw_namespace* ns, sw_stream_id id, sw_str consumer, const sw_token* tokens,
                     size_t n, uint32_t flags, sw_tokens_done done, void* user) {
  sw_status status;
  auto* plugin = enter_stream(host, "stream.ack", ns, id, done != nullptr && tokens != nullptr, &status);
  if (plugin == nullptr) return status;
  if (n == 0 || n > kMaxBatch) return SW_INVALID;
  const auto list = tokens_in(plugin->lane->scratch, tokens, n);
  Call* call = begin(*plugin, done, user);
  return submitted(
      call, engine_of(*plugin).ack(
                plugin->lane->index, id, view(consumer), list, (flags & SW_ACK_STRICT) != 0,
                [call](const Status& s, std::span<const Code> each) { tokens_done(call, "ack done", s, each); }));
}

sw_status stream_move(const sw_host* host, sw_namespace* ns, sw_stream_id id, sw_str consumer, const sw_move* move,
                      sw_move_done done, void* user) {
  sw_status status;
  auto* plugin = enter_stream(host, "stream.move", ns, id, done != nullptr, &status);
  if (plugin == nullptr) return status;
  if (move == nullptr || move->size < sizeof(sw_move) || move->max == 0 || move->max > kMaxFetch) return SW_INVALID;
  const stream::MoveRequest request{move->max, move->target, (move->flags & SW_MOVE_AS_NEW) != 0};
  Call* call = begin(*plugin, done, user);
  return submitted(call, engine_of(*plugin).move(plugin->lane->index, id, view(consumer), request,
                                                 [call](const Status& s, std::uint32_t moved) {
                                                   finish<sw_move_done>(call, "move done",
                                                                        [&](sw_move_done tell, void* whom) {
                                                                          const ErrorView error(s);
                                                                          tell(whom, number(s), moved, error.get());
                                                                        });
                                                 }));
}

sw_status stream_extend(const sw_host* host, sw_namespace* ns, sw_stream_id id, sw_str consumer, const sw_token* tokens,
                        const uint32_t* after_ms, size_t n, uint32_t flags, sw_tokens_done done, void* user) {
  sw_status status;
  const bool whole = done != nullptr && tokens != nullptr && after_ms != nullptr;
  auto* plugin = enter_stream(host, "stream.extend", ns, id, whole, &status);
  if (plugin == nullptr) return status;
  if (n == 0 || n > kMaxBatch) return SW_INVALID;
  const auto list = tokens_in(plugin->lane->scratch, tokens, n);
  Call* call = begin(*plugin, done, user);
  return submitted(
      call, engine_of(*plugin).extend(
                plugin->lane->index, id, view(consumer), list, {after_ms, n}, (flags & SW_ACK_STRICT) != 0,
                [call](const Status& s, std::span<const Code> each) { tokens_done(call, "extend done", s, each); }));
}

sw_status stream_read(const sw_host* host, sw_namespace* ns, sw_stream_id id, uint64_t from, uint32_t max,
                      sw_str filter, sw_fetch_done done, void* user) {
  sw_status status;
  auto* plugin = enter_stream(host, "stream.read", ns, id, done != nullptr, &status, true);
  if (plugin == nullptr) return status;
  if (max == 0 || max > kMaxFetch) return SW_INVALID;
  Call* call = begin(*plugin, done, user);
  return submitted(call, engine_of(*plugin).read(plugin->lane->index, id, from, max, view(filter),
                                                 [call](const Status& s, std::span<const stream::Delivery> deliveries) {
                                                   deliveries_done(call, "read done", s, deliveries);
                                                 }));
}

sw_status stream_purge(const sw_host* host, sw_namespace* ns, sw_stream_id id, sw_done done, void* user) {
  sw_status status;
  auto* plugin = enter_stream(host, "stream.purge", ns, id, done != nullptr, &status);
  if (plugin == nullptr) return status;
  Call* call = begin(*plugin, done, user);
  return submitted(call,
                   engine_of(*plugin).purge(plugin->lane->index, id, [call](const Status& s) { void_done(call, s); }));
}

sw_status stream_state(const sw_host* host, sw_namespace* ns, sw_stream_id id, sw_str consumer, sw_state_done done,
                       void* user) {
  sw_status status;
  auto* plugin = enter_stream(host, "stream.state", ns, id, done != nullptr, &status, true);
  if (plugin == nullptr) return status;
  Call* call = begin(*plugin, done, user);
  return submitted(call, engine_of(*plugin).state(
                             plugin->lane->index, id, view(consumer), [call](const Status& s, const stream::State& is) {
                               finish<sw_state_done>(call, "state done", [&](sw_state_done tell, void* whom) {
                                 const sw_stream_state out{sizeof(sw_stream_state),
                                                           0,
                                                           is.messages,
                                                           is.bytes,
                                                           is.first_seq,
                                                           is.last_seq,
                                                           is.available,
                                                           is.leased,
                                                           is.delayed,
                                                           is.oldest_ms};
                                 const ErrorView error(s);
                                 tell(whom, number(s), s.ok() ? &out : nullptr, error.get());
                               });
                             }));
}

}  // namespace switchyard::plugin
