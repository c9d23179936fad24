#include "kernel/plugin/stream_convert.h"

#include <cstring>

#include "kernel/plugin/convert.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxConsumers = 1024;
constexpr std::size_t kMaxConsumerName = 64;

bool is_consumer_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxConsumerName) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

sw_stream_config config_out(const stream::StreamConfig& from) {
  sw_stream_config to{};
  to.size = sizeof to;
  to.storage = static_cast<std::uint32_t>(from.storage);
  to.retention = static_cast<std::uint32_t>(from.retention);
  to.flags = (from.keyed ? SW_STREAM_KEYED : 0) | (from.dedup_per_key ? SW_STREAM_DEDUP_PER_KEY : 0);
  to.max_age_ms = from.max_age_ms;
  to.max_messages = from.max_messages;
  to.max_bytes = from.max_bytes;
  to.max_per_key = from.max_per_key;
  to.max_message_bytes = from.max_message_bytes;
  to.dedup_window_ms = from.dedup_window_ms;
  return to;
}

sw_consumer_config consumer_out(const stream::ConsumerConfig& from) {
  sw_consumer_config to{};
  to.size = sizeof to;
  to.flags = (from.ordered ? SW_CONSUMER_ORDERED : 0) | (from.fair ? SW_CONSUMER_FAIR : 0);
  to.name = str(from.name);
  to.filter = str(from.filter);
  to.ack_wait_ms = from.ack_wait_ms;
  to.max_attempts = from.max_attempts;
  to.max_leased = from.max_leased;
  to.dead_letter = from.dead_letter;
  to.start_seq = from.start_seq;
  return to;
}

Result<stream::ConsumerConfig> consumer_in(const sw_consumer_config* from) {
  if (from == nullptr || from->size < sizeof(sw_consumer_config)) {
    return Error{Code::invalid, "a consumer's configuration is smaller than the header says"};
  }
  if (!is_consumer_name(view(from->name))) {
    return Error{Code::invalid, "the consumer name '" + std::string(view(from->name).substr(0, kMaxConsumerName)) +
                                    "' is not 1 to 64 of [A-Za-z0-9_-]"};
  }
  stream::ConsumerConfig to;
  to.name = view(from->name);
  to.filter = view(from->filter);
  to.ordered = (from->flags & SW_CONSUMER_ORDERED) != 0;
  to.fair = (from->flags & SW_CONSUMER_FAIR) != 0;
  to.ack_wait_ms = from->ack_wait_ms;
  to.max_attempts = from->max_attempts;
  to.max_leased = from->max_leased;
  to.dead_letter = from->dead_letter;
  to.start_seq = from->start_seq;
  return to;
}

}  // namespace

Result<stream::StreamConfig> stream_config(const sw_stream_config* from) {
  if (from == nullptr || from->size < sizeof(sw_stream_config)) {
    return Error{Code::invalid, "the stream's configuration is smaller than the header says"};
  }
  if (from->storage > SW_STORAGE_MEMORY || from->retention > SW_RETAIN_INTEREST) {
    return Error{Code::invalid, "the stream's storage or retention is not one of the header's numbers"};
  }
  stream::StreamConfig to;
  to.storage = static_cast<stream::Storage>(from->storage);
  to.retention = static_cast<stream::Retention>(from->retention);
  to.keyed = (from->flags & SW_STREAM_KEYED) != 0;
  to.dedup_per_key = (from->flags & SW_STREAM_DEDUP_PER_KEY) != 0;
  to.max_age_ms = from->max_age_ms;
  to.max_messages = from->max_messages;
  to.max_bytes = from->max_bytes;
  to.max_per_key = from->max_per_key;
  to.max_message_bytes = from->max_message_bytes;
  to.dedup_window_ms = from->dedup_window_ms;
  return to;
}

Result<std::vector<stream::ConsumerConfig>> consumer_configs(const sw_consumer_config* const* from, std::size_t n) {
  if (n > kMaxConsumers) {
    return Error{Code::quota,
                 std::to_string(n) + " consumers at once; a call may define " + std::to_string(kMaxConsumers)};
  }
  std::vector<stream::ConsumerConfig> to;
  for (std::size_t i = 0; i < n; ++i) {
    auto consumer = consumer_in(from[i]);
    if (!consumer) return std::move(consumer).error();
    to.push_back(std::move(*consumer));
  }
  return to;
}

const sw_stream_info* lend_definition(Scratch& scratch, stream::DefinitionPtr definition) {
  const auto& from = *definition;
  auto* config = scratch.array<sw_stream_config>(1);
  *config = config_out(from.config);
  const auto n = from.consumers.size();
  auto* consumers = scratch.array<sw_consumer_config>(n);
  auto** list = scratch.array<const sw_consumer_config*>(n);
  for (std::size_t i = 0; i < n; ++i) {
    consumers[i] = consumer_out(from.consumers[i].config);
    list[i] = &consumers[i];
  }
  auto* info = scratch.array<sw_stream_info>(1);
  *info = {sizeof(sw_stream_info),
           0,
           from.id,
           from.version,
           from.created_ms,
           from.updated_ms,
           str(from.name),
           bytes(from.blob),
           config,
           list,
           n};
  scratch.definitions.push_back(std::move(definition));
  return info;
}

std::span<const stream::MessageIn> messages_in(Scratch& scratch, const sw_message* const* from, std::size_t n) {
  auto* to = scratch.array<stream::MessageIn>(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto* message = from[i];
    if (message == nullptr || message->size < sizeof(sw_message)) return {};
    to[i] = {view(message->key),       view(message->dedup_id),
             message->header_format,   message->delay_ms,
             view(message->headers),   view(message->body),
             message->expect_last_seq, (message->flags & SW_MESSAGE_EXPECT_LAST) != 0};
  }
  return {to, n};
}

const sw_appended* const* appended_out(Scratch& scratch, std::span<const stream::Appended> from) {
  auto* to = scratch.array<sw_appended>(from.size());
  auto** list = scratch.array<const sw_appended*>(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    to[i] = {sizeof(sw_appended),
             number(from[i].status),
             from[i].duplicate ? SW_APPENDED_DUPLICATE : 0,
             0,
             from[i].seq,
             from[i].time_ms,
             {}};
    static_assert(sizeof to->id == sizeof(stream::MessageId));
    std::memcpy(to[i].id, from[i].id.data(), sizeof to[i].id);
    list[i] = &to[i];
  }
  return list;
}

const sw_delivery* const* deliveries_out(Scratch& scratch, std::span<const stream::Delivery> from) {
  auto* to = scratch.array<sw_delivery>(from.size());
  auto** list = scratch.array<const sw_delivery*>(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto& d = from[i];
    to[i] = {sizeof(sw_delivery),
             0,
             {d.token.seq, d.token.attempt, 0},
             {},
             d.time_ms,
             d.first_delivered_ms,
             str(d.key),
             str(d.dedup_id),
             d.header_format,
             0,
             bytes(d.headers),
             bytes(d.body),
             str(d.source),
             d.delivered_ms};
    std::memcpy(to[i].id, d.id.data(), sizeof to[i].id);
    list[i] = &to[i];
  }
  return list;
}

std::span<const stream::Token> tokens_in(Scratch& scratch, const sw_token* from, std::size_t n) {
  auto* to = scratch.array<stream::Token>(n);
  for (std::size_t i = 0; i < n; ++i) to[i] = {from[i].seq, from[i].attempt};
  return {to, n};
}

}  // namespace switchyard::plugin
