// TagQueue, UntagQueue and ListQueueTags, and the tags of a CreateQueue.
#include <algorithm>
#include <vector>

#include "plugins/sqs/actions.h"
#include "plugins/sqs/queue_change.h"
#include "plugins/sqs/tags.h"

namespace switchyard::sqs {
namespace {

constexpr std::size_t kMaxTags = 50, kMaxKey = 128, kMaxValue = 256;

Refusal refuse(std::string text) { return {kInvalidParameterValue, std::move(text)}; }

// Characters, not bytes: continuation bytes of UTF-8 do not count.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Refusal check_tag(const TextPair& tag) {
  const std::size_t key = characters(tag.name);
  if (key < 1 || key > kMaxKey) return refuse("Tag keys must be between 1 and 128 characters in length.");
  if (characters(tag.value) > kMaxValue) {
    return refuse("Tag values must be between 0 and 256 characters in length.");
  }
  return {};
}

}  // namespace

Refusal read_tags(const Fields& fields, std::string_view json_name, std::vector<TextPair>& out) {
  if (Refusal refusal = fields.text_map({json_name, "Tag"}, out, "Key")) return refusal;
  for (const TextPair& tag : out) {
    if (Refusal refusal = check_tag(tag)) return refusal;
  }
  return {};
}

Refusal add_tags(QueueAttributes& attributes, std::string_view queue, const std::vector<TextPair>& tags) {
  for (const TextPair& tag : tags) attributes.tags.insert_or_assign(std::string(tag.name), std::string(tag.value));
  if (attributes.tags.size() <= kMaxTags) return {};
  return refuse("Too many tags added for queue " + std::string(queue) + ". It would have " +
                std::to_string(attributes.tags.size()) + "; the most is 50.");
}

void tag_queue(Call& call, const Fields& fields) {
  Queue queue;
  std::vector<TextPair> tags;
  QueueAttributes attributes;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_tags(fields, "Tags", tags)) return call.refuse(refusal);
  if (tags.empty()) return call.refuse(missing_parameter("Tags"));
  if (Refusal refusal = read_attributes(queue, attributes)) return call.refuse(refusal);
  if (Refusal refusal = add_tags(attributes, queue.name, tags)) return call.refuse(refusal);
  change_queue(call, queue, attributes);
}

void untag_queue(Call& call, const Fields& fields) {
  Queue queue;
  std::vector<std::string_view> keys;
  QueueAttributes attributes;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = fields.texts({"TagKeys", "TagKey"}, keys)) return call.refuse(refusal);
  if (keys.empty()) return call.refuse(missing_parameter("TagKeys"));
  if (Refusal refusal = read_attributes(queue, attributes)) return call.refuse(refusal);
  bool any = false;
  for (const std::string_view key : keys) {
    const auto at = attributes.tags.find(key);
    if (at == attributes.tags.end()) continue;  // As good as removed.
    attributes.tags.erase(at);
    any = true;
  }
  any ? change_queue(call, queue, attributes) : call.succeed();
}

void list_queue_tags(Call& call, const Fields& fields) {
  Queue queue;
  QueueAttributes attributes;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_attributes(queue, attributes)) return call.refuse(refusal);
  call.succeed([&](ReplyWriter& out) {
    if (attributes.tags.empty()) return;
    out.begin_map("Tags");
    for (const auto& [key, value] : attributes.tags) out.entry("Tag", key, value, "Key");
    out.end_map();
  });
}

}  // namespace switchyard::sqs
