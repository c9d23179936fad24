// DeleteQueue, PurgeQueue and GetQueueUrl.
#include "plugins/aws/http_request.h"
#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/move_task.h"
#include "plugins/sqs/queue.h"
#include "plugins/sqs/queue_records.h"

namespace switchyard::sqs {
namespace {

bool over_tls(const Call& call) { return (call.request().flags & SW_HTTP_TLS) != 0; }

// An operation whose only answer is that it is done.
void on_done(void* user, sw_status status, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] { status == SW_OK ? call.succeed() : call.refuse(from_status(status, error)); });
}

// ---- DeleteQueue ----

void remove_stream(Call& call) {
  const aws::Host& host = call.lane.host;
  const sw_status status = host.stream->remove(host.host, call.ns, call.stream, on_done, &call);
  if (status != SW_OK) return call.refuse(from_status(status, nullptr));
}

void on_deletion_recorded(void* user, sw_status, std::uint64_t, const sw_error*) {
  Call& call = *static_cast<Call*>(user);
  // Two deletions at once write one record; which of them does not matter.
  guarded(call, [&] { remove_stream(call); });
}

// ---- PurgeQueue ----

Refusal purge_in_progress(std::string_view queue, std::int64_t wait_ms) {
  return {kPurgeQueueInProgress, "Only one PurgeQueue operation on " + std::string(queue) + " is allowed every " +
                                     std::to_string((wait_ms + 999) / 1000) + " seconds."};
}

struct PurgeState {
  std::string_view queue;
  std::int64_t wait_ms = 0;
};

void purge_stream(Call& call) {
  const aws::Host& host = call.lane.host;
  const sw_status status = host.stream->purge(host.host, call.ns, call.stream, on_done, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

void on_purge_recorded(void* user, sw_status status, std::uint64_t, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (status == SW_OK) return purge_stream(call);
    if (status != SW_CONFLICT || call.gone()) return call.refuse(from_status(status, error));
    const auto& state = *static_cast<const PurgeState*>(call.state);
    call.refuse(purge_in_progress(state.queue, state.wait_ms));
  });
}

}  // namespace

void delete_queue(Call& call, const Fields& fields) {
  Queue queue;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  erase_record(call, purge_key(call.stream));
  forget_move_tasks(call, call.stream);
  const std::int64_t wait_ms = call.lane.settings.recreate_wait_ms();
  if (wait_ms == 0) return remove_stream(call);
  const aws::Host& host = call.lane.host;
  const std::int64_t now_ms = host.clock->wall_ms(host.host);
  const std::string key = deletion_key(aws::view(queue.info->name));
  sweep_deletions(call, now_ms, wait_ms);
  const sw_status status = write_record(call, key, now_ms, read_record(call, key), on_deletion_recorded);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

void purge_queue(Call& call, const Fields& fields) {
  Queue queue;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  const std::int64_t wait_ms = call.lane.settings.purge_wait_ms();
  if (wait_ms == 0) return purge_stream(call);
  const aws::Host& host = call.lane.host;
  const std::int64_t now_ms = host.clock->wall_ms(host.host);
  const std::string key = purge_key(call.stream);
  const TimeRecord last = read_record(call, key);
  if (last.within(now_ms, wait_ms)) return call.refuse(purge_in_progress(queue.name, wait_ms));
  auto* state = call.make<PurgeState>();
  state->queue = call.keep(queue.name);
  state->wait_ms = wait_ms;
  call.state = state;
  const sw_status status = write_record(call, key, now_ms, last, on_purge_recorded);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

void get_queue_url(Call& call, const Fields& fields) {
  std::optional<std::string_view> name, owner;
  if (Refusal refusal = fields.text("QueueName", name)) return call.refuse(refusal);
  if (Refusal refusal = fields.text("QueueOwnerAWSAccountId", owner)) return call.refuse(refusal);
  if (!name || name->empty()) return call.refuse(missing_parameter("QueueName"));
  const Realm realm = call.realm();
  const bool foreign = owner && !owner->empty() && *owner != realm.owner() && *owner != realm.folder_id();
  const sw_stream_info* info = foreign || !is_queue_name(*name) ? nullptr : find_stream(call, realm, *name);
  if (info == nullptr) return call.refuse(queue_does_not_exist());
  std::string url;
  realm.append_url(url, *name, info->id, aws::header(call.request(), "host"), over_tls(call));
  call.succeed([&](ReplyWriter& out) { out.text("QueueUrl", url); });
}

}  // namespace switchyard::sqs
