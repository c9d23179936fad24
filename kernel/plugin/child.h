// run_in_child runs a function in a forked process and says how it ended.
//
// Thread: [control], in a process that has no other threads.
#pragma once
#include <functional>
#include <string>

namespace switchyard::plugin {

struct ChildResult {
  bool ok = false;     // Ended by itself with status 0.
  std::string output;  // What the function returned.
  std::string why;     // Of a bad end: "was killed by signal 11 (Segmentation fault)".
};

// `body` returns the text for the parent and sets `good`; an exception is a bad end, too.
ChildResult run_in_child(const std::function<std::string(bool& good)>& body, int timeout_ms);

}  // namespace switchyard::plugin
