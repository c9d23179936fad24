// Result<T> carries a value or an Error; Status carries success or an Error.
//
// Every fallible call of the kernel returns one of them.  Exceptions stop at the seam of the
// library that throws them; an assert means a bug of ours and never bad input.
//
// Thread: plain values, no sharing.
#pragma once
#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace switchyard {

// Stable numbers: they equal the SW_* statuses of sdk/include/switchyard/plugin.h.
enum class Code : int {
  ok = 0,
  invalid = 1,
  not_found = 2,
  exists = 3,
  unauthenticated = 4,
  denied = 5,
  quota = 6,
  busy = 7,
  timeout = 8,
  cancelled = 9,
  unsupported = 10,
  conflict = 11,
  corrupt = 12,
  io = 13,
  stopping = 14,
  internal = 15,
  unknown_outcome = 16,  // The write was submitted and the disk failed: it may or may not survive.
};

// "ok", "not_found", ...: the same word in logs, REST and metrics.
constexpr std::string_view code_name(Code code) {
  constexpr std::string_view kNames[] = {"ok",      "invalid", "not_found", "exists",    "unauthenticated", "denied",
                                         "quota",   "busy",    "timeout",   "cancelled", "unsupported",     "conflict",
                                         "corrupt", "io",      "stopping",  "internal",  "unknown_outcome"};
  const auto index = static_cast<std::size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "internal";
}

struct [[nodiscard]] Error {
  Code code = Code::internal;
  std::string message;  // For a person: the object, the limit, the value and what to change.
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  // REQUIRES: ok().
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  // REQUIRES: !ok().
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }
  Code code() const { return ok() ? Code::ok : error().code; }

 private:
  std::variant<T, Error> state_;
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) { assert(error_.code != Code::ok); }

  explicit operator bool() const { return ok(); }
  bool ok() const { return error_.code == Code::ok; }
  Code code() const { return error_.code; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_{Code::ok, {}};
};

}  // namespace switchyard
