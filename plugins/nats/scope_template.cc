#include "plugins/nats/scope_template.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nats/claims_reader.h"

namespace switchyard::nats {
namespace {

constexpr std::size_t kMaxSubjectBytes = 4096, kMaxVariables = 16;

enum class Side { allow, deny };

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::size_t wildcards(std::string_view subject) {
  std::size_t count = 0;
  for (;;) {
    const auto dot = subject.find('.');
    const auto token = subject.substr(0, dot);
    if (token == "*" || token == ">") ++count;
    if (dot == std::string_view::npos) return count;
    subject.remove_prefix(dot + 1);
  }
}

// One entry of a list, cut at its variables.
struct Entry {
  struct Variable {
    std::string call;
    std::vector<std::string> values;
  };
  struct Piece {
    std::string_view text;
    std::optional<std::size_t> variable;  // Instead of the text.
  };
  std::vector<Piece> pieces;
  std::vector<Variable> variables;
};

// What stands in double braces is a variable; the same one twice has the same value in both places.
bool cut(std::string_view text, Entry& out) {
  for (;;) {
    const auto open = text.find("{{");
    const auto close = open == std::string_view::npos ? open : text.find("}}", open + 2);
    if (close == std::string_view::npos) {
      out.pieces.push_back({text, std::nullopt});
      return true;
    }
    out.pieces.push_back({text.substr(0, open), std::nullopt});
    const auto call = lower(trim(text.substr(open + 2, close - open - 2)));
    std::size_t known = 0;
    while (known < out.variables.size() && out.variables[known].call != call) ++known;
    if (known == out.variables.size()) {
      if (known == kMaxVariables) return false;
      out.variables.push_back({call, {}});
    }
    out.pieces.push_back({{}, known});
    text.remove_prefix(close + 2);
  }
}

std::vector<std::string> tag_values(const std::vector<std::string>& tags, std::string_view name) {
  const auto prefix = std::string(name) + ':';
  std::vector<std::string> out;
  for (const auto& tag : tags) {
    if (tag.starts_with(prefix)) out.push_back(tag.substr(prefix.size()));
  }
  return out;
}

// "tag(x)" with the opening "tag(": x.
std::optional<std::string_view> argument(std::string_view call, std::string_view opening) {
  if (!call.starts_with(opening) || !call.ends_with(')')) return std::nullopt;
  return call.substr(opening.size(), call.size() - opening.size() - 1);
}

class Filler {
 public:
  Filler(const UserClaims& user, const ClaimsHead& account) : user_(user), account_(account) {}

  // False when the list cannot be made.
  bool fill(const std::vector<std::string>& list, Side side, std::vector<std::string>& out);

 private:
  bool look_up(Entry::Variable& variable) const;
  bool fill_one(std::string_view text, Side side, std::vector<std::string>& out);

  const UserClaims& user_;
  const ClaimsHead& account_;
  std::size_t made_ = 0;
};

// False for an unknown variable; a tag that nobody has leaves no value.
bool Filler::look_up(Entry::Variable& variable) const {
  const std::string_view call = variable.call;
  if (call == "name()") {
    variable.values = {user_.head.name};
  } else if (call == "subject()") {
    variable.values = {user_.head.subject};
  } else if (call == "account-name()") {
    variable.values = {account_.name};
  } else if (call == "account-subject()") {
    variable.values = {account_.subject};
  } else if (const auto tag = argument(call, "tag(")) {
    variable.values = tag_values(user_.head.tags, *tag);
  } else if (const auto account_tag = argument(call, "account-tag(")) {
    variable.values = tag_values(account_.tags, *account_tag);
  } else {
    return false;
  }
  return true;
}

bool is_good(std::string_view entry, std::size_t allowed_wildcards, std::size_t spaces) {
  if (static_cast<std::size_t>(std::count(entry.begin(), entry.end(), ' ')) != spaces) return false;
  const auto space = entry.find(' ');
  const auto subject = entry.substr(0, space);
  if (!is_claim_subject(subject) || wildcards(subject) != allowed_wildcards) return false;
  return space == std::string_view::npos || is_claim_subject(entry.substr(space + 1));
}

bool Filler::fill_one(std::string_view text, Side side, std::vector<std::string>& out) {
  Entry entry;
  if (!cut(text, entry)) return false;
  std::size_t combinations = 1;
  for (auto& variable : entry.variables) {
    if (!look_up(variable)) return false;
    if (variable.values.empty()) return side == Side::allow;
    if (combinations > kMaxScopeSubjects / variable.values.size()) return false;
    combinations *= variable.values.size();
  }
  if (combinations > kMaxScopeSubjects - made_) return false;
  made_ += combinations;

  std::string fixed;  // What a value must not add wildcards or spaces to.
  for (const auto& piece : entry.pieces) fixed += piece.variable ? std::string_view("x") : piece.text;
  const auto allowed_wildcards = wildcards(std::string_view(fixed).substr(0, fixed.find(' ')));
  const auto spaces = static_cast<std::size_t>(std::count(fixed.begin(), fixed.end(), ' '));
  for (std::size_t number = 0; number < combinations; ++number) {
    std::string made;
    for (const auto& piece : entry.pieces) {
      if (!piece.variable) {
        made += piece.text;
        continue;
      }
      // The number in the mixed radix of the value counts says which value each variable has.
      std::size_t rest = number;
      for (std::size_t i = 0; i < *piece.variable; ++i) rest /= entry.variables[i].values.size();
      const auto& values = entry.variables[*piece.variable].values;
      made += values[rest % values.size()];
      if (made.size() > kMaxSubjectBytes) return false;
    }
    if (is_good(made, allowed_wildcards, spaces)) {
      out.push_back(std::move(made));
    } else if (side == Side::deny) {
      return false;
    }
  }
  return true;
}

bool Filler::fill(const std::vector<std::string>& list, Side side, std::vector<std::string>& out) {
  for (const auto& entry : list) {
    if (!fill_one(entry, side, out)) return false;
  }
  return true;
}

}  // namespace

std::optional<PermissionClaims> fill_scope(const PermissionClaims& scope, const UserClaims& user,
                                           const ClaimsHead& account) {
  PermissionClaims out;
  out.response = scope.response;
  Filler filler(user, account);
  for (const auto side : {&PermissionClaims::publish, &PermissionClaims::subscribe}) {
    const SubjectLists& from = scope.*side;
    SubjectLists& to = out.*side;
    if (!filler.fill(from.allow, Side::allow, to.allow) || !filler.fill(from.deny, Side::deny, to.deny)) {
      return std::nullopt;
    }
    to.allow_nothing = from.allow_nothing || (!from.allow.empty() && to.allow.empty());
  }
  if (out.subscribe.allow_nothing) out.subscribe.deny.emplace_back(">");
  return out;
}

}  // namespace switchyard::nats
