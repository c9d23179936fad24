// switchyard/base.hpp -- what every plugin in C++ needs: entry, errors, lanes, completions, timers.  Part
// of plugin.hpp; include that one.
//
// Virtual functions live inside the plugin and never cross the line.
//
// Failure: throw Failure (or std::invalid_argument) from configure(), start() and lane_start(); the
// operator reads the message.  What a lane callback or a completion throws is logged and, for a
// request, answered with 500.
//
// Thread: as plugin.h says of the call that is wrapped.
#ifndef SWITCHYARD_BASE_HPP
#define SWITCHYARD_BASE_HPP
#include <concepts>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "switchyard/plugin.h"

namespace switchyard::sdk {

// ---- text and bytes --------------------------------------------------------------------------------

inline sw_str str(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline sw_bytes bytes(std::string_view data) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()};
}
inline std::string_view view(sw_str text) noexcept { return {text.data, text.len}; }
inline std::string_view view(sw_bytes data) noexcept { return {reinterpret_cast<const char*>(data.data), data.len}; }

// ---- errors ----------------------------------------------------------------------------------------

class Failure : public std::runtime_error {
 public:
  Failure(sw_status code, const std::string& message) : std::runtime_error(message), code_(code) {}
  sw_status code() const noexcept { return code_; }

 private:
  sw_status code_;
};

inline sw_status fail(sw_error* error, sw_status code, std::string_view message) noexcept {
  if (error != nullptr && error->size >= sizeof(sw_error)) {
    error->code = code;
    const auto n = message.copy(error->message, sizeof error->message - 1);
    error->message[n] = '\0';
  }
  return code;
}

// Runs f(); whatever it throws becomes a status and a message.
template <class F>
sw_status guard(sw_error* error, F&& f) noexcept {
  try {
    std::forward<F>(f)();
    return SW_OK;
  } catch (const Failure& e) {
    return fail(error, e.code(), e.what());
  } catch (const std::invalid_argument& e) {
    return fail(error, SW_INVALID, e.what());
  } catch (const std::bad_alloc&) {
    return fail(error, SW_INTERNAL, "out of memory");
  } catch (const std::system_error& e) {
    return fail(error, SW_IO, e.what());
  } catch (const std::exception& e) {
    return fail(error, SW_INTERNAL, e.what());
  } catch (...) {
    return fail(error, SW_INTERNAL, "something was thrown that is not a std::exception");
  }
}

// ---- tables of the host ----------------------------------------------------------------------------

template <class Table>
inline constexpr const char* kExtensionId = nullptr;
template <>
inline constexpr const char* kExtensionId<sw_log_api> = SW_EXT_LOG;
template <>
inline constexpr const char* kExtensionId<sw_clock_api> = SW_EXT_CLOCK;
template <>
inline constexpr const char* kExtensionId<sw_auth_api> = SW_EXT_AUTH;
template <>
inline constexpr const char* kExtensionId<sw_http_api> = SW_EXT_HTTP;
template <>
inline constexpr const char* kExtensionId<sw_stream_api> = SW_EXT_STREAM;
template <>
inline constexpr const char* kExtensionId<sw_kv_api> = SW_EXT_KV;
template <>
inline constexpr const char* kExtensionId<sw_metrics_api> = SW_EXT_METRICS;
template <>
inline constexpr const char* kExtensionId<sw_accounts_api> = SW_EXT_ACCOUNTS;

// A table of the host, or nothing when the host has none: test it before use unless sw_info requires it.
// Members newer than the revision you need are tested with SW_HAS(ext.get(), member).
template <class Table>
class Ext {
  static_assert(kExtensionId<Table> != nullptr, "this is not a table that a host offers");

 public:
  explicit Ext(const sw_host& host) : table_(static_cast<const Table*>(host.extension(&host, kExtensionId<Table>))) {}
  explicit operator bool() const noexcept { return table_ != nullptr; }
  const Table* operator->() const noexcept { return table_; }
  const Table* get() const noexcept { return table_; }

 private:
  const Table* table_;
};

// ---- the plugin ------------------------------------------------------------------------------------

// One lane's state.  Its members are only touched on its lane, so they need no lock.
class Lane {
 public:
  virtual ~Lane() = default;
  virtual void drain() {}  // Answer parked requests now.
};

class Plugin {
 public:
  explicit Plugin(const sw_host& host) : host_(host) {}
  virtual ~Plugin() = default;
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  // `json` is this plugin's section; with dry_run judge it and change nothing.
  virtual void configure(std::string_view json, bool dry_run) = 0;
  virtual void start() {}  // Register routes here.
  virtual std::unique_ptr<Lane> lane_start(std::uint32_t lane) = 0;
  virtual void stop() {}

  const sw_host& host() const noexcept { return host_; }

 private:
  const sw_host& host_;
};

