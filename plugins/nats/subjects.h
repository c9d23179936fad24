// Subjects are tokens with '.' between them.  In a pattern '*' stands for one token and a last '>' for one or more;
// a token that merely contains one of them ("a*") is an ordinary token.
//
// A published subject is never a pattern: "a.*" published is the two tokens "a" and "*".
//
// Failure: none; every question has an answer for any bytes.
// Thread: pure functions; nothing allocates.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace switchyard::nats {

// The token that ends at the next '.' or at the end; `rest` becomes what follows it.  `more` tells whether a '.' was
// there, so that "a." has two tokens and the second is empty.
inline std::string_view next_token(std::string_view& rest, bool& more) {
  const std::size_t dot = rest.find('.');
  more = dot != std::string_view::npos;
  const std::string_view token = rest.substr(0, dot);
  rest = more ? rest.substr(dot + 1) : std::string_view();
  return token;
}

// for (std::string_view token : Tokens(subject)).  The empty text has one token, the empty one.
class Tokens {
 public:
  class End {};
  class Iterator {
   public:
    explicit Iterator(std::string_view text) : rest_(text) { token_ = next_token(rest_, more_); }
    std::string_view operator*() const { return token_; }
    Iterator& operator++() {
      done_ = !more_;
      if (more_) token_ = next_token(rest_, more_);
      return *this;
    }
    bool operator==(End) const { return done_; }

   private:
    std::string_view rest_;
    std::string_view token_;
    bool more_ = false;
    bool done_ = false;
  };

  explicit Tokens(std::string_view text) : text_(text) {}
  Iterator begin() const { return Iterator(text_); }
  End end() const { return {}; }

 private:
  std::string_view text_;
};

inline std::size_t count_tokens(std::string_view text) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '.'));
}

// What may be subscribed to: no empty token, no blank, line end or NUL, '>' as a token only at the end.
bool is_pattern(std::string_view text);

// What a pedantic client may publish to: no empty token and no token that is a wildcard.
bool is_publishable(std::string_view text);

// Whether anything can match it: nats-server delivers a subject with an empty token to nobody, not even to ">".
bool is_routable(std::string_view text);

bool has_wildcard(std::string_view pattern);

// REQUIRES: is_pattern(pattern).  Every token of `subject` is taken as it stands.
bool matches(std::string_view pattern, std::string_view subject);

// Whether `of` matches every subject that `pattern` matches.  REQUIRES: both are patterns.
bool is_subset(std::string_view pattern, std::string_view of);

// Whether some subject is matched by both.  REQUIRES: both are patterns.
bool overlap(std::string_view a, std::string_view b);

// Names that servers use among themselves.  A client that puts them into a message could answer for another one, so
// such a message is refused whatever its permissions say.
inline bool is_reserved_reply(std::string_view reply) {
  return reply.starts_with("_R_.") || reply.starts_with("$JS.ACK.") || reply.starts_with("_GR_.");
}
inline bool is_reserved_publish(std::string_view subject) {
  return subject.starts_with("_GR_.") || subject.starts_with("$NRG.");
}
// A queue that no client may join.
inline constexpr std::string_view kReservedQueue = "_sys_";

}  // namespace switchyard::nats
