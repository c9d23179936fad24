// CreateQueue: a stream with its one consumer; creating the same queue again answers its URL.
#include <vector>

#include "plugins/aws/http_request.h"
#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/queue_change.h"
#include "plugins/sqs/queue_records.h"
#include "plugins/sqs/redrive.h"
#include "plugins/sqs/redrive_sources.h"
#include "plugins/sqs/tags.h"

namespace switchyard::sqs {
namespace {

struct Input {
  std::string_view name;
  std::vector<TextPair> attributes, tags;
};

// What the completion needs to judge a queue that somebody else created meanwhile.
struct State {
  std::string_view name;
  TextPair* attributes = nullptr;
  std::size_t attribute_count = 0;
};

Refusal read(const Fields& fields, Input& in) {
  std::optional<std::string_view> name;
  if (Refusal refusal = fields.text("QueueName", name)) return refusal;
  if (!name || name->empty()) return missing_parameter("QueueName");
  in.name = *name;
  if (Refusal refusal = fields.text_map({"Attributes", "Attribute"}, in.attributes)) return refusal;
  return read_tags(fields, "tags", in.tags);
}

Refusal check_name(std::string_view name, bool fifo) {
  if (fifo) {
    if (is_queue_name(name) && is_fifo_name(name)) return {};
    return {kInvalidParameterValue,
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end "
            "with .fifo suffix and be 1 to 80 in length."};
  }
  if (is_queue_name(name) && !is_fifo_name(name)) return {};
  return {kInvalidParameterValue,
          "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"};
}

// The kind of queue decides what a name and every other attribute may be, so it is read before them.
Refusal read_kind(const Input& in, bool& fifo) {
  for (const TextPair& pair : in.attributes) {
    if (pair.name != "FifoQueue") continue;
    if (Refusal refusal = read_fifo(pair.value, fifo)) return refusal;
  }
  return check_name(in.name, fifo);
}

Refusal apply(Call& call, const Realm& realm, const Input& in, QueueAttributes& attributes) {
  bool asked_managed = false;
  if (Refusal refusal = read_kind(in, attributes.fifo)) return refusal;
  for (const TextPair& pair : in.attributes) {
    if (Refusal refusal = set_attribute(attributes, pair.name, pair.value, realm.ns->max_message_bytes)) return refusal;
    if (pair.name == "SqsManagedSseEnabled") asked_managed = attributes.managed_encryption;
  }
  if (Refusal refusal = check_fifo(attributes)) return refusal;
  if (Refusal refusal = check_encryption(attributes, asked_managed)) return refusal;
  if (Refusal refusal = add_tags(attributes, in.name, in.tags)) return refusal;
  return resolve_redrive(call, realm, in.name, attributes);
}

void answer_url(Call& call, sw_stream_id id, std::string_view queue) {
  std::string url;
  call.realm().append_url(url, queue, id, aws::header(call.request(), "host"),
                          (call.request().flags & SW_HTTP_TLS) != 0);
  call.succeed([&](ReplyWriter& out) { out.text("QueueUrl", url); });
}

// The queue is there: that is the answer when no given attribute differs.
void answer_existing(Call& call, const sw_stream_info& info, std::string_view queue, const TextPair* pairs,
                     std::size_t n) {
  QueueAttributes present;
  if (Refusal refusal = read_attributes(info, present)) return call.refuse(refusal);
  const std::uint32_t namespace_max = call.realm().ns->max_message_bytes;
  for (std::size_t i = 0; i < n; ++i) {
    QueueAttributes wanted = present;
    if (Refusal refusal = set_attribute(wanted, pairs[i].name, pairs[i].value, namespace_max)) {
      return call.refuse(refusal);
    }
    const std::string before = get_attribute(present, pairs[i].name, namespace_max).value_or("");
    const std::string after = get_attribute(wanted, pairs[i].name, namespace_max).value_or("");
    if (!same_document(before, after)) {
      return call.refuse(
          {kQueueNameExists, "A queue already exists with the same name and a different value for attribute " +
                                 std::string(pairs[i].name)});
    }
  }
  repoint_sources(call, info, queue, answer_url);
}

void on_created(void* user, sw_status status, const sw_stream_info* info, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (call.gone()) return call.drop();
    const State& state = *static_cast<State*>(call.state);
    if (status == SW_OK) return repoint_sources(call, *info, state.name, answer_url);
    if (status == SW_EXISTS && info != nullptr) {
      return answer_existing(call, *info, state.name, state.attributes, state.attribute_count);
    }
    call.refuse(from_status(status, error));
  });
}

Refusal check_recreation(Call& call, std::string_view stream_name) {
  const std::int64_t wait_ms = call.lane.settings.recreate_wait_ms();
  if (wait_ms == 0) return {};
  const std::int64_t now_ms = call.lane.host.clock->wall_ms(call.lane.host.host);
  if (!read_record(call, deletion_key(stream_name)).within(now_ms, wait_ms)) return {};
  return {kQueueDeletedRecently, "You must wait " + std::to_string((wait_ms + 999) / 1000) +
                                     " seconds after deleting a queue before you can create another with the same "
                                     "name."};
}

void keep_state(Call& call, const Input& in) {
  auto* state = call.make<State>();
  state->name = call.keep(in.name);
  state->attributes = call.make<TextPair>(in.attributes.size());
  state->attribute_count = in.attributes.size();
  for (std::size_t i = 0; i < in.attributes.size(); ++i) {
    state->attributes[i] = {call.keep(in.attributes[i].name), call.keep(in.attributes[i].value)};
  }
  call.state = state;
}

}  // namespace

void create_queue(Call& call, const Fields& fields) {
  Input in;
  if (Refusal refusal = read(fields, in)) return call.refuse(refusal);
  const Realm realm = call.realm();
  QueueAttributes attributes;
  if (Refusal refusal = apply(call, realm, in, attributes)) return call.refuse(refusal);
  if (const sw_stream_info* info = find_stream(call, realm, in.name)) {
    return answer_existing(call, *info, in.name, in.attributes.data(), in.attributes.size());
  }
  std::string stream_name;
  realm.append_stream_name(stream_name, in.name);
  if (Refusal refusal = check_recreation(call, stream_name)) return call.refuse(refusal);
  const aws::Host& host = call.lane.host;
  attributes.created_s = attributes.modified_s = host.clock->wall_ms(host.host) / 1000;
  std::string blob;
  encode(blob, attributes);
  keep_state(call, in);
  const sw_stream_config config = stream_config(attributes, true);
  const sw_consumer_config consumer = consumer_config(attributes, true);
  const sw_consumer_config* const consumers[] = {&consumer};
  const sw_status status = host.stream->create(host.host, call.ns, aws::to_str(stream_name), &config, consumers, 1,
                                               aws::to_bytes(blob), on_created, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

}  // namespace switchyard::sqs
