// The tables that Chaos lends: each call goes to the real host unless Chaos decides otherwise.
#include <cstring>
#include <deque>
#include <optional>
#include <tuple>

#include "kernel/plugin/chaos.h"

namespace switchyard::plugin {
namespace {

// ---- what a completion is given, copied, so that it can be given later ------------------------------

std::string_view view(sw_str s) { return {s.data, s.len}; }
std::string_view view(sw_bytes b) { return {reinterpret_cast<const char*>(b.data), b.len}; }

// Memory that is overwritten when the loan ends.
class Loan {
 public:
  ~Loan() {
    for (auto& text : texts_) std::memset(text.data(), 0xEE, text.size());
  }
  sw_str keep(sw_str s) { return copy(view(s)); }
  sw_bytes keep(sw_bytes b) {
    const auto s = copy(view(b));
    return {reinterpret_cast<const std::uint8_t*>(s.data), s.len};
  }

 private:
  sw_str copy(std::string_view text) {
    if (text.empty()) return {nullptr, 0};
    auto& kept = texts_.emplace_back(text);
    return {kept.data(), kept.size()};
  }
  std::deque<std::string> texts_;
};

struct KeptError {
  explicit KeptError(const sw_error* error) : there(error != nullptr), error(there ? *error : sw_error{}) {}
  const sw_error* get() const { return there ? &error : nullptr; }
  bool there;
  sw_error error;
};

// keep(values of a completion...) -> what gives copies of them, or nothing when they cannot be copied.
using Give = std::function<void(void (*done)(), void* user, sw_status)>;

std::optional<Give> keep(const sw_error* error) {
  return [kept = KeptError(error)](void (*done)(), void* user, sw_status status) {
    reinterpret_cast<sw_done>(done)(user, status, kept.get());
  };
}
std::optional<Give> keep(const sw_appended* const* each, std::size_t n, const sw_error* error) {
  std::vector<sw_appended> list(n);
  for (std::size_t i = 0; i < n; ++i) list[i] = *each[i];
  return [list = std::move(list), kept = KeptError(error)](void (*done)(), void* user, sw_status status) {
    std::vector<const sw_appended*> pointers;
    for (const auto& one : list) pointers.push_back(&one);
    reinterpret_cast<sw_append_done>(done)(user, status, pointers.data(), pointers.size(), kept.get());
  };
}
std::optional<Give> keep(const sw_delivery* const* each, std::size_t n, const sw_error* error) {
  auto loan = std::make_shared<Loan>();
  std::vector<sw_delivery> list(n);
  for (std::size_t i = 0; i < n; ++i) {
    auto& d = list[i] = *each[i];
    d.key = loan->keep(d.key);
    d.dedup_id = loan->keep(d.dedup_id);
    d.headers = loan->keep(d.headers);
    d.body = loan->keep(d.body);
    d.source = loan->keep(d.source);
  }
  return [loan, list = std::move(list), kept = KeptError(error)](void (*done)(), void* user, sw_status status) {
    std::vector<const sw_delivery*> pointers;
    for (const auto& one : list) pointers.push_back(&one);
    reinterpret_cast<sw_fetch_done>(done)(user, status, pointers.data(), pointers.size(), kept.get());
  };
}
std::optional<Give> keep(const sw_status* each, std::size_t n, const sw_error* error) {
  return [list = std::vector<sw_status>(each, each + n), kept = KeptError(error)](void (*done)(), void* user,
                                                                                  sw_status status) {
    reinterpret_cast<sw_tokens_done>(done)(user, status, list.data(), list.size(), kept.get());
  };
}
std::optional<Give> keep(const sw_stream_state* state, const sw_error* error) {
  return [copy = state == nullptr ? std::optional<sw_stream_state>() : *state, kept = KeptError(error)](
             void (*done)(), void* user, sw_status status) {
    reinterpret_cast<sw_state_done>(done)(user, status, copy ? &*copy : nullptr, kept.get());
  };
}
std::optional<Give> keep(std::uint64_t revision, const sw_error* error) {
  return [revision, kept = KeptError(error)](void (*done)(), void* user, sw_status status) {
    reinterpret_cast<sw_kv_done>(done)(user, status, revision, kept.get());
  };
}
std::optional<Give> keep(std::uint32_t moved, const sw_error* error) {
  return [moved, kept = KeptError(error)](void (*done)(), void* user, sw_status status) {
    reinterpret_cast<sw_move_done>(done)(user, status, moved, kept.get());
  };
}
// Definitions and accounts are changed rarely; the real host is late often enough.
template <class... Others>
std::optional<Give> keep(Others...) {
  return std::nullopt;
}

// ---- calls ------------------------------------------------------------------------------------------

struct Pending {
  void (*done)();
  void* user;
  std::uint32_t lane;
};

template <class Done>
struct Relay;
template <class... Args>
struct Relay<void (*)(void*, sw_status, Args...)> {
  using Done = void (*)(void*, sw_status, Args...);
  static void run(void* user, sw_status status, Args... args) {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(user));
    const ChaosCallback mark(pending->lane);
    const auto delay = the_chaos->delay_ms();
    if (delay != 0) {
      if (auto give = keep(args...)) {
        the_chaos->count_late();
        the_chaos->later(delay, [give = std::move(*give), done = pending->done, whom = pending->user, status] {
          give(done, whom, status);
        });
        return;
      }
    }
    reinterpret_cast<Done>(pending->done)(pending->user, status, args...);
  }
  // Accepted and failed: nothing happened, and the completion says so.
  static void fail(Done done, void* user, sw_status status, bool with_error) {
    the_chaos->later(1 + the_chaos->delay_ms(), [done, user, status, with_error] {
      sw_error error{};
      error.size = sizeof error;
      error.code = status;
      std::strcpy(error.message, "plugin check made this call fail");
      std::tuple<Args...> nothing{};
      std::get<sizeof...(Args) - 1>(nothing) = with_error ? &error : nullptr;
      std::apply([&](auto... args) { done(user, status, args...); }, nothing);
    });
  }
};

template <std::size_t N>
struct Name {
  char text[N];
  constexpr Name(const char (&t)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = t[i];
  }
};

template <class T>
inline constexpr const char* kId = nullptr;
template <>
inline constexpr const char* kId<sw_stream_api> = SW_EXT_STREAM;
template <>
inline constexpr const char* kId<sw_kv_api> = SW_EXT_KV;
template <>
inline constexpr const char* kId<sw_auth_api> = SW_EXT_AUTH;
template <>
inline constexpr const char* kId<sw_accounts_api> = SW_EXT_ACCOUNTS;

template <class T>
struct IsDone : std::false_type {};
template <class... Args>
struct IsDone<void (*)(void*, sw_status, Args...)> : std::true_type {};

// One function of a table; `Exists`: SW_EXISTS comes with what is there, so it is not made up.
template <auto Member, Name Call, class = decltype(Member)>
struct Wrap;
template <auto Member, Name Call, class Table, class R, class... Args>
struct Wrap<Member, Call, R (*Table::*)(const sw_host*, Args...)> {
  using All = std::tuple<Args...>;
  static constexpr std::size_t kCount = sizeof...(Args);

