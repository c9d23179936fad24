#include "plugins/control/routes.h"

#include "plugins/aws/encoding.h"
#include "plugins/aws/text.h"
#include "plugins/control/operations.h"

namespace switchyard::control {
namespace {

constexpr Operation kOperations[] = {
    {"GET", "/mnq/v1alpha1/regions/{region}/namespaces", "ListNamespaces", "List namespaces",
     "organization_id project_id page page_size order_by", "", "NamespaceList", list_namespaces},
    {"POST", "/mnq/v1alpha1/regions/{region}/namespaces", "CreateNamespace", "Create a namespace", "", "NewNamespace",
     "Namespace", create_namespace},
    {"PATCH", "/mnq/v1alpha1/regions/{region}/namespaces", "UpdateNamespace", "Rename a namespace", "",
     "NamespaceUpdate", "Namespace", update_namespace},
    {"GET", "/mnq/v1alpha1/regions/{region}/namespaces/{namespace_id}", "GetNamespace", "Read a namespace", "", "",
     "Namespace", get_namespace},
    {"DELETE", "/mnq/v1alpha1/regions/{region}/namespaces/{namespace_id}", "DeleteNamespace",
     "Delete a namespace with everything in it", "", "", "", delete_namespace},
    {"GET", "/mnq/v1alpha1/regions/{region}/credentials", "ListCredentials", "List credentials",
     "namespace_id page page_size order_by", "", "CredentialList", list_credentials},
    {"POST", "/mnq/v1alpha1/regions/{region}/credentials", "CreateCredential",
     "Create a credential; the only time its secret is shown", "", "NewCredential", "Credential", create_credential},
    {"GET", "/mnq/v1alpha1/regions/{region}/credentials/{credential_id}", "GetCredential", "Read a credential", "", "",
     "Credential", get_credential},
    {"PATCH", "/mnq/v1alpha1/regions/{region}/credentials/{credential_id}", "UpdateCredential", "Change a credential",
     "", "CredentialUpdate", "Credential", update_credential},
    {"DELETE", "/mnq/v1alpha1/regions/{region}/credentials/{credential_id}", "DeleteCredential", "Delete a credential",
     "", "", "", delete_credential},
    {"GET", "/mnq/v1beta1/regions/{region}/nats-accounts", "ListNatsAccounts", "List NATS accounts",
     "project_id page page_size order_by", "", "NatsAccountList", list_nats_accounts},
    {"POST", "/mnq/v1beta1/regions/{region}/nats-accounts", "CreateNatsAccount", "Create a NATS account", "",
     "NewNatsAccount", "NatsAccount", create_nats_account},
    {"GET", "/mnq/v1beta1/regions/{region}/nats-accounts/{nats_account_id}", "GetNatsAccount", "Read a NATS account",
     "", "", "NatsAccount", get_nats_account},
    {"PATCH", "/mnq/v1beta1/regions/{region}/nats-accounts/{nats_account_id}", "UpdateNatsAccount",
     "Rename a NATS account", "", "NameUpdate", "NatsAccount", update_nats_account},
    {"DELETE", "/mnq/v1beta1/regions/{region}/nats-accounts/{nats_account_id}", "DeleteNatsAccount",
     "Delete a NATS account with everything in it", "", "", "", delete_nats_account},
    {"GET", "/mnq/v1beta1/regions/{region}/nats-credentials", "ListNatsCredentials", "List NATS credentials",
     "project_id nats_account_id page page_size order_by", "", "NatsCredentialsList", list_nats_credentials},
    {"POST", "/mnq/v1beta1/regions/{region}/nats-credentials", "CreateNatsCredentials",
     "Create NATS credentials; the only time their file is shown", "", "NewNatsCredentials", "NatsCredentials",
     create_nats_credentials},
    {"GET", "/mnq/v1beta1/regions/{region}/nats-credentials/{nats_credentials_id}", "GetNatsCredentials",
     "Read NATS credentials", "", "", "NatsCredentials", get_nats_credentials},
    {"DELETE", "/mnq/v1beta1/regions/{region}/nats-credentials/{nats_credentials_id}", "DeleteNatsCredentials",
     "Delete NATS credentials", "", "", "", delete_nats_credentials},
    {"POST", "/mnq/v1beta1/regions/{region}/activate-sqs", "ActivateSqs", "Switch SQS on for a project", "", "Project",
     "SqsInfo", [](Call& call) { activate(call, kSqs); }},
    {"GET", "/mnq/v1beta1/regions/{region}/sqs-info", "GetSqsInfo", "Is SQS on for a project?", "project_id!", "",
     "SqsInfo", [](Call& call) { get_info(call, kSqs); }},
    {"POST", "/mnq/v1beta1/regions/{region}/deactivate-sqs", "DeactivateSqs", "Switch SQS off for a project", "",
     "Deactivation", "SqsInfo", [](Call& call) { deactivate(call, kSqs); }},
    {"GET", "/mnq/v1beta1/regions/{region}/sqs-credentials", "ListSqsCredentials", "List SQS credentials",
     "project_id page page_size order_by", "", "SqsCredentialsList",
     [](Call& call) { list_service_credentials(call, kSqs); }},
    {"POST", "/mnq/v1beta1/regions/{region}/sqs-credentials", "CreateSqsCredentials",
     "Create SQS credentials; the only time their secret is shown", "", "NewServiceCredentials", "ServiceCredentials",
     [](Call& call) { create_service_credentials(call, kSqs); }},
    {"GET", "/mnq/v1beta1/regions/{region}/sqs-credentials/{sqs_credentials_id}", "GetSqsCredentials",
     "Read SQS credentials", "", "", "ServiceCredentials", [](Call& call) { get_service_credentials(call, kSqs); }},
    {"PATCH", "/mnq/v1beta1/regions/{region}/sqs-credentials/{sqs_credentials_id}", "UpdateSqsCredentials",
     "Change SQS credentials", "", "CredentialUpdate", "ServiceCredentials",
     [](Call& call) { update_service_credentials(call, kSqs); }},
    {"DELETE", "/mnq/v1beta1/regions/{region}/sqs-credentials/{sqs_credentials_id}", "DeleteSqsCredentials",
     "Delete SQS credentials", "", "", "", [](Call& call) { delete_service_credentials(call, kSqs); }},
    {"POST", "/mnq/v1beta1/regions/{region}/activate-sns", "ActivateSns", "Switch SNS on for a project", "", "Project",
     "SnsInfo", [](Call& call) { activate(call, kSns); }},
    {"GET", "/mnq/v1beta1/regions/{region}/sns-info", "GetSnsInfo", "Is SNS on for a project?", "project_id!", "",
     "SnsInfo", [](Call& call) { get_info(call, kSns); }},
    {"POST", "/mnq/v1beta1/regions/{region}/deactivate-sns", "DeactivateSns", "Switch SNS off for a project", "",
     "Deactivation", "SnsInfo", [](Call& call) { deactivate(call, kSns); }},
    {"GET", "/mnq/v1beta1/regions/{region}/sns-credentials", "ListSnsCredentials", "List SNS credentials",
     "project_id page page_size order_by", "", "SnsCredentialsList",
     [](Call& call) { list_service_credentials(call, kSns); }},
    {"POST", "/mnq/v1beta1/regions/{region}/sns-credentials", "CreateSnsCredentials",
     "Create SNS credentials; the only time their secret is shown", "", "NewServiceCredentials", "ServiceCredentials",
     [](Call& call) { create_service_credentials(call, kSns); }},
    {"GET", "/mnq/v1beta1/regions/{region}/sns-credentials/{sns_credentials_id}", "GetSnsCredentials",
     "Read SNS credentials", "", "", "ServiceCredentials", [](Call& call) { get_service_credentials(call, kSns); }},
    {"PATCH", "/mnq/v1beta1/regions/{region}/sns-credentials/{sns_credentials_id}", "UpdateSnsCredentials",
     "Change SNS credentials", "", "CredentialUpdate", "ServiceCredentials",
     [](Call& call) { update_service_credentials(call, kSns); }},
    {"DELETE", "/mnq/v1beta1/regions/{region}/sns-credentials/{sns_credentials_id}", "DeleteSnsCredentials",
     "Delete SNS credentials", "", "", "", [](Call& call) { delete_service_credentials(call, kSns); }},
    {"GET", "/mnq/switchyard/v1/accounts", "ListAccounts", "List every namespace with its limits and usage",
     "project_id page page_size order_by", "", "AccountList", list_accounts},
    {"GET", "/mnq/switchyard/v1/accounts/{account_id}/usage", "GetUsage", "What a namespace uses", "", "", "Usage",
     get_usage},
    {"GET", "/mnq/switchyard/v1/accounts/{account_id}/limits", "GetLimits", "What a namespace may use", "", "",
     "Limits", get_limits},
    {"PATCH", "/mnq/switchyard/v1/accounts/{account_id}/limits", "UpdateLimits",
     "Give a namespace limits of its own, or the defaults back with an empty text", "", "LimitsUpdate", "Limits",
     update_limits},
};

// Does `path` fit `pattern`?  Segments in braces take anything that is not empty.
bool fits(std::string_view pattern, std::string_view path, Match& out) {
  out.region.clear();
  out.id.clear();
  while (!pattern.empty() || !path.empty()) {
    const auto wanted = aws::take_until(pattern, '/'), given = aws::take_until(path, '/');
    if (!wanted.starts_with('{')) {
      if (wanted != given) return false;
      continue;
    }
    if (given.empty()) return false;
    aws::append_percent_decoded(wanted == "{region}" ? out.region : out.id, given, false);
  }
  return true;
}

}  // namespace

std::span<const Operation> operations() { return kOperations; }

Match match_operation(std::string_view method, std::string_view path) {
  Match match;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  for (const auto& operation : kOperations) {
    if (!fits(operation.path, path, match)) continue;
    if (operation.method == method) {
      match.operation = &operation;
      return match;
    }
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += operation.method;
  }
  return match;
}

}  // namespace switchyard::control
