// StartMessageMoveTask, CancelMessageMoveTask and ListMessageMoveTasks.
#include <algorithm>
#include <vector>

#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/move_runner.h"
#include "plugins/sqs/move_task.h"
#include "plugins/sqs/queue.h"
#include "plugins/sqs/request_fields.h"

namespace switchyard::sqs {
namespace {

constexpr std::int64_t kMaxRate = 500;

Refusal no_resource(std::string_view parameter) {
  return {kResourceNotFound,
          "The resource that you specified for the " + std::string(parameter) + " parameter doesn't exist."};
}

Refusal no_task() { return {kResourceNotFound, "Task does not exist."}; }

// The queue that an ARN names.
Refusal find_by_arn(Call& call, const Realm& realm, std::string_view arn, std::string_view parameter, Queue& out) {
  const auto name = realm.parse_arn(arn);
  out.realm = realm;
  out.info = name && is_queue_name(*name) ? find_stream(call, realm, *name) : nullptr;
  if (out.info == nullptr) return no_resource(parameter);
  if (!decode_numbers(aws::view(out.info->blob), out.numbers)) {
    return {aws::kInternalError, "The stored attributes of the queue are of a form that this version cannot read."};
  }
  out.name = *name;
  return {};
}

// Sets call.stream.
Refusal find_source(Call& call, const Fields& fields, Queue& out) {
  std::optional<std::string_view> arn;
  if (Refusal refusal = fields.text("SourceArn", arn)) return refusal;
  if (!arn || arn->empty()) return missing_parameter("SourceArn");
  if (Refusal refusal = find_by_arn(call, call.realm(), *arn, "SourceArn", out)) return refusal;
  call.stream = out.info->id;
  return {};
}

// Is it the dead-letter queue of another?
bool has_sources(const Call& call, sw_stream_id queue) {
  struct Search {
    sw_stream_id queue;
    bool found;
  } search{queue, false};
  const aws::Host& host = call.lane.host;
  std::string prefix;
  call.realm().append_stream_name(prefix, "");
  host.stream->list(
      host.host, call.ns, aws::to_str(prefix), aws::to_str(""),
      [](void* user, const sw_stream_info* info) -> std::int32_t {
        auto& wanted = *static_cast<Search*>(user);
        QueueNumbers numbers;
        wanted.found = decode_numbers(aws::view(info->blob), numbers) && numbers.dead_letter == wanted.queue;
        return wanted.found ? 0 : 1;
      },
      &search);
  return search.found;
}

std::size_t running_tasks(const Call& call) {
  std::size_t n = 0;
  const aws::Host& host = call.lane.host;
  host.kv->scan(
      host.host, call.ns, aws::to_str(kMovingPrefix), aws::to_str(""),
      [](void* user, sw_str, sw_bytes, std::uint64_t) -> std::int32_t {
        ++*static_cast<std::size_t*>(user);
        return 1;
      },
      &n);
  return n;
}

// ---- stored tasks of a queue ----

struct Stored {
  MoveTask task;
  std::string key;
  std::uint64_t revision = 0;
};

std::optional<Stored> active_task(const Call& call, sw_stream_id queue) {
  const aws::Host& host = call.lane.host;
  Stored stored;
  stored.key = moving_key(queue);
  sw_bytes value{};
  if (host.kv->get(host.host, call.ns, aws::to_str(stored.key), &value, &stored.revision) != SW_OK) return std::nullopt;
  auto task = decode_task(aws::view(value));
  if (!task) return std::nullopt;
  stored.task = std::move(*task);
  return stored;
}

// Oldest first.
std::vector<Stored> ended_tasks(const Call& call, sw_stream_id queue) {
  std::vector<Stored> out;
  const aws::Host& host = call.lane.host;
  host.kv->scan(
      host.host, call.ns, aws::to_str(moved_prefix(queue)), aws::to_str(""),
      [](void* user, sw_str key, sw_bytes value, std::uint64_t revision) -> std::int32_t {
        auto& list = *static_cast<std::vector<Stored>*>(user);
        auto task = decode_task(aws::view(value));
        list.push_back({task ? std::move(*task) : MoveTask{}, std::string(aws::view(key)), revision});
        return 1;
      },
      &out);
  return out;
}

void erase(const Call& call, const std::string& key) {
  const aws::Host& host = call.lane.host;
  host.kv->erase(
      host.host, call.ns, aws::to_str(key), SW_KV_ANY, [](void*, sw_status, std::uint64_t, const sw_error*) {},
      nullptr);
}

// ---- StartMessageMoveTask ----

// Outlives the exchange: the task runs also when its client has gone.
struct StartState {
  MoveTask task;
  std::string handle;
};

Refusal already_running() {
  return {kInvalidParameterValue,
          "There is already a task running. Only one active task is allowed for a source queue arn at a given time."};
}

void on_task_stored(void* user, sw_status status, std::uint64_t revision, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    const std::unique_ptr<StartState> state(static_cast<StartState*>(call.state));
    if (status == SW_CONFLICT) return call.refuse(already_running());
    if (status != SW_OK) return call.refuse(from_status(status, error));
    call.lane.moves.run(call.ns, call.stream, std::move(state->task), revision);
    call.succeed([&](ReplyWriter& out) { out.text("TaskHandle", state->handle); });
  });
}

