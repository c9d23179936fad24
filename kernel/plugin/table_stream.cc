// Table stream/1, definitions: create, update, remove, find, get, list; and sealed tokens.
#include <functional>

#include "kernel/base/log.h"
#include "kernel/plugin/calls.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"
#include "kernel/plugin/stream_access.h"
#include "kernel/plugin/stream_convert.h"
#include "kernel/plugin/stream_messages.h"
#include "kernel/plugin/tables.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kMaxBlobBytes = 256 * 1024;

// The header gives create and update no error to fill: what was wrong goes to the log.
sw_status refuse(const PluginLane& plugin, const char* what, const Error& error) {
  log::warn("plugin.refused", {{"plugin", plugin.instance->name()}, {"call", what}, {"why", error.message}});
  return number(error.code);
}

void definition_done(Call* call, const Status& status, stream::DefinitionPtr definition) {
  auto& scratch = call->plugin->lane->scratch;
  finish<sw_stream_done>(call, "stream done", [&](sw_stream_done tell, void* user) {
    const auto* info = definition == nullptr ? nullptr : lend_definition(scratch, std::move(definition));
    tell(user, number(status), info, ErrorView(status).get());
  });
}

struct Definition {
  stream::StreamConfig config;
  std::vector<stream::ConsumerConfig> consumers;
};

Result<Definition> judge(const PluginLane& plugin, const sw_namespace& ns, const sw_stream_config* config,
                         const sw_consumer_config* const* consumers, std::size_t n, sw_bytes blob) {
  if (blob.len > kMaxBlobBytes) {
    return Error{Code::quota, "the stream's blob has " + std::to_string(blob.len) + " bytes; at most " +
                                  std::to_string(kMaxBlobBytes) + " are kept"};
  }
  auto parsed = stream_config(config);
  if (!parsed) return std::move(parsed).error();
  auto list = consumer_configs(consumers, n);
  if (!list) return std::move(list).error();
  for (const auto& consumer : *list) {
    if (consumer.dead_letter == 0 || find_stream(plugin, ns, consumer.dead_letter) != nullptr) continue;
    return Error{Code::invalid,
                 "the dead-letter stream of the consumer '" + consumer.name + "' does not exist in this namespace"};
  }
  return Definition{*parsed, std::move(*list)};
}

sw_status create(const sw_host* host, sw_namespace* ns, sw_str name, const sw_stream_config* config,
                 const sw_consumer_config* const* consumers, std::size_t n, sw_bytes blob, sw_stream_done done,
                 void* user) {
  sw_status status;
  auto* plugin = stream_caller(host, "stream.create", ns, &status);
  if (plugin == nullptr) return status;
  if (done == nullptr || name.len == 0 || name.len > kMaxNameBytes) return SW_INVALID;
  if (!namespace_exists(*plugin, *ns)) return SW_NOT_FOUND;
  auto definition = judge(*plugin, *ns, config, consumers, n, blob);
  if (!definition) return refuse(*plugin, "stream.create", definition.error());
  Call* call = begin(*plugin, done, user);
  engine_of(*plugin).create(
      plugin->lane->index, ns->number, ns->shard, view(name), definition->config, std::move(definition->consumers),
      std::string(view(blob)),
      [call](const Status& s, stream::DefinitionPtr d) { definition_done(call, s, std::move(d)); });
  return submitted(call, {});
}

sw_status update(const sw_host* host, sw_namespace* ns, sw_stream_id id, std::uint64_t expect_version,
                 const sw_stream_config* config, const sw_consumer_config* const* consumers, std::size_t n,
                 sw_bytes blob, sw_stream_done done, void* user) {
  sw_status status;
  auto* plugin = stream_caller(host, "stream.update", ns, &status);
  if (plugin == nullptr) return status;
  if (done == nullptr) return SW_INVALID;
  if (find_stream(*plugin, *ns, id) == nullptr) return SW_NOT_FOUND;
  auto definition = judge(*plugin, *ns, config, consumers, n, blob);
  if (!definition) return refuse(*plugin, "stream.update", definition.error());
  Call* call = begin(*plugin, done, user);
  engine_of(*plugin).update(
      plugin->lane->index, id, expect_version, definition->config, std::move(definition->consumers),
      std::string(view(blob)),
      [call](const Status& s, stream::DefinitionPtr d) { definition_done(call, s, std::move(d)); });
  return submitted(call, {});
}