namespace detail {

// The host of this plugin's instance, for what is thrown where no host is at hand.  Hidden, so that each
// plugin of a process has its own; a process makes one instance of a plugin at a time.
inline const sw_host* process_host = nullptr;

inline void log_thrown(const sw_host& host, const char* where) noexcept {
  sw_error error{};
  error.size = sizeof error;
  guard(&error, [] { throw; });
  const Ext<sw_log_api> log(host);
  if (!log) return;
  const sw_pair fields[] = {{str("where"), str(where)}, {str("why"), str(error.message)}};
  log->write(&host, SW_LOG_ERROR, str("plugin.exception"), fields, 2);
}

// Runs f(); what it throws is logged.  False when it threw.
template <class F>
bool run_logged(const sw_host& host, const char* where, F&& f) noexcept {
  try {
    std::forward<F>(f)();
    return true;
  } catch (...) {
    log_thrown(host, where);
    return false;
  }
}

template <class F>
bool run_logged(const char* where, F&& f) noexcept {
  try {
    std::forward<F>(f)();
    return true;
  } catch (...) {
    if (process_host != nullptr) log_thrown(*process_host, where);
    return false;
  }
}

// The functions of sw_plugin for a class derived from Plugin.
template <std::derived_from<Plugin> Class>
struct Glue {
  static Plugin& of(void* self) { return *static_cast<Plugin*>(self); }
  static sw_status create(const sw_host* host, void** self, sw_error* error) {
    process_host = host;
    return guard(error, [&] { *self = static_cast<Plugin*>(new Class(*host)); });
  }
  static sw_status configure(void* self, sw_str json, std::uint32_t dry_run, sw_error* error) {
    return guard(error, [&] { of(self).configure(view(json), dry_run != 0); });
  }
  static sw_status start(void* self, sw_error* error) {
    return guard(error, [&] { of(self).start(); });
  }
  static sw_status lane_start(void* self, std::uint32_t lane, void** state, sw_error* error) {
    return guard(error, [&] { *state = of(self).lane_start(lane).release(); });
  }
  static void lane_stop(void* self, std::uint32_t, void* state) {
    run_logged(of(self).host(), "lane_stop", [&] { delete static_cast<Lane*>(state); });
  }
  static void lane_drain(void* self, std::uint32_t, void* state) {
    run_logged(of(self).host(), "lane_drain", [&] { static_cast<Lane*>(state)->drain(); });
  }
  static void stop(void* self) {
    run_logged(of(self).host(), "stop", [&] { of(self).stop(); });
  }
  static void destroy(void* self) {
    delete static_cast<Plugin*>(self);
    process_host = nullptr;
  }

  static constexpr sw_plugin kTable = {sizeof(sw_plugin), 0,          create, configure, start,  lane_start,
                                       lane_stop,         lane_drain, stop,   destroy,   nullptr};
};

}  // namespace detail

// Defines the exported entry.  Once per plugin, outside of every namespace; `info` is an sw_info that
// lives as long as the program.
#define SWITCHYARD_PLUGIN(Class, info)                                                                 \
  extern "C" SW_EXPORT const sw_entry* switchyard_plugin_v1(void) {                                    \
    static const sw_entry entry = {sizeof(sw_entry), SW_ABI_GENERATION,                                \
                                   SW_ABI_REVISION,  1,                                                \
                                   &(info),          &::switchyard::sdk::detail::Glue<Class>::kTable}; \
    return &entry;                                                                                     \
  }

// ---- asynchronous calls ----------------------------------------------------------------------------

namespace detail {

template <class F>
inline constexpr bool kFitsPointer =
    sizeof(F) <= sizeof(void*) && std::is_trivially_copyable_v<F>&& std::is_trivially_destructible_v<F>;

template <class Done>
struct Completion;
template <class... Args>
struct Completion<void (*)(void*, Args...)> {
  template <class F>
  static void run(void* user, Args... args) {
    if constexpr (kFitsPointer<F>) {
      alignas(F) unsigned char memory[sizeof(void*)];
      std::memcpy(memory, &user, sizeof user);
      run_logged("completion", [&] { (*std::launder(reinterpret_cast<F*>(memory)))(args...); });
    } else {
      const std::unique_ptr<F> f(static_cast<F*>(user));
      run_logged("completion", [&] { (*f)(args...); });
    }
  }
};

}  // namespace detail

// Makes an asynchronous call with a lambda as its completion:
//
//   submit<sw_done>([this](sw_status status, const sw_error*) { ... },
//                   [&](sw_done done, void* user) { return stream->purge(&host, ns, id, done, user); });
//
// Returns what the call returned.  When it was refused the lambda is destroyed and never runs.  What it
// throws is logged.  It is copied into the call itself when it captures one pointer, else allocated once.
template <class Done, class F, class Call>
sw_status submit(F f, Call&& call) {
  const Done done = &detail::Completion<Done>::template run<F>;
  if constexpr (detail::kFitsPointer<F>) {
    void* user = nullptr;
    std::memcpy(&user, static_cast<const void*>(&f), sizeof f);
    return call(done, user);
  } else {
    auto boxed = std::make_unique<F>(std::move(f));
    const sw_status status = call(done, static_cast<void*>(boxed.get()));
    if (status == SW_OK) static_cast<void>(boxed.release());
    return status;
  }
}

// A timer that is cancelled when it is destroyed or started again.  [lane]
class Timer {
 public:
  explicit Timer(const sw_host& host) : host_(host), clock_(host) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls (object->*Fire)() once in after_ms.  The object must outlive the timer.
  template <auto Fire, class T>
  void start(std::uint32_t after_ms, T* object) {
    cancel();
    object_ = object;
    fire_ = [](void* o) { (static_cast<T*>(o)->*Fire)(); };
    id_ = clock_->start(&host_, after_ms, run, this);
  }
  void cancel() {
    if (id_ != 0) clock_->cancel(&host_, std::exchange(id_, 0));
  }

 private:
  static void run(void* user) {
    auto* timer = static_cast<Timer*>(user);
    timer->id_ = 0;
    detail::run_logged(timer->host_, "timer", [timer] { timer->fire_(timer->object_); });
  }
  const sw_host& host_;
  const Ext<sw_clock_api> clock_;
  sw_timer id_ = 0;
  void* object_ = nullptr;
  void (*fire_)(void*) = nullptr;
};

}  // namespace switchyard::sdk
#endif
