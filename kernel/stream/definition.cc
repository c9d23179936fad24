#include "kernel/stream/definition.h"

#include <algorithm>
#include <set>

#include "kernel/base/bytes.h"

namespace switchyard::stream {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxConsumerName = 64;

// Bits of the flag fields on disk.
constexpr std::uint64_t kKeyed = 1, kDedupPerKey = 2;
constexpr std::uint64_t kOrdered = 1, kFair = 2;

void encode_consumer(ByteWriter& w, const Definition::Consumer& consumer) {
  const auto& c = consumer.config;
  w.varint(consumer.number);
  w.string(c.name);
  w.string(c.filter);
  w.varint((c.ordered ? kOrdered : 0u) | (c.fair ? kFair : 0u));
  w.varint(c.ack_wait_ms);
  w.varint(c.max_attempts);
  w.varint(c.max_leased);
  w.varint(c.dead_letter);
  w.varint(c.start_seq);
}

Definition::Consumer decode_consumer(ByteReader& r) {
  Definition::Consumer consumer;
  auto& c = consumer.config;
  consumer.number = static_cast<std::uint32_t>(r.varint());
  c.name = r.string();
  c.filter = r.string();
  const auto flags = r.varint();
  c.ordered = (flags & kOrdered) != 0;
  c.fair = (flags & kFair) != 0;
  c.ack_wait_ms = static_cast<std::uint32_t>(r.varint());
  c.max_attempts = static_cast<std::uint32_t>(r.varint());
  c.max_leased = static_cast<std::uint32_t>(r.varint());
  c.dead_letter = r.varint();
  c.start_seq = r.varint();
  return consumer;
}

Status invalid(std::string text) { return Error{Code::invalid, std::move(text)}; }

bool good_consumer_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxConsumerName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

void write_definition_key(std::string& out, NamespaceId ns, std::string_view name) {
  char number[8];
  for (int i = 0; i < 8; ++i) number[i] = static_cast<char>(ns >> (56 - 8 * i));
  out.assign(kDefinitionPrefix);
  out.append(number, sizeof number);
  out += name;
}

std::string definition_key(NamespaceId ns, std::string_view name) {
  std::string key;
  write_definition_key(key, ns, name);
  return key;
}

std::string encode_definition(const Definition& definition) {
  std::string out;
  ByteWriter w(out);
  w.u8(kVersion);
  w.varint(definition.shard);
  w.svarint(definition.created_ms);
  w.svarint(definition.updated_ms);
  const auto& c = definition.config;
  w.u8(static_cast<std::uint8_t>(c.storage));
  w.u8(static_cast<std::uint8_t>(c.retention));
  w.varint((c.keyed ? kKeyed : 0u) | (c.dedup_per_key ? kDedupPerKey : 0u));
  for (const auto value : {c.max_age_ms, c.max_messages, c.max_bytes, c.max_per_key}) w.varint(value);
  w.varint(c.max_message_bytes);
  w.varint(c.dedup_window_ms);
  w.varint(definition.consumers.size());
  for (const auto& consumer : definition.consumers) encode_consumer(w, consumer);
  w.string(definition.blob);
  return out;
}

Result<DefinitionPtr> decode_definition(std::string_view key, const store::KvEntry& entry) {
  const auto corrupt = [] { return Error{Code::corrupt, "a stream definition in the key-value records is malformed"}; };
  if (key.size() < kDefinitionPrefix.size() + 8) return corrupt();
  auto definition = std::make_shared<Definition>();
  for (std::size_t i = 0; i < 8; ++i) {
    definition->ns = definition->ns << 8 | static_cast<unsigned char>(key[kDefinitionPrefix.size() + i]);
  }
  definition->name = key.substr(kDefinitionPrefix.size() + 8);
  definition->id = entry.created;
  definition->version = entry.revision;
  ByteReader r(*entry.value);
  if (r.u8() != kVersion) return corrupt();
  definition->shard = static_cast<std::uint16_t>(r.varint() % store::kShards);
  definition->created_ms = r.svarint();
  definition->updated_ms = r.svarint();
  auto& c = definition->config;
  c.storage = static_cast<Storage>(r.u8());
  c.retention = static_cast<Retention>(r.u8());
  const auto flags = r.varint();
  c.keyed = (flags & kKeyed) != 0;
  c.dedup_per_key = (flags & kDedupPerKey) != 0;
  for (auto* value : {&c.max_age_ms, &c.max_messages, &c.max_bytes, &c.max_per_key}) *value = r.varint();
  c.max_message_bytes = static_cast<std::uint32_t>(r.varint());
  c.dedup_window_ms = static_cast<std::uint32_t>(r.varint());
  const auto consumers = r.varint();
  for (std::uint64_t i = 0; i < consumers && !r.failed(); ++i) definition->consumers.push_back(decode_consumer(r));
  definition->blob = r.string();
  if (r.failed()) return corrupt();
  return DefinitionPtr(std::move(definition));
}

Status check_definition(std::string_view name, const StreamConfig& config,
                        const std::vector<ConsumerConfig>& consumers) {
  if (name.empty() || name.size() > kMaxName) {
    return invalid("stream name has " + std::to_string(name.size()) + " bytes; 1 to 255 are allowed");
  }
  if (config.storage != Storage::file) {
    return Error{Code::unsupported, "memory streams are not in this version; use file storage"};
  }
  if (config.retention == Retention::interest || (config.retention == Retention::workqueue && consumers.size() > 1)) {
    return Error{Code::unsupported,
                 "this version has one consumer per work queue and no interest retention; use limits retention"};
  }
  std::set<std::string_view> names;
  for (const auto& consumer : consumers) {
    if (!good_consumer_name(consumer.name) || !names.insert(consumer.name).second) {
      return invalid("consumer name '" + consumer.name + "' is taken or not 1 to 64 of [A-Za-z0-9_-]");
    }
    if (consumer.ordered && config.retention != Retention::workqueue) {
      return Error{Code::unsupported, "consumer '" + consumer.name + "' is ordered per key: this version needs " +
                                          "workqueue retention for that"};
    }
    if (consumer.ordered && !config.keyed) {
      return invalid("consumer '" + consumer.name + "' is ordered per key but the stream is not keyed; set keyed");
    }
    if (consumer.fair && (consumer.ordered || !consumer.filter.empty() || config.max_per_key != 0 ||
                          config.retention != Retention::workqueue || !config.keyed)) {
      return invalid("consumer '" + consumer.name + "' is fair: that needs a keyed stream with workqueue retention " +
                     "and without max_per_key, and a consumer that is not ordered and has no filter");
    }
    if (!consumer.filter.empty() && !config.keyed) {
      return invalid("consumer '" + consumer.name + "' has a filter but the stream is not keyed; set keyed");
    }
  }
  return {};
}

}  // namespace switchyard::stream
