// The order of keys: token by token, where '.' ends a token.
//
// '.' counts as the lowest character, so that "a" < "a.b" < "a.c.d" < "a!" and all keys below a prefix of
// tokens stand together.  A '\0' is the next one: prefix + '\0' is the end of everything below `prefix`.
//
// Thread: pure functions.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace switchyard::stream {

inline int key_rank(char c) { return c == '.' ? 0 : static_cast<unsigned char>(c) + 1; }

// Negative, zero or positive, as memcmp.
inline int compare_keys(std::string_view a, std::string_view b) {
  const std::size_t n = std::min(a.size(), b.size());
  const auto [at, bt] = std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin());
  if (at != a.begin() + static_cast<std::ptrdiff_t>(n)) return key_rank(*at) - key_rank(*bt);
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

// The characters behind `skip` as a number: a smaller name never has a larger one.  The end of a name is 0, a
// dot 1.  The three highest characters share a value; what comes after one of them does not count.
template <class Mark>
Mark key_mark(std::string_view name, std::size_t skip) {
  constexpr Mark kHighest = 0xff;
  Mark mark = 0;
  bool counts = true;
  for (std::size_t i = skip; i < skip + sizeof(Mark); ++i) {
    Mark value = 0;
    if (counts && i < name.size()) value = std::min<Mark>(static_cast<Mark>(key_rank(name[i])) + 1, kHighest);
    counts = counts && value != kHighest;
    mark = mark << 8 | value;
  }
  return mark;
}

// Names with this mark may differ in its characters.
template <class Mark>
bool key_mark_is_vague(Mark mark) {
  while (mark != 0 && (mark & 0xff) == 0) mark >>= 8;
  return (mark & 0xff) == 0xff;
}

// Splits the first token off `rest`; `rest` becomes what follows its dot.  `more` tells "a" from "a.".
inline std::string_view take_token(std::string_view& rest, bool& more) {
  const std::size_t dot = rest.find('.');
  more = dot != std::string_view::npos;
  const auto token = rest.substr(0, dot);
  rest.remove_prefix(more ? dot + 1 : rest.size());
  return token;
}

}  // namespace switchyard::stream