  static R real(All& all) {
    const auto* table = the_chaos->table<Table>(kId<Table>);
    return std::apply([&](auto... args) { return (table->*Member)(the_chaos->real(), args...); }, all);
  }
  static constexpr bool is_async() {
    if constexpr (kCount >= 2) return IsDone<std::tuple_element_t<kCount - 2, All>>::value;
    return false;
  }
  static R call(const sw_host*, Args... args) {
    All all{args...};
    const bool allowed = the_chaos->in_callback(Call.text);
    if constexpr (!is_async()) {
      return real(all);
    } else {
      using Done = std::tuple_element_t<kCount - 2, All>;
      auto& done = std::get<kCount - 2>(all);
      auto& user = std::get<kCount - 1>(all);
      if (!allowed || done == nullptr) return real(all);
      const auto decision = the_chaos->decide(Call.text, std::is_same_v<Done, sw_stream_done>);
      if (decision.fault == Chaos::Fault::refuse) return decision.status;
      if (decision.fault == Chaos::Fault::fail) {
        std::apply([](auto... each) { (name_fetch(each), ...); }, all);
        Relay<Done>::fail(done, user, decision.status, decision.with_error);
        return SW_OK;
      }
      auto pending = std::make_unique<Pending>(
          Pending{reinterpret_cast<void (*)()>(done), user, static_cast<std::uint32_t>(ChaosCallback::lane())});
      done = &Relay<Done>::run;
      user = pending.get();
      const sw_status status = real(all);
      if (status == SW_OK) static_cast<void>(pending.release());
      return status;
    }
  }

