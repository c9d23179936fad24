// DeleteQueue, PurgeQueue, GetQueueUrl and ListQueues.
#include <vector>

#include "plugins/aws/encoding.h"
#include "plugins/aws/http_request.h"
#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/queue.h"
#include "plugins/sqs/queue_records.h"

namespace switchyard::sqs {
namespace {

constexpr std::int64_t kMaxListed = 1000;

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

// ---- ListQueues ----

struct ListInput {
  std::string_view prefix;
  std::string after;  // Name of the last queue of the page before.
  std::size_t max = kMaxListed;
  bool paged = false;
};

Refusal read_list(const Fields& fields, ListInput& in) {
  std::optional<std::string_view> prefix, token;
  std::optional<std::int64_t> max;
  if (Refusal refusal = fields.text("QueueNamePrefix", prefix)) return refusal;
  if (Refusal refusal = fields.text("NextToken", token)) return refusal;
  if (Refusal refusal = fields.integer("MaxResults", max)) return refusal;
  in.prefix = prefix.value_or("");
  if (max) {
    if (*max < 1 || *max > kMaxListed) {
      return invalid_value(*max, "MaxResults", "Must be between 1 and 1000, if provided.");
    }
    in.max = static_cast<std::size_t>(*max);
    in.paged = true;
  }
  if (token && !token->empty() && (!aws::decode_base64url(*token, in.after) || !is_queue_name(in.after))) {
    return invalid_value(*token, "NextToken", "It was not given by an earlier ListQueues.");
  }
  return {};
}

struct Listing {
  struct Entry {
    std::string name;
    sw_stream_id id;
  };
  std::vector<Entry> entries;
  std::size_t stop;  // One more than the page, to know whether a page follows.
};

std::int32_t visit_queue(void* user, const sw_stream_info* info) {
  auto& listing = *static_cast<Listing*>(user);
  std::string_view region, queue;
  if (split_stream_name(aws::view(info->name), region, queue)) {
    listing.entries.push_back({std::string(queue), info->id});
  }
  return listing.entries.size() < listing.stop ? 1 : 0;
}

}  // namespace

void delete_queue(Call& call, const Fields& fields) {
  Queue queue;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  erase_record(call, purge_key(call.stream));
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

void list_queues(Call& call, const Fields& fields) {
  ListInput in;
  if (Refusal refusal = read_list(fields, in)) return call.refuse(refusal);
  const Realm realm = call.realm();
  const aws::Host& host = call.lane.host;
  std::string prefix, after;
  realm.append_stream_name(prefix, in.prefix);
  if (!in.after.empty()) realm.append_stream_name(after, in.after);
  Listing listing{{}, in.max + 1};
  host.stream->list(host.host, call.ns, aws::to_str(prefix), aws::to_str(after), visit_queue, &listing);
  const bool more = listing.entries.size() > in.max;
  if (more) listing.entries.resize(in.max);
  const std::string_view called = aws::header(call.request(), "host");
  call.succeed([&](ReplyWriter& out) {
    if (!listing.entries.empty()) {
      std::string url;
      out.begin_list("QueueUrls");
      for (const Listing::Entry& entry : listing.entries) {
        url.clear();
        realm.append_url(url, entry.name, entry.id, called, over_tls(call));
        out.text_item("QueueUrl", url);
      }
      out.end_list();
    }
    if (more && in.paged) {
      std::string token;
      aws::append_base64url(token, listing.entries.back().name);
      out.text("NextToken", token);
    }
  });
}

}  // namespace switchyard::sqs
