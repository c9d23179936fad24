#include "kernel/stream/key_match.h"

#include "kernel/stream/key_index.h"

namespace switchyard::stream {
namespace {

// The first `tokens` tokens of `key`, without a final dot.
std::string_view leading_tokens(std::string_view key, std::size_t tokens) {
  std::size_t end = 0;
  for (; tokens > 0; --tokens) {
    const std::size_t dot = key.find('.', end);
    if (dot == std::string_view::npos) return key;
    if (tokens == 1) return key.substr(0, dot);
    end = dot + 1;
  }
  return {};
}

}  // namespace

KeyPattern::KeyPattern(std::string_view pattern) {
  std::string_view rest = pattern;
  bool literal = true;
  for (bool more = true; more;) {
    const auto token = take_token(rest, more);
    if (token == ">" && !more) {
      tail_ = true;
      break;
    }
    tokens_.push_back(token);
    literal = literal && token != "*";
    if (literal) prefix_ = pattern.substr(0, static_cast<std::size_t>(token.data() + token.size() - pattern.data()));
  }
}

KeyPattern::Verdict KeyPattern::test(std::string_view key, std::string& target) const {
  std::string_view rest = key;
  bool more = true;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (!more) {
      // Too short: what matches is below this key.
      target.assign(key).append(1, '.');
      if (tokens_[i] != "*") target.append(tokens_[i]);
      return seek;
    }
    const std::size_t start = static_cast<std::size_t>(rest.data() - key.data());
    const auto token = take_token(rest, more);
    if (tokens_[i] == "*" || token == tokens_[i]) continue;
    if (compare_keys(token, tokens_[i]) < 0) {
      target.assign(key.substr(0, start)).append(tokens_[i]);
      return seek;
    }
    return after_open_token(key, i, target);
  }
  if (tail_ && more) return match;
  if (!tail_ && !more) return match;
  if (!more) {
    target.assign(key).append(1, '.');
    return seek;
  }
  // Too long.  Its brothers are too, unless an open token can still change.
  return tokens_.empty() ? end : skip_below(key, tokens_.size(), target);
}

// The first key behind everything below the first `tokens` tokens of `key`.
KeyPattern::Verdict KeyPattern::skip_below(std::string_view key, std::size_t tokens, std::string& target) const {
  target.assign(leading_tokens(key, tokens)).append(1, '\0');
  return seek;
}

// Token `index` of `key` is above the wanted one: the nearest open token before it must change.
KeyPattern::Verdict KeyPattern::after_open_token(std::string_view key, std::size_t index, std::string& target) const {
  for (std::size_t i = index; i-- > 0;) {
    if (tokens_[i] == "*") return skip_below(key, i + 1, target);
  }
  return end;
}

bool subject_matches(std::string_view pattern, std::string_view key) {
  bool more_pattern = true, more_key = true;
  while (more_pattern) {
    const auto wanted = take_token(pattern, more_pattern);
    if (!more_key) return false;
    if (wanted == ">" && !more_pattern) return true;
    const auto token = take_token(key, more_key);
    if (wanted != "*" && wanted != token) return false;
  }
  return !more_key;
}

}  // namespace switchyard::stream