void on_counted(void* user, sw_status status, const sw_stream_state* counts, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    std::unique_ptr<StartState> state(static_cast<StartState*>(call.state));
    if (status != SW_OK) return call.refuse(from_status(status, error));
    state->task.to_move = static_cast<std::int64_t>(counts->available);
    const aws::Host& host = call.lane.host;
    const std::string key = moving_key(call.stream), value = encode_task(state->task);
    const sw_status started =
        host.kv->put(host.host, call.ns, aws::to_str(key), aws::to_bytes(value), 0, on_task_stored, &call);
    if (started != SW_OK) return call.refuse(from_status(started, nullptr));
    static_cast<void>(state.release());
  });
}

Refusal read_destination(Call& call, const Fields& fields, const Queue& source, MoveTask& task) {
  std::optional<std::string_view> arn;
  if (Refusal refusal = fields.text("DestinationArn", arn)) return refusal;
  if (!arn || arn->empty()) return {};
  Queue destination;
  if (Refusal refusal = find_by_arn(call, source.realm, *arn, "DestinationArn", destination)) return refusal;
  if (destination.info->id == source.info->id) {
    return invalid_value(*arn, "DestinationArn", "It must be another queue than the source.");
  }
  if (destination.numbers.fifo != source.numbers.fifo) {
    return invalid_value(*arn, "DestinationArn", "Source and destination must be queues of the same type.");
  }
  task.target = destination.info->id;
  task.destination = destination.name;
  return {};
}

Refusal read_rate(const Fields& fields, MoveTask& task) {
  std::optional<std::int64_t> rate;
  if (Refusal refusal = fields.integer("MaxNumberOfMessagesPerSecond", rate)) return refusal;
  if (rate && (*rate < 1 || *rate > kMaxRate)) {
    return invalid_value(*rate, "MaxNumberOfMessagesPerSecond", "Must be between 1 and 500, if provided.");
  }
  task.rate = rate.value_or(0);
  return {};
}

// ---- ListMessageMoveTasks ----

void write_task(ReplyWriter& out, const Realm& realm, std::string_view source_arn, const MoveTask& task) {
  out.begin_item("ListMessageMoveTasksResultEntry");
  if (task.status == kMoveRunning) out.text("TaskHandle", task_handle(task.id, source_arn));
  out.text("Status", task.status);
  out.text("SourceArn", source_arn);
  if (!task.destination.empty()) {
    std::string arn;
    realm.append_arn(arn, task.destination);
    out.text("DestinationArn", arn);
  }
  if (task.rate != 0) out.number("MaxNumberOfMessagesPerSecond", task.rate);
  out.number("ApproximateNumberOfMessagesMoved", task.moved);
  out.number("ApproximateNumberOfMessagesToMove", task.to_move);
  if (!task.reason.empty()) out.text("FailureReason", task.reason);
  out.number("StartedTimestamp", task.started_ms);
  out.end_item("ListMessageMoveTasksResultEntry");
}

// ---- CancelMessageMoveTask ----

struct CancelState {
  std::string_view id;
  std::int64_t moved = 0;
};

void on_cancelled(void* user, sw_status status, std::uint64_t, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    const auto& state = *static_cast<const CancelState*>(call.state);
    // Progress was stored at the same moment: the next look sees it.
    if (status == SW_CONFLICT) return try_again(call, "The task");
    if (status != SW_OK) return call.refuse(from_status(status, error));
    call.succeed([&](ReplyWriter& out) { out.number("ApproximateNumberOfMessagesMoved", state.moved); });
  });
}

