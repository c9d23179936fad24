// Is a text of the configuration a subject?  Tokens between dots, none empty, no white space, `>` only last.
//
// Thread: pure.
#pragma once
#include <string_view>

namespace switchyard::nats {

inline bool is_config_subject(std::string_view subject) {
  bool ended = false;
  for (std::size_t from = 0; from <= subject.size();) {
    std::size_t to = subject.find('.', from);
    if (to == std::string_view::npos) to = subject.size();
    const std::string_view token = subject.substr(from, to - from);
    if (token.empty() || ended || token.find_first_of(std::string_view("\t\n\f\r \0", 6)) != std::string_view::npos)
      return false;
    ended = token == ">";
    from = to + 1;
  }
  return true;
}

}  // namespace switchyard::nats
