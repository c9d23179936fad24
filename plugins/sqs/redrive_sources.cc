#include "plugins/sqs/redrive_sources.h"

#include "plugins/aws/text.h"
#include "plugins/sqs/queue_change.h"
#include "plugins/sqs/redrive.h"
#include "plugins/sqs/request_fields.h"

namespace switchyard::sqs {
namespace {

// In the exchange's memory.
struct Repointing {
  sw_stream_id dead_letters = 0;
  std::string_view queue, allow_policy;
  AfterSources then = nullptr;
  std::string_view source;  // Stream name of the source in work: those up to it are done.
};

struct Search {
  Call& call;
  const Realm realm;
  const Repointing& wanted;
  const sw_stream_info* found = nullptr;
  QueueAttributes attributes{};  // Of the found one.
};

// Only for a queue whose dead letters have nowhere to go: it reads the documents.
bool names_it(const Search& search, const sw_stream_info& info, QueueAttributes& attributes) {
  RedrivePolicy policy;
  if (!decode(aws::view(info.blob), attributes)) return false;
  if (parse_redrive_policy(attributes.redrive_policy, policy)) return false;
  const auto target = search.realm.parse_arn(policy.target_arn);
  std::string_view region, queue;
  if (!target || *target != search.wanted.queue || !split_stream_name(aws::view(info.name), region, queue))
    return false;
  std::string arn;
  search.realm.append_arn(arn, queue);
  return allows_source(search.wanted.allow_policy, arn);
}

std::int32_t visit_queue(void* user, const sw_stream_info* info) {
  auto& search = *static_cast<Search*>(user);
  QueueNumbers numbers;
  if (!decode_numbers(aws::view(info->blob), numbers) || numbers.dead_letter == 0) return 1;
  if (numbers.dead_letter == search.wanted.dead_letters) return 1;
  const aws::Host& host = search.call.lane.host;
  const sw_stream_info* there = nullptr;
  if (host.stream->get(host.host, search.call.ns, numbers.dead_letter, &there) == SW_OK) return 1;
  if (!names_it(search, *info, search.attributes)) return 1;
  search.found = info;
  return 0;
}

// False when there is none.
bool find_next(Search& search) {
  const aws::Host& host = search.call.lane.host;
  std::string prefix;
  search.realm.append_stream_name(prefix, "");
  host.stream->list(host.host, search.call.ns, aws::to_str(prefix), aws::to_str(search.wanted.source), visit_queue,
                    &search);
  return search.found != nullptr;
}

void on_repointed(void* user, sw_status status, const sw_stream_info*, const sw_error* error);

void repoint(Search& search, Repointing& kept) {
  kept.source = search.call.keep(aws::view(search.found->name));
  search.attributes.dead_letter = kept.dead_letters;
  store_attributes(search.call, *search.found, search.attributes, on_repointed);
}

void on_repointed(void* user, sw_status status, const sw_stream_info*, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    // The queue that is made is there now: the same request again finds what is left.
    if (status == SW_CONFLICT) return try_again(call, "A source of the dead-letter queue");
    if (status != SW_OK && status != SW_NOT_FOUND) return call.refuse(from_status(status, error));
    auto& kept = *static_cast<Repointing*>(call.state);
    Search search{call, call.realm(), kept};
    find_next(search) ? repoint(search, kept) : kept.then(call, kept.dead_letters, kept.queue);
  });
}

}  // namespace

void repoint_sources(Call& call, const sw_stream_info& dead_letters, std::string_view queue, AfterSources then) {
  if (!was_dead_letter_queue(call, aws::view(dead_letters.name))) return then(call, dead_letters.id, queue);
  QueueAttributes attributes;
  if (Refusal refusal = read_attributes(dead_letters, attributes)) return call.refuse(refusal);
  const Repointing wanted{dead_letters.id, queue, attributes.redrive_allow_policy, then, {}};
  Search search{call, call.realm(), wanted};
  if (!find_next(search)) return then(call, wanted.dead_letters, queue);
  auto* kept = call.make<Repointing>();
  *kept = wanted;
  kept->queue = call.keep(queue);
  kept->allow_policy = call.keep(attributes.redrive_allow_policy);
  call.state = kept;
  repoint(search, *kept);
}

}  // namespace switchyard::sqs