void store_cancellation(Call& call) {
  auto& state = *static_cast<CancelState*>(call.state);
  auto active = active_task(call, call.stream);
  if (!active || active->task.id != state.id) return call.refuse(no_task());
  state.moved = active->task.moved;
  active->task.status = kMoveCancelling;
  const aws::Host& host = call.lane.host;
  const std::string value = encode_task(active->task);
  const sw_status status = host.kv->put(host.host, call.ns, aws::to_str(active->key), aws::to_bytes(value),
                                        active->revision, on_cancelled, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

}  // namespace

void start_message_move_task(Call& call, const Fields& fields) {
  Queue source;
  auto state = std::make_unique<StartState>();
  if (Refusal refusal = find_source(call, fields, source)) return call.refuse(refusal);
  if (!has_sources(call, call.stream)) {
    return call.refuse({kInvalidParameterValue, "Source queue must be configured as a Dead Letter Queue."});
  }
  if (Refusal refusal = read_destination(call, fields, source, state->task)) return call.refuse(refusal);
  if (Refusal refusal = read_rate(fields, state->task)) return call.refuse(refusal);
  if (active_task(call, call.stream)) return call.refuse(already_running());
  if (running_tasks(call) >= kMaxRunningMoves) {
    return call.refuse({kOverLimit, "This account has " + std::to_string(kMaxRunningMoves) +
                                        " message move tasks running, the most there may be; wait for one to end."});
  }
  auto ended = ended_tasks(call, call.stream);
  for (std::size_t i = 0; i + kMaxEndedMoves <= ended.size(); ++i) erase(call, ended[i].key);
  const aws::Host& host = call.lane.host;
  call.lane.ids.append_uuid(state->task.id);
  state->task.status = kMoveRunning;
  state->task.started_ms = host.clock->wall_ms(host.host);
  state->task.process = call.lane.moves.process();
  std::string arn;
  source.realm.append_arn(arn, source.name);
  state->handle = task_handle(state->task.id, arn);
  call.state = state.get();
  const sw_status status =
      host.stream->state(host.host, call.ns, call.stream, aws::to_str(kConsumer), on_counted, &call);
  if (status != SW_OK) return call.refuse(from_status(status, nullptr));
  static_cast<void>(state.release());
}

void cancel_message_move_task(Call& call, const Fields& fields) {
  std::optional<std::string_view> handle;
  if (Refusal refusal = fields.text("TaskHandle", handle)) return call.refuse(refusal);
  if (!handle || handle->empty()) return call.refuse(missing_parameter("TaskHandle"));
  std::string id, arn;
  if (!read_task_handle(*handle, id, arn)) {
    return call.refuse({kInvalidParameterValue, "Value for parameter TaskHandle is invalid."});
  }
  Queue source;
  if (Refusal refusal = find_by_arn(call, call.realm(), arn, "SourceArn", source)) return call.refuse(refusal);
  call.stream = source.info->id;
  auto* state = call.make<CancelState>();
  state->id = call.keep(id);
  call.state = state;
  store_cancellation(call);
}

void list_message_move_tasks(Call& call, const Fields& fields) {
  Queue source;
  std::optional<std::int64_t> max;
  if (Refusal refusal = find_source(call, fields, source)) return call.refuse(refusal);
  if (Refusal refusal = fields.integer("MaxResults", max)) return call.refuse(refusal);
  if (max && (*max < 1 || *max > static_cast<std::int64_t>(kMaxEndedMoves))) {
    return call.refuse(invalid_value(*max, "MaxResults", "Must be between 1 and 10, if provided."));
  }
  auto tasks = ended_tasks(call, call.stream);
  if (auto active = active_task(call, call.stream)) {
    // Between its end and its removal a task is in both places.
    std::erase_if(tasks, [&](const Stored& ended) { return ended.task.id == active->task.id; });
    tasks.push_back(std::move(*active));
  }
  std::string arn;
  source.realm.append_arn(arn, source.name);
  const auto n = std::min(tasks.size(), static_cast<std::size_t>(max.value_or(1)));
  call.succeed([&](ReplyWriter& out) {
    out.begin_list("Results");
    for (std::size_t i = 0; i < n; ++i) write_task(out, source.realm, arn, tasks[tasks.size() - 1 - i].task);
    out.end_list();
  });
}

void forget_move_tasks(Call& call, sw_stream_id queue) {
  if (const auto active = active_task(call, queue)) erase(call, active->key);
  for (const Stored& ended : ended_tasks(call, queue)) erase(call, ended.key);
}

}  // namespace switchyard::sqs
