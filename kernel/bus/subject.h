// Subjects are tokens with '.' between them; in a pattern '*' stands for one token and a last '>' for one or more.
//
// A token that merely contains '*' or '>' ("a*") is an ordinary token.  What is published is never a
// pattern: a published "a.*" is the two tokens "a" and "*", and only patterns for any token match it.
//
// Thread: pure functions.
#pragma once
#include <string_view>

namespace switchyard::bus {

// The token that ends at the next '.' or at the end; `rest` becomes what follows it.  `more` tells whether
// a '.' was there, so that "a." has two tokens and the second is empty.
inline std::string_view next_token(std::string_view& rest, bool& more) {
  const auto dot = rest.find('.');
  more = dot != std::string_view::npos;
  const auto token = rest.substr(0, dot);
  rest = more ? rest.substr(dot + 1) : std::string_view();
  return token;
}

// Not empty, no empty token, no space, tab, CR, LF or NUL; '>' as a token only at the end.
bool is_pattern(std::string_view text);
// A pattern that stands for itself alone.
bool is_subject(std::string_view text);
// REQUIRES: is_pattern(pattern).
bool matches(std::string_view pattern, std::string_view subject);

}  // namespace switchyard::bus
