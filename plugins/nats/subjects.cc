#include "plugins/nats/subjects.h"

namespace switchyard::nats {
namespace {

constexpr std::string_view kForbidden("\t\n\f\r \0", 6);

bool is_wildcard(std::string_view token) { return token == "*" || token == ">"; }

}  // namespace

bool is_pattern(std::string_view text) {
  if (text.find_first_of(kForbidden) != std::string_view::npos) return false;
  for (bool more = true; more;) {
    const std::string_view token = next_token(text, more);
    if (token.empty() || (token == ">" && more)) return false;
  }
  return true;
}

bool is_publishable(std::string_view text) {
  for (const std::string_view token : Tokens(text)) {
    if (token.empty() || is_wildcard(token)) return false;
  }
  return true;
}

bool is_routable(std::string_view text) {
  char before = '.';
  for (const char c : text) {
    if (c == '.' && before == '.') return false;
    before = c;
  }
  return before != '.';
}

bool has_wildcard(std::string_view pattern) {
  // Most subjects hold neither byte, and then no token needs to be looked at.
  if (pattern.find_first_of("*>") == std::string_view::npos) return false;
  for (const std::string_view token : Tokens(pattern)) {
    if (is_wildcard(token)) return true;
  }
  return false;
}

bool matches(std::string_view pattern, std::string_view subject) {
  for (bool more_pattern = true, more_subject = true;;) {
    const std::string_view wanted = next_token(pattern, more_pattern);
    if (wanted == ">") return true;
    const std::string_view token = next_token(subject, more_subject);
    if (wanted != "*" && wanted != token) return false;
    if (!more_pattern || !more_subject) return more_pattern == more_subject;
  }
}

bool is_subset(std::string_view pattern, std::string_view of) {
  for (bool more_pattern = true, more_of = true;;) {
    const std::string_view wide = next_token(of, more_of);
    if (wide == ">") return true;
    const std::string_view token = next_token(pattern, more_pattern);
    if (token == ">" || (wide != "*" && wide != token)) return false;
    if (!more_pattern || !more_of) return more_pattern == more_of;
  }
}

bool overlap(std::string_view a, std::string_view b) {
  for (bool more_a = true, more_b = true;;) {
    const std::string_view one = next_token(a, more_a);
    const std::string_view other = next_token(b, more_b);
    if (one == ">" || other == ">") return true;
    if (one != "*" && other != "*" && one != other) return false;
    if (!more_a || !more_b) return more_a == more_b;
  }
}

}  // namespace switchyard::nats
