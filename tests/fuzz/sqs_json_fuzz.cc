// Feeds request bodies to the whole SQS plugin, on either wire, with every action.
//
// The plugin runs on a host of this file that knows one queue and completes everything.  What a call stores
// (the queue's attributes, policy and tags, the records of move tasks) later calls of the same input read
// again.  Checked: exactly one answer, an answer that parses, stored attributes that can be read back, and
// messages that keep the promises of the protocol (text that XML can carry, sizes within the limit, a header
// block that can be read back).
#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/aws/message_attributes.h"
#include "plugins/aws/text.h"
#include "plugins/aws/text_rules.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/queue_attributes.h"
#include "plugins/sqs/service.h"

struct sw_namespace {};
struct sw_http_exchange {
  bool answered = false;
  bool json = false;
  std::vector<std::unique_ptr<std::uint64_t[]>> memory;
};

namespace switchyard::sqs {
namespace {

using aws::to_str;
using aws::view;

constexpr std::uint32_t kMaxMessage = 4096;
constexpr std::string_view kActions[] = {"AddPermission",
                                         "ChangeMessageVisibility",
                                         "ChangeMessageVisibilityBatch",
                                         "CreateQueue",
                                         "DeleteMessage",
                                         "DeleteMessageBatch",
                                         "DeleteQueue",
                                         "GetQueueAttributes",
                                         "GetQueueUrl",
                                         "ListQueues",
                                         "PurgeQueue",
                                         "ReceiveMessage",
                                         "SendMessage",
                                         "SendMessageBatch",
                                         "SetQueueAttributes",
                                         "Unknown",
                                         "CancelMessageMoveTask",
                                         "ListDeadLetterSourceQueues",
                                         "ListMessageMoveTasks",
                                         "ListQueueTags",
                                         "RemovePermission",
                                         "StartMessageMoveTask",
                                         "TagQueue",
                                         "UntagQueue"};
// Ends one call of an input; no UTF-8 text has it.
constexpr char kNextCall = '\xFF';
constexpr int kMaxCalls = 8;
constexpr std::string_view kQueueName = "sqs/us-east-1/q";

void check(bool holds) {
  if (!holds) std::abort();
}

// ---- the host ----

std::vector<std::function<void()>> later;
const sw_http_handler* handler;
sw_namespace the_namespace;
std::string blob, queue_name;
sw_stream_info queue_info;
sw_stream_config queue_config;

struct Record {
  std::string value;
  std::uint64_t revision;
};
std::map<std::string, Record, std::less<>> records;
std::uint64_t next_revision = 1;

struct DueTimer {
  void (*fire)(void*);
  void* user;
};
std::map<sw_timer, DueTimer> timers;
sw_timer next_timer = 1;

void complete() {
  while (!later.empty()) {
    const std::function<void()> task = std::move(later.back());
    later.pop_back();
    task();
  }
}
void fire_timers() {
  for (const auto& [id, due] : std::exchange(timers, {})) {
    due.fire(due.user);
    complete();
  }
}

void keep(std::string name, std::string new_blob) {
  queue_name = std::move(name);
  blob = std::move(new_blob);
  queue_info.name = to_str(queue_name);
  queue_info.blob = aws::to_bytes(blob);
  ++queue_info.version;
}

std::int64_t now_ms(const sw_host*) { return 1'767'323'045'000; }
void random(const sw_host*, void* out, std::size_t n) { std::memset(out, 7, n); }

sw_status anonymous(const sw_host*, const sw_principal** out) {
  static const sw_principal principal = {sizeof principal, 7, &the_namespace, to_str("id"), to_str("name"), 0};
  *out = &principal;
  return SW_OK;
}
sw_status verify(const sw_host*, const sw_mac_check*, const sw_principal**) { return SW_NOT_FOUND; }
sw_status watch(const sw_host*, void (*)(void*, void*, sw_str, std::uint32_t), void*) { return SW_OK; }

sw_status describe(const sw_host*, sw_namespace*, const sw_namespace_info** out) {
  static const sw_namespace_info info = {sizeof info,
                                         kMaxMessage,
                                         to_str("1"),
                                         to_str("dev"),
                                         to_str("sqs_sns"),
                                         to_str("account"),
                                         to_str("000000000000"),
                                         to_str(""),
                                         to_str(""),
                                         to_str("")};
  *out = &info;
  return SW_OK;
}

sw_status route(const sw_host*, sw_str, sw_str, std::int32_t, const sw_http_handler* given, sw_error*) {
  handler = given;
  return SW_OK;
}
void respond(sw_http_exchange* exchange, std::uint32_t status, const sw_pair*, std::size_t, sw_bytes body) {
  check(!exchange->answered);
  exchange->answered = true;
  check(status == 200 || status == 400 || status == 403 || status == 404 || status == 503);
  const std::string_view text = view(body);
  if (!exchange->json) return check(text.starts_with("<?xml") && text.ends_with("Response>"));
  boost::system::error_code error;
  boost::json::parse(text.empty() ? boost::json::string_view("{}") : boost::json::string_view(text.data(), text.size()),
                     error);
  check(!error);
}
void* alloc(sw_http_exchange* exchange, std::size_t n) {
  return exchange->memory.emplace_back(new std::uint64_t[n / 8 + 1]).get();
}
void on_abort(sw_http_exchange*, void (*)(void*), void*) {}

void check_message(const sw_message& message) {
  aws::MessageHeaders headers;
  check(aws::is_message_text(view(message.body)) && message.body.len > 0);
  check(aws::decode_headers(view(message.headers), headers));
  check(message.body.len + aws::attribute_bytes(headers.attributes) <= kMaxMessage);
  check(headers.attributes.size() <= aws::kMaxAttributes && message.delay_ms <= 900'000 && message.key.len <= 128);
  for (std::size_t i = 1; i < headers.attributes.size(); ++i) {
    check(headers.attributes[i - 1].name < headers.attributes[i].name);
  }
}

sw_status stored(std::string name, sw_bytes new_blob, sw_stream_done done, void* user) {
  QueueAttributes attributes;
  check(decode(view(new_blob), attributes));
  later.push_back([name = std::move(name), text = std::string(view(new_blob)), done, user] {
    keep(name, text);
    done(user, SW_OK, &queue_info, nullptr);
  });
  return SW_OK;
}
sw_status create(const sw_host*, sw_namespace*, sw_str name, const sw_stream_config*, const sw_consumer_config* const*,
                 std::size_t, sw_bytes new_blob, sw_stream_done done, void* user) {
  if (view(name) != queue_name) return stored(std::string(view(name)), new_blob, done, user);
  later.push_back([=] { done(user, SW_EXISTS, &queue_info, nullptr); });
  return SW_OK;
}
sw_status update(const sw_host*, sw_namespace*, sw_stream_id, std::uint64_t, const sw_stream_config*,
                 const sw_consumer_config* const*, std::size_t, sw_bytes new_blob, sw_stream_done done, void* user) {
  return stored(queue_name, new_blob, done, user);
}
sw_status remove(const sw_host*, sw_namespace*, sw_stream_id, sw_done done, void* user) {
  later.push_back([=] { done(user, SW_OK, nullptr); });
  return SW_OK;
}
sw_status find(const sw_host*, sw_namespace*, sw_str name, const sw_stream_info** out) {
  *out = &queue_info;
  return view(name) == queue_name ? SW_OK : SW_NOT_FOUND;
}
sw_status get(const sw_host*, sw_namespace*, sw_stream_id, const sw_stream_info** out) {
  *out = &queue_info;
  return SW_OK;
}
void list(const sw_host*, sw_namespace*, sw_str, sw_str, std::int32_t (*visit)(void*, const sw_stream_info*),
          void* user) {
  visit(user, &queue_info);
}
sw_status append(const sw_host*, sw_namespace*, sw_stream_id, const sw_message* const* messages, std::size_t n,
                 std::uint32_t, sw_append_done done, void* user) {
  check(n >= 1 && n <= 10);
  for (std::size_t i = 0; i < n; ++i) check_message(*messages[i]);
  later.push_back([=] {
    const sw_appended one = {sizeof one, SW_OK, 0, 0, 1, 0, {}};
    const std::vector<const sw_appended*> results(n, &one);
    done(user, SW_OK, results.data(), n, nullptr);
  });
  return SW_OK;
}
sw_status fetch(const sw_host*, sw_namespace*, sw_stream_id, sw_str, const sw_fetch* asked, sw_fetch_id* id,
                sw_fetch_done done, void* user) {
  check(asked->max >= 1 && asked->max <= 10 && asked->wait_ms <= 20'000 && asked->ack_wait_ms <= 43'200'000);
  *id = 1;
  later.push_back([=] {
    sw_delivery delivery{};
    delivery.size = sizeof delivery;
    delivery.token = {1, 1, 0};
    delivery.body = aws::to_bytes("body \"<&\r\n");
    std::string headers;
    const aws::MessageAttribute attribute{"a", "String", "v", false};
    aws::encode_headers(headers, "sender", "trace", {&attribute, 1});
    delivery.headers = aws::to_bytes(headers);
    delivery.header_format = aws::kHeaderFormat;
    const sw_delivery* const one = &delivery;
    done(user, SW_OK, &one, 1, nullptr);
  });
  return SW_OK;
}
void cancel_fetch(const sw_host*, sw_fetch_id) {}
sw_status tokens(std::size_t n, sw_tokens_done done, void* user) {
  check(n >= 1 && n <= 10);
  later.push_back([=] {
    const std::vector<sw_status> each(n, SW_CONFLICT);
    done(user, SW_OK, each.data(), n, nullptr);
  });
  return SW_OK;
}
sw_status ack(const sw_host*, sw_namespace*, sw_stream_id, sw_str, const sw_token*, std::size_t n, std::uint32_t,
              sw_tokens_done done, void* user) {
  return tokens(n, done, user);
}
sw_status extend(const sw_host*, sw_namespace*, sw_stream_id, sw_str, const sw_token*, const std::uint32_t*,
                 std::size_t n, std::uint32_t, sw_tokens_done done, void* user) {
  return tokens(n, done, user);
}
sw_status state(const sw_host*, sw_namespace*, sw_stream_id, sw_str, sw_state_done done, void* user) {
  later.push_back([=] {
    const sw_stream_state counts = {sizeof counts, 0, 1, 1, 1, 1, 1, 0, 0, 0};
    done(user, SW_OK, &counts, nullptr);
  });
  return SW_OK;
}
void seal(const sw_host*, sw_stream_id, sw_str, sw_token, std::uint8_t out[SW_SEALED_BYTES]) {
  std::memset(out, 1, SW_SEALED_BYTES);
}
sw_status open(const sw_host*, sw_stream_id, sw_str, const std::uint8_t sealed[SW_SEALED_BYTES], sw_token* out) {
  *out = {1, 1, 0};
  return sealed[0] == 1 ? SW_OK : SW_INVALID;
}

sw_status kv_get(const sw_host*, sw_namespace*, sw_str key, sw_bytes* value, std::uint64_t* revision) {
  const auto found = records.find(view(key));
  if (found == records.end()) return SW_NOT_FOUND;
  *value = aws::to_bytes(found->second.value);
  if (revision != nullptr) *revision = found->second.revision;
  return SW_OK;
}
void kv_scan(const sw_host*, sw_namespace*, sw_str prefix, sw_str after,
             std::int32_t (*visit)(void*, sw_str, sw_bytes, std::uint64_t), void* user) {
  for (const auto& [key, record] : records) {
    if (!key.starts_with(view(prefix)) || key <= view(after)) continue;
    if (visit(user, to_str(key), aws::to_bytes(record.value), record.revision) == 0) return;
  }
}
// Only what `expected` says is there is replaced; 0 = nothing may be there.
bool is_as_expected(std::string_view key, std::uint64_t expected) {
  if (expected == SW_KV_ANY) return true;
  const auto found = records.find(key);
  return (found == records.end() ? 0 : found->second.revision) == expected;
}
sw_status kv_put(const sw_host*, sw_namespace*, sw_str key, sw_bytes value, std::uint64_t expected, sw_kv_done done,
                 void* user) {
  later.push_back([key = std::string(view(key)), value = std::string(view(value)), expected, done, user] {
    if (!is_as_expected(key, expected)) return done(user, SW_CONFLICT, 0, nullptr);
    records[key] = {value, next_revision};
    done(user, SW_OK, next_revision++, nullptr);
  });
  return SW_OK;
}
sw_status kv_erase(const sw_host*, sw_namespace*, sw_str key, std::uint64_t expected, sw_kv_done done, void* user) {
  later.push_back([key = std::string(view(key)), expected, done, user] {
    if (!is_as_expected(key, expected)) return done(user, SW_CONFLICT, 0, nullptr);
    records.erase(key);
    done(user, SW_OK, next_revision++, nullptr);
  });
  return SW_OK;
}

// Fired once after each call: a task of moves looks at its record, is told SW_BUSY, and stores how far it is.
sw_timer start_timer(const sw_host*, std::uint32_t, void (*fire)(void*), void* user) {
  timers[next_timer] = {fire, user};
  return next_timer++;
}
void cancel_timer(const sw_host*, sw_timer id) { timers.erase(id); }
void each_namespace(const sw_host*, std::int32_t (*)(void*, sw_namespace*, const sw_namespace_info*), void*) {}
sw_status move(const sw_host*, sw_namespace*, sw_stream_id, sw_str, const sw_move*, sw_move_done, void*) {
  return SW_BUSY;
}

const void* extension(const sw_host*, const char* id) {
  static const sw_clock_api clock = {sizeof clock, 0, now_ms, now_ms, start_timer, cancel_timer, nullptr, random};
  static const sw_auth_api auth = {sizeof auth,    0,     verify,  anonymous, describe,
                                   each_namespace, watch, nullptr, nullptr};
  static const sw_http_api http = {sizeof http, 0, route, respond, alloc, on_abort};
  static const sw_kv_api kv = {sizeof kv, 0, kv_get, kv_scan, kv_put, kv_erase};
  static const sw_stream_api stream = {sizeof stream, 0,   create, update,  remove, find,  get,  list, append, fetch,
                                       cancel_fetch,  ack, extend, nullptr, remove, state, seal, open, move};
  const std::string_view name = id;
  if (name == SW_EXT_CLOCK) return &clock;
  if (name == SW_EXT_AUTH) return &auth;
  if (name == SW_EXT_HTTP) return &http;
  if (name == SW_EXT_KV) return &kv;
  return name == SW_EXT_STREAM ? static_cast<const void*>(&stream) : nullptr;
}

// ---- the plugin on it ----

struct Plugin {
  sw_host host{sizeof host, SW_ABI_GENERATION, SW_ABI_REVISION, 1, nullptr, to_str("fuzz"), extension};
  void* self = nullptr;
  void* lane = nullptr;

  Plugin() {
    for (const std::string_view action : kActions) check((find_action(action) == nullptr) == (action == "Unknown"));
    queue_config.size = sizeof queue_config;
    queue_info.size = sizeof queue_info;
    queue_info.id = 1;
    queue_info.config = &queue_config;
    check(plugin_table()->create(&host, &self, nullptr) == SW_OK);
    check(plugin_table()->configure(self, to_str("{}"), 0, nullptr) == SW_OK);
    check(plugin_table()->start(self, nullptr) == SW_OK);
    check(plugin_table()->lane_start(self, 0, &lane, nullptr) == SW_OK);
  }

  // An input finds nothing of the one before it: tasks of moves end when their record is gone.
  void forget() {
    records.clear();
    fire_timers();
    std::string fresh;
    encode(fresh, QueueAttributes{});
    keep(std::string(kQueueName), std::move(fresh));
  }
};

void run(Plugin& plugin, std::string_view action, std::string_view body, bool json) {
  sw_http_exchange exchange;
  exchange.json = json;
  const std::string target = "AmazonSQS." + std::string(action);
  const std::string form = "Action=" + std::string(action) + "&" + std::string(body);
  const sw_pair headers[] = {
      {to_str("Host"), to_str("localhost")},
      {to_str("Content-Type"), to_str(json ? "application/x-amz-json-1.0" : "application/x-www-form-urlencoded")},
      {to_str("X-Amz-Target"), to_str(target)}};
  sw_http_request request{};
  request.size = sizeof request;
  request.method = to_str("POST");
  request.target = request.path = to_str(json ? "/" : "/000000000000/q");
  request.headers = headers;
  request.header_count = json ? 3 : 2;
  request.body = aws::to_bytes(json ? body : std::string_view(form));
  handler->handle(plugin.self, plugin.lane, &exchange, &request);
  complete();
  check(exchange.answered);
  fire_timers();
}

}  // namespace
}  // namespace switchyard::sqs

// Calls, one after the other: the first byte of each chooses the action (5 bits) and the wire (1 bit), the rest
// is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard::sqs;
  static Plugin plugin;
  plugin.forget();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (int calls = 0; calls < kMaxCalls && !rest.empty(); ++calls) {
    const std::string_view call = rest.substr(0, rest.find(kNextCall));
    rest.remove_prefix(std::min(rest.size(), call.size() + 1));
    if (call.empty()) continue;
    const auto choice = static_cast<std::uint8_t>(call[0]);
    run(plugin, kActions[(choice & 31) % std::size(kActions)], call.substr(1), (choice & 32) == 0);
  }
  return 0;
}
