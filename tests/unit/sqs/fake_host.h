// FakeHost is a server for one plugin in memory: it implements the tables of the C ABI that SQS asks for,
// with a clock that tests move.
//
// It stands at the one real seam, the ABI, and keeps the ABI's promises: completions run later, exactly
// once, never from inside a call.  What it hands out is checked for life time: a response after an abort, a
// second response or a forgotten completion fails the test.
//
// Thread: one; a lane is an index.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchyard/plugin.h"

struct sw_namespace {
  std::string id, name, protocol = "sqs_sns", style, owner, region, public_url;
  std::uint32_t max_message_bytes = 1'048'576;
  bool deleted = false;
};

namespace switchyard::sqs::testing {

struct HttpRequest {
  std::string method = "POST", target = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool tls = false;
};

struct HttpResponse {
  std::uint32_t status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string header(std::string_view name) const;
};

class FakeHost;

}  // namespace switchyard::sqs::testing

// One request of the fake listener; stays after its answer, so that a late use is seen.
struct sw_http_exchange {
  switchyard::sqs::testing::FakeHost* host = nullptr;
  switchyard::sqs::testing::HttpRequest kept;
  std::vector<sw_pair> pairs;
  sw_http_request request{};
  std::optional<switchyard::sqs::testing::HttpResponse> response;
  bool aborted = false;
  void (*on_abort)(void*) = nullptr;
  void* on_abort_user = nullptr;
  std::size_t arena_bytes = 0;
  std::vector<std::unique_ptr<char[]>> arena;
};

namespace switchyard::sqs::testing {

struct FakeMessage {
  std::uint64_t seq = 0;
  std::uint8_t id[16] = {};
  std::int64_t time_ms = 0, visible_ms = 0, first_delivered_ms = 0, delivered_ms = 0;
  std::uint32_t attempt = 0;
  bool leased = false;  // Handed out and not yet visible again.
  std::string key, dedup_id, headers, body, source;
  std::uint32_t header_format = 0;
};

// What a deduplication id stands for, also when its message is gone.
struct FakeFirst {
  std::int64_t time_ms = 0;
  std::uint64_t seq = 0;
  std::uint8_t id[16] = {};
};

struct FakeStream {
  sw_stream_id id = 0;
  std::uint64_t version = 0;
  sw_namespace* ns = nullptr;
  std::string name, blob, consumer_name;
  std::int64_t created_ms = 0, updated_ms = 0;
  sw_stream_config config{};
  sw_consumer_config consumer{};
  std::uint64_t next_seq = 1;
  std::map<std::uint64_t, FakeMessage> messages;
  std::map<std::string, FakeFirst> firsts;

  bool ordered() const { return (consumer.flags & SW_CONSUMER_ORDERED) != 0; }
};

class FakeHost {
 public:
  FakeHost();
  ~FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const sw_host* table() const { return &host_; }

  // ---- accounts ----
  sw_namespace* add_namespace(std::string style, std::string owner, std::string region = "");
  void add_key(std::string access_key, std::string secret, sw_namespace* ns,
               std::uint32_t permissions = SW_PERM_PUBLISH | SW_PERM_RECEIVE | SW_PERM_MANAGE);
  void expire_key(const std::string& access_key);
  void end_key_at(const std::string& access_key, std::int64_t wall_ms);
  // 0 revokes it.  The plugin that watches is told, with this lane.
  void change_key(const std::string& access_key, std::uint32_t permissions, void* lane_state);
  void set_anonymous(sw_namespace* ns) { anonymous_ = ns; }

  // ---- requests ----
  // Offers the request to the plugin's route; null when its match says no.
  sw_http_exchange* offer(HttpRequest request, void* self, void* lane_state);
  void abort(sw_http_exchange* exchange);
  // Runs completions until none is left.
  void settle();
  void forget_timers() { timers_.clear(); }
  void advance(std::int64_t ms);  // Moves both clocks, then settles.
  void step_wall(std::int64_t ms) { wall_ms_ += ms; }
  std::int64_t wall_ms() const { return wall_ms_; }

