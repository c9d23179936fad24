// AddPermission and RemovePermission: statements of the queue's access policy, named by a label.
//
// The document is kept and shown as AWS writes it.  Callers of other namespaces are refused whatever it
// says: see the README of this folder.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <vector>

#include "plugins/aws/text.h"
#include "plugins/sqs/access_policy.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/queue_change.h"

namespace switchyard::sqs {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxActions = 7, kMaxLabel = 80, kAccountDigits = 12;

// What a queue's owner may share.
constexpr std::array<std::string_view, 9> kShared = {
    "*",           "ChangeMessageVisibility",    "DeleteMessage", "GetQueueAttributes",
    "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue",    "ReceiveMessage",
    "SendMessage"};

struct Input {
  std::string_view label;
  std::vector<std::string_view> accounts, actions;
};

Refusal read_label(const Fields& fields, std::string_view& out) {
  std::optional<std::string_view> label;
  if (Refusal refusal = fields.text("Label", label)) return refusal;
  if (!label || label->empty()) return missing_parameter("Label");
  const bool legal = label->size() <= kMaxLabel && std::all_of(label->begin(), label->end(), [](char c) {
                       return aws::is_alnum(c) || c == '-' || c == '_';
                     });
  if (!legal) {
    return invalid_value(*label, "Label",
                         "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  }
  out = *label;
  return {};
}

Refusal check_action(std::string_view action) {
  if (std::find(kShared.begin(), kShared.end(), action) != kShared.end()) return {};
  // The batch actions are permitted by the action on one message.
  const bool owners = find_action(action) != nullptr && !action.ends_with("Batch");
  return invalid_value("SQS:" + std::string(action), "ActionName",
                       owners ? "Only the queue owner is allowed to invoke this action."
                              : "Please refer to the appropriate WSDL for a list of valid actions.");
}

bool is_account(std::string_view account) {
  return account.size() == kAccountDigits && std::all_of(account.begin(), account.end(), aws::is_digit);
}

Refusal read(const Fields& fields, Input& in) {
  if (Refusal refusal = read_label(fields, in.label)) return refusal;
  if (Refusal refusal = fields.texts({"AWSAccountIds", "AWSAccountId"}, in.accounts)) return refusal;
  if (Refusal refusal = fields.texts({"Actions", "ActionName"}, in.actions)) return refusal;
  if (in.actions.empty()) return missing_parameter("Actions");
  if (in.accounts.empty()) return missing_parameter("AWSAccountIds");
  if (in.actions.size() > kMaxActions) {
    return {kOverLimit, std::to_string(in.actions.size()) + " Actions were found, maximum allowed is 7."};
  }
  if (in.accounts.size() > kMaxPrincipals) {
    return {kOverLimit, std::to_string(in.accounts.size()) + " AWSAccountIds were found, maximum allowed is 50."};
  }
  for (const std::string_view action : in.actions) {
    if (Refusal refusal = check_action(action)) return refusal;
  }
  for (const std::string_view account : in.accounts) {
    if (!is_account(account)) return invalid_value(account, "PrincipalId", "Unable to verify.");
  }
  return {};
}

json::string_view boosted(std::string_view text) { return {text.data(), text.size()}; }

// One value stands alone, several are a list.
json::value one_or_list(json::array values) {
  if (values.size() == 1) return std::move(values[0]);
  return values;
}

json::object make_statement(const Input& in, std::string_view arn) {
  json::array principals, actions;
  for (const std::string_view account : in.accounts) {
    principals.emplace_back("arn:aws:iam::" + std::string(account) + ":root");
  }
  for (const std::string_view action : in.actions) actions.emplace_back("SQS:" + std::string(action));
  return {{"Sid", boosted(in.label)},
          {"Effect", "Allow"},
          {"Principal", json::object{{"AWS", one_or_list(std::move(principals))}}},
          {"Action", one_or_list(std::move(actions))},
          {"Resource", boosted(arn)}};
}

// The stored policy, or an empty one; its Statement is a list afterwards.
json::object parse_policy(std::string_view text, std::string_view arn) {
  if (text.empty()) {
    return {{"Version", "2008-10-17"}, {"Id", std::string(arn) + "/SQSDefaultPolicy"}, {"Statement", json::array()}};
  }
  json::object policy = json::parse(boosted(text)).as_object();  // Judged by is_access_policy when it was set.
  json::value& statements = policy["Statement"];
  if (!statements.is_array()) statements = json::array{statements};
  return policy;
}

json::array::iterator labelled(json::array& statements, std::string_view label) {
  return std::find_if(statements.begin(), statements.end(), [&](const json::value& statement) {
    const json::value* sid = statement.is_object() ? statement.get_object().if_contains("Sid") : nullptr;
    return sid != nullptr && sid->is_string() && sid->get_string() == boosted(label);
  });
}

}  // namespace

void add_permission(Call& call, const Fields& fields) {
  Queue queue;
  Input in;
  QueueAttributes attributes;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read(fields, in)) return call.refuse(refusal);
  if (Refusal refusal = read_attributes(queue, attributes)) return call.refuse(refusal);
  std::string arn;
  queue.realm.append_arn(arn, queue.name);
  json::object policy = parse_policy(attributes.policy, arn);
  json::array& statements = policy["Statement"].as_array();
  if (labelled(statements, in.label) != statements.end()) {
    return call.refuse(invalid_value(in.label, "Label", "Already exists."));
  }
  statements.push_back(make_statement(in, arn));
  attributes.policy = json::serialize(policy);
  std::size_t principals = 0;
  for (const json::value& statement : statements) principals += count_principals(statement);
  if (statements.size() > kMaxStatements || principals > kMaxPrincipals || attributes.policy.size() > kMaxPolicyBytes) {
    return call.refuse(
        {kOverLimit,
         "The policy would have " + std::to_string(statements.size()) + " statements, " + std::to_string(principals) +
             " principals and " + std::to_string(attributes.policy.size()) +
             " bytes; the most is 20 statements, 50 principals and 8192 bytes. Remove a permission first."});
  }
  change_queue(call, queue, attributes);
}

void remove_permission(Call& call, const Fields& fields) {
  Queue queue;
  std::string_view label;
  QueueAttributes attributes;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_label(fields, label)) return call.refuse(refusal);
  if (Refusal refusal = read_attributes(queue, attributes)) return call.refuse(refusal);
  json::object policy = parse_policy(attributes.policy, {});
  json::array& statements = policy["Statement"].as_array();
  const auto at = labelled(statements, label);
  if (at == statements.end()) return call.refuse(invalid_value(label, "Label", "can't find label."));
  statements.erase(at);
  attributes.policy = statements.empty() ? std::string() : json::serialize(policy);
  change_queue(call, queue, attributes);
}

}  // namespace switchyard::sqs