sw_status remove(const sw_host* host, sw_namespace* ns, sw_stream_id id, sw_done done, void* user) {
  sw_status status;
  auto* plugin = stream_caller(host, "stream.remove", ns, &status);
  if (plugin == nullptr) return status;
  if (done == nullptr) return SW_INVALID;
  if (find_stream(*plugin, *ns, id) == nullptr) return SW_NOT_FOUND;
  Call* call = begin(*plugin, done, user);
  engine_of(*plugin).remove(plugin->lane->index, id, [call](const Status& s) { void_done(call, s); });
  return submitted(call, {});
}

sw_status find(const sw_host* host, sw_namespace* ns, sw_str name, const sw_stream_info** out) {
  sw_status status;
  auto* plugin = stream_caller(host, "stream.find", ns, &status, true);
  if (plugin == nullptr) return status;
  if (out == nullptr) return SW_INVALID;
  auto definition = engine_of(*plugin).find(plugin->lane->index, ns->number, view(name));
  if (definition == nullptr) return SW_NOT_FOUND;
  *out = lend_definition(plugin->lane->scratch, std::move(definition));
  return SW_OK;
}

sw_status get(const sw_host* host, sw_namespace* ns, sw_stream_id id, const sw_stream_info** out) {
  sw_status status;
  auto* plugin = stream_caller(host, "stream.get", ns, &status, true);
  if (plugin == nullptr) return status;
  if (out == nullptr) return SW_INVALID;
  auto definition = find_stream(*plugin, *ns, id);
  if (definition == nullptr) return SW_NOT_FOUND;
  *out = lend_definition(plugin->lane->scratch, std::move(definition));
  return SW_OK;
}

void list(const sw_host* host, sw_namespace* ns, sw_str prefix, sw_str after,
          std::int32_t (*visit)(void*, const sw_stream_info*), void* user) {
  sw_status status;
  auto* plugin = stream_caller(host, "stream.list", ns, &status, true);
  if (plugin == nullptr || visit == nullptr) return;
  const auto step = [&](const stream::DefinitionPtr& definition) {
    return visit(user, lend_definition(plugin->lane->scratch, definition)) != 0;
  };
  engine_of(*plugin).list(plugin->lane->index, ns->number, view(prefix), view(after), std::cref(step));
}

void seal(const sw_host* host, sw_stream_id id, sw_str consumer, sw_token token, std::uint8_t* out) {
  instance_of(host).core().seal.seal(id, view(consumer), {token.seq, token.attempt},
                                     std::span<std::uint8_t, kSealedBytes>(out, kSealedBytes));
}

sw_status open(const sw_host* host, sw_stream_id id, sw_str consumer, const std::uint8_t* sealed, sw_token* out) {
  stream::Token token;
  const auto code = instance_of(host).core().seal.open(
      id, view(consumer), std::span<const std::uint8_t, kSealedBytes>(sealed, kSealedBytes), token);
  if (code == Code::ok) *out = {token.seq, token.attempt, 0};
  return number(code);
}

static_assert(kSealedBytes == SW_SEALED_BYTES);

}  // namespace

const sw_stream_api kStreamTable = {sizeof(sw_stream_api),
                                    0,
                                    create,
                                    update,
                                    remove,
                                    find,
                                    get,
                                    list,
                                    stream_append,
                                    stream_fetch,
                                    stream_cancel_fetch,
                                    stream_ack,
                                    stream_extend,
                                    stream_read,
                                    stream_purge,
                                    stream_state,
                                    seal,
                                    open,
                                    stream_move};

}  // namespace switchyard::plugin