 private:
  template <class T>
  static void name_fetch(T) {}
  static void name_fetch(sw_fetch_id* id) {
    if (id != nullptr) *id = the_chaos->fake_fetch();
  }
};

void cancel_fetch(const sw_host*, sw_fetch_id id) {
  if (!the_chaos->in_callback("stream.cancel_fetch")) return;
  if ((id >> 63) != 0) return;  // Made up: it ends by itself.
  the_chaos->table<sw_stream_api>(SW_EXT_STREAM)->cancel_fetch(the_chaos->real(), id);
}

// A table whose real one is older lacks the newer members; ours is built with the same header.
const sw_stream_api kStreams = {
    sizeof kStreams,
    0,
    Wrap<&sw_stream_api::create, "stream.create">::call,
    Wrap<&sw_stream_api::update, "stream.update">::call,
    Wrap<&sw_stream_api::remove, "stream.remove">::call,
    Wrap<&sw_stream_api::find, "stream.find">::call,
    Wrap<&sw_stream_api::get, "stream.get">::call,
    Wrap<&sw_stream_api::list, "stream.list">::call,
    Wrap<&sw_stream_api::append, "stream.append">::call,
    Wrap<&sw_stream_api::fetch, "stream.fetch">::call,
    cancel_fetch,
    Wrap<&sw_stream_api::ack, "stream.ack">::call,
    Wrap<&sw_stream_api::extend, "stream.extend">::call,
    Wrap<&sw_stream_api::read, "stream.read">::call,
    Wrap<&sw_stream_api::purge, "stream.purge">::call,
    Wrap<&sw_stream_api::state, "stream.state">::call,
    Wrap<&sw_stream_api::seal, "stream.seal">::call,
    Wrap<&sw_stream_api::open, "stream.open">::call,
    Wrap<&sw_stream_api::move, "stream.move">::call,
};
const sw_kv_api kRecords = {
    sizeof kRecords,
    0,
    Wrap<&sw_kv_api::get, "kv.get">::call,
    Wrap<&sw_kv_api::scan, "kv.scan">::call,
    Wrap<&sw_kv_api::put, "kv.put">::call,
    Wrap<&sw_kv_api::erase, "kv.erase">::call,
};
// Passed on: nobody's credential changes here.
sw_status watch(const sw_host*, void (*changed)(void*, void*, sw_str, std::uint32_t), void* user) {
  return the_chaos->table<sw_auth_api>(SW_EXT_AUTH)->watch(the_chaos->real(), changed, user);
}
const sw_auth_api kAuth = {
    sizeof kAuth,
    0,
    Wrap<&sw_auth_api::verify_mac, "auth.verify_mac">::call,
    Wrap<&sw_auth_api::anonymous, "auth.anonymous">::call,
    Wrap<&sw_auth_api::describe, "auth.describe">::call,
    Wrap<&sw_auth_api::namespaces, "auth.namespaces">::call,
    watch,
    Wrap<&sw_auth_api::find_namespace, "auth.find_namespace">::call,
    Wrap<&sw_auth_api::find_public, "auth.find_public">::call,
};
const sw_accounts_api kAccounts = {
    sizeof kAccounts,
    0,
    Wrap<&sw_accounts_api::find, "accounts.find">::call,
    Wrap<&sw_accounts_api::find_project, "accounts.find_project">::call,
    Wrap<&sw_accounts_api::list, "accounts.list">::call,
    Wrap<&sw_accounts_api::usage, "accounts.usage">::call,
    Wrap<&sw_accounts_api::find_credential, "accounts.find_credential">::call,
    Wrap<&sw_accounts_api::list_credentials, "accounts.list_credentials">::call,
    Wrap<&sw_accounts_api::create, "accounts.create">::call,
    Wrap<&sw_accounts_api::update, "accounts.update">::call,
    Wrap<&sw_accounts_api::remove, "accounts.remove">::call,
    Wrap<&sw_accounts_api::activate, "accounts.activate">::call,
    Wrap<&sw_accounts_api::deactivate, "accounts.deactivate">::call,
    Wrap<&sw_accounts_api::create_credential, "accounts.create_credential">::call,
    Wrap<&sw_accounts_api::update_credential, "accounts.update_credential">::call,
    Wrap<&sw_accounts_api::remove_credential, "accounts.remove_credential">::call,
    Wrap<&sw_accounts_api::public_url, "accounts.public_url">::call,
};

// ---- log and metrics: [any], passed on --------------------------------------------------------------

std::int32_t log_enabled(const sw_host*, std::uint32_t level) {
  return the_chaos->table<sw_log_api>(SW_EXT_LOG)->enabled(the_chaos->real(), level);
}
void log_write(const sw_host*, std::uint32_t level, sw_str event, const sw_pair* fields, std::size_t n) {
  the_chaos->table<sw_log_api>(SW_EXT_LOG)->write(the_chaos->real(), level, event, fields, n);
}
const sw_log_api kLog = {sizeof kLog, 0, log_enabled, log_write};

sw_counter* counter(const sw_host*, sw_str name, sw_str help, const sw_pair* labels, std::size_t n) {
  return the_chaos->table<sw_metrics_api>(SW_EXT_METRICS)->counter(the_chaos->real(), name, help, labels, n);
}
void add(sw_counter* counter, std::uint64_t n) { the_chaos->table<sw_metrics_api>(SW_EXT_METRICS)->add(counter, n); }
const sw_metrics_api kMetrics = {sizeof kMetrics, 0, counter, add};

}  // namespace

extern const sw_http_api kChaosHttp;
extern const sw_clock_api kChaosClock;
extern const sw_listen_api kChaosListen;
extern const sw_bus_api kChaosBus;

const void* chaos_table(const char* id) {
  const std::pair<std::string_view, const void*> all[] = {
      {SW_EXT_LOG, &kLog},         {SW_EXT_CLOCK, &kChaosClock},  {SW_EXT_AUTH, &kAuth},
      {SW_EXT_HTTP, &kChaosHttp},  {SW_EXT_STREAM, &kStreams},    {SW_EXT_KV, &kRecords},
      {SW_EXT_METRICS, &kMetrics}, {SW_EXT_ACCOUNTS, &kAccounts}, {SW_EXT_LISTEN, &kChaosListen},
      {SW_EXT_BUS, &kChaosBus},
  };
  for (const auto& [name, table] : all) {
    if (id != nullptr && name == id) return table;
  }
  return nullptr;
}

}  // namespace switchyard::plugin
