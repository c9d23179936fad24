#include "kernel/bus/subject.h"

namespace switchyard::bus {
namespace {

bool has_forbidden(std::string_view text) {
  return text.find_first_of(std::string_view(" \t\r\n\0", 5)) != std::string_view::npos;
}

bool is_wildcard(std::string_view token) { return token == "*" || token == ">"; }

}  // namespace

bool is_pattern(std::string_view text) {
  if (has_forbidden(text)) return false;
  for (bool more = true; more;) {
    const auto token = next_token(text, more);
    if (token.empty() || (token == ">" && more)) return false;
  }
  return true;
}

bool is_subject(std::string_view text) {
  if (!is_pattern(text)) return false;
  for (bool more = true; more;) {
    if (is_wildcard(next_token(text, more))) return false;
  }
  return true;
}

bool matches(std::string_view pattern, std::string_view subject) {
  for (bool more_pattern = true, more_subject = true;;) {
    const auto wanted = next_token(pattern, more_pattern);
    if (wanted == ">") return true;
    const auto token = next_token(subject, more_subject);
    if (wanted != "*" && wanted != token) return false;
    if (!more_pattern || !more_subject) return more_pattern == more_subject;
  }
}

}  // namespace switchyard::bus