  // ---- what tests look at or turn ----
  FakeStream* stream(std::string_view name);
  std::size_t streams() const { return streams_.size(); }
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t kv_size() const { return kv_.size(); }
  std::size_t looked_at() const { return looked_at_; }  // Streams that list calls have shown.
  void fail_next(sw_status status, bool in_completion = false) {
    failure_ = status;
    failure_in_completion_ = in_completion;
  }
  void set_max_leased(std::size_t n) { max_leased_ = n; }
  void set_arena_limit(std::size_t n) { arena_limit_ = n; }
  void hold_completions(bool hold) { hold_ = hold; }
  // The next cancellation comes too late: its fetch is still served.
  void lose_next_cancel() { lose_cancel_ = true; }
  const sw_fetch& last_fetch() const { return last_fetch_; }  // Its texts are gone.
  const std::string& last_attempt() const { return last_attempt_; }
  // Messages of each move call so far.
  const std::vector<std::uint32_t>& moves() const { return moves_; }

 private:
  friend struct Tables;
  friend struct StreamTable;
  struct Key {
    std::string secret;
    sw_namespace* ns;
    std::uint32_t permissions;
    bool expired = false;
    std::int64_t expires_ms = 0;
  };
  struct Waiting {
    sw_fetch_id id;
    sw_stream_id stream;
    sw_fetch fetch;
    std::int64_t deadline_ms;
    sw_fetch_done done;
    void* user;
  };
  struct Timer {
    sw_timer id;
    std::int64_t at_ms;
    void (*fire)(void*);
    void* user;
  };

  void fill_random(std::uint8_t* out, std::size_t n);
  void later(std::function<void()> task) { tasks_.push_back(std::move(task)); }
  sw_status take_failure(bool in_completion);
  FakeStream* by_id(sw_stream_id id);
  const sw_stream_info* info_of(const FakeStream& stream);
  std::vector<FakeMessage*> take(FakeStream& stream, const sw_fetch& fetch);
  bool admit(FakeStream& stream, FakeMessage& message, sw_appended& result);
  void deliver(FakeStream& stream, std::vector<FakeMessage*> messages, sw_fetch_done done, void* user);
  void wake();
  bool serve(const Waiting& waiting);
  std::size_t leased(const FakeStream& stream) const;
  bool visible(const FakeMessage& message) const { return message.visible_ms <= mono_ms_; }

  sw_host host_{};
  std::int64_t wall_ms_ = 1'767'323'045'000;  // 2026-01-02T03:04:05Z
  std::int64_t mono_ms_ = 1'000'000;
  std::uint64_t random_ = 88172645463325252ull;
  std::uint64_t next_id_ = 100, next_fetch_ = 1;
  std::vector<std::unique_ptr<sw_namespace>> namespaces_;
  std::map<std::string, Key, std::less<>> keys_;
  sw_namespace* anonymous_ = nullptr;
  void (*credential_changed_)(void*, void*, sw_str, std::uint32_t) = nullptr;
  void* credential_changed_user_ = nullptr;
  sw_principal principal_{};
  sw_namespace_info namespace_info_{};
  const sw_http_handler* handler_ = nullptr;
  std::vector<std::unique_ptr<sw_http_exchange>> exchanges_;
  std::deque<std::function<void()>> tasks_;
  std::vector<Waiting> waiting_;
  std::vector<Timer> timers_;
  std::map<std::pair<sw_namespace*, std::string>, std::unique_ptr<FakeStream>> streams_;
  std::map<std::pair<sw_namespace*, std::string>, std::pair<std::string, std::uint64_t>> kv_;
  // What was lent to the callback that runs; several may be out at once.
  struct Lent {
    sw_stream_info info{};
    const sw_consumer_config* consumers[1] = {};
  };
  std::deque<Lent> lent_;
  sw_status failure_ = SW_OK;
  bool failure_in_completion_ = false, hold_ = false, lose_cancel_ = false;
  std::size_t looked_at_ = 0;
  std::size_t max_leased_ = 120'000, arena_limit_ = 4u << 20;
  sw_fetch last_fetch_{};
  std::string last_attempt_;
  std::vector<std::uint32_t> moves_;
};

// The tables that the fake offers, by id; null for an id that it lacks.
const void* fake_table(const char* id);
const void* fake_stream_table();

}  // namespace switchyard::sqs::testing
