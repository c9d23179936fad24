// KeyPattern tests keys against one pattern and says where to go on after a key that does not match.
//
// The walk over keys in token order thus meets, per combination of tokens that the pattern leaves open,
// one key that does not match, and not all that are below it.
//
// Thread: plain value of one lane.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kernel/stream/key_order.h"

namespace switchyard::stream {

class KeyPattern {
 public:
  // `pattern` is borrowed.
  explicit KeyPattern(std::string_view pattern);

  enum Verdict {
    match,
    seek,  // No key before `target` matches.
    end,   // No later key matches.
  };
  Verdict test(std::string_view key, std::string& target) const;
  // No matching key is below these tokens.
  std::string_view literal_prefix() const { return prefix_; }

 private:
  Verdict skip_below(std::string_view key, std::size_t tokens, std::string& target) const;
  Verdict after_open_token(std::string_view key, std::size_t index, std::string& target) const;

  std::vector<std::string_view> tokens_;  // Without a final '>'.
  bool tail_ = false;                     // The pattern ends with '>'.
  std::string_view prefix_;
};

}  // namespace switchyard::stream
