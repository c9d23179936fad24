// Small conversions between the C types of the ABI and the kernel's.
//
// Thread: pure functions.
#pragma once
#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernel/base/result.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

static_assert(static_cast<int>(Code::unknown_outcome) == SW_UNKNOWN_OUTCOME);
static_assert(static_cast<int>(Code::conflict) == SW_CONFLICT && static_cast<int>(Code::busy) == SW_BUSY);

inline std::string_view view(sw_str text) { return {text.data, text.len}; }
inline std::string_view view(sw_bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }
inline sw_str str(std::string_view text) { return {text.data(), text.size()}; }
inline sw_bytes bytes(std::string_view data) {
  return {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()};
}
inline sw_status number(Code code) { return static_cast<sw_status>(code); }
inline sw_status number(const Status& status) { return number(status.code()); }

// Fills what the caller's struct has room for.
inline void fill(sw_error* to, Code code, std::string_view message) {
  if (to == nullptr || to->size < sizeof(sw_error)) return;
  to->code = number(code);
  to->retry_after_ms = 0;
  const auto n = std::min(message.size(), sizeof to->message - 1);
  if (n > 0) std::memcpy(to->message, message.data(), n);
  to->message[n] = '\0';
}

// An sw_error for the duration of a completion; null() when all went well.
class ErrorView {
 public:
  explicit ErrorView(const Status& status) : ok_(status.ok()) {
    if (ok_) return;
    error_.size = sizeof error_;
    fill(&error_, status.code(), status.error().message);
  }
  const sw_error* get() const { return ok_ ? nullptr : &error_; }

 private:
  const bool ok_;
  sw_error error_;
};

}  // namespace switchyard::plugin
