#include "plugins/sqs/access_policy.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

namespace switchyard::sqs {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 16;
constexpr std::array<std::string_view, 4> kPrincipalKinds = {"AWS", "CanonicalUser", "Federated", "Service"};

bool is_word(const json::value& value) { return value.is_string() && !value.get_string().empty(); }

// One word, or a list of at least one.
bool is_words(const json::value& value) {
  if (!value.is_array()) return is_word(value);
  const json::array& list = value.get_array();
  return !list.empty() && std::all_of(list.begin(), list.end(), is_word);
}

std::size_t count_words(const json::value& value) { return value.is_array() ? value.get_array().size() : 1; }

bool is_principal(const json::value& value) {
  if (value.is_string()) return value.get_string() == "*";
  if (!value.is_object() || value.get_object().empty()) return false;
  for (const auto& [kind, names] : value.get_object()) {
    const std::string_view name(kind.data(), kind.size());
    if (std::find(kPrincipalKinds.begin(), kPrincipalKinds.end(), name) == kPrincipalKinds.end()) return false;
    if (!is_words(names)) return false;
  }
  return true;
}

// The one that is there of an element and its negation; null when none or both are.
const json::value* either(const json::object& statement, json::string_view element, json::string_view negation) {
  const json::value *plain = statement.if_contains(element), *negated = statement.if_contains(negation);
  if ((plain == nullptr) == (negated == nullptr)) return nullptr;
  return plain != nullptr ? plain : negated;
}

// {operator: {key: value or values}}; adds the number of keys.
bool check_conditions(const json::object& statement, std::size_t& count) {
  const json::value* condition = statement.if_contains("Condition");
  if (condition == nullptr) return true;
  if (!condition->is_object()) return false;
  for (const auto& [name, keys] : condition->get_object()) {
    if (!keys.is_object() || keys.get_object().empty()) return false;
    count += keys.get_object().size();
  }
  return true;
}

bool check_statement(const json::value& value, std::size_t& conditions) {
  if (!value.is_object()) return false;
  const json::object& statement = value.get_object();
  const json::value *sid = statement.if_contains("Sid"), *effect = statement.if_contains("Effect");
  if (sid != nullptr && !sid->is_string()) return false;
  if (effect == nullptr || (*effect != "Allow" && *effect != "Deny")) return false;
  const json::value *principal = either(statement, "Principal", "NotPrincipal"),
                    *action = either(statement, "Action", "NotAction");
  if (principal == nullptr || !is_principal(*principal) || action == nullptr || !is_words(*action)) return false;
  return check_conditions(statement, conditions);
}

bool check_version(const json::object& policy) {
  const json::value* version = policy.if_contains("Version");
  return version == nullptr || *version == "2012-10-17" || *version == "2008-10-17";
}

}  // namespace

bool is_access_policy(std::string_view text) {
  if (text.size() > kMaxPolicyBytes) return false;
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  const json::value document = json::parse({text.data(), text.size()}, error, {}, options);
  if (error || !document.is_object() || !check_version(document.get_object())) return false;
  const json::value* statements = document.get_object().if_contains("Statement");
  if (statements == nullptr) return false;
  const json::value* first = statements;
  std::size_t n = 1, principals = 0, conditions = 0;
  if (statements->is_array()) {
    first = statements->get_array().data();
    n = statements->get_array().size();
  }
  if (n > kMaxStatements) return false;
  for (const json::value* statement = first; statement != first + n; ++statement) {
    if (!check_statement(*statement, conditions)) return false;
    principals += count_principals(*statement);
  }
  return principals <= kMaxPrincipals && conditions <= kMaxConditions;
}

std::size_t count_principals(const json::value& statement) {
  if (!statement.is_object()) return 0;
  const json::value* principal = either(statement.get_object(), "Principal", "NotPrincipal");
  if (principal == nullptr) return 0;
  if (!principal->is_object()) return 1;
  std::size_t n = 0;
  for (const auto& [kind, names] : principal->get_object()) n += count_words(names);
  return n;
}

}  // namespace switchyard::sqs
