// json_keys reads one thing out of JSON: the keys of the outermost object, and whether the whole
// text is well formed.
//
// A plugin describes its configuration keys as a JSON object and gets its section as one; the host
// needs the names to judge and to print, never the values.
//
// Failure: malformed text, text after the end, nesting deeper than kMaxJsonDepth and anything but an
// object are Code::invalid with the byte where reading stopped.
//
// Thread: pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace switchyard::plugin {

inline constexpr int kMaxJsonDepth = 64;

// In the order of the text.  `what` names the text in the error.
Result<std::vector<std::string>> json_keys(std::string_view text, std::string_view what);

}  // namespace switchyard::plugin
