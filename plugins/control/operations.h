// The operations of the API, one function each; routes.cc says which request is which.
//
// Each answers its call exactly once, now or when a change is done.
//
// Thread: one lane.
#pragma once
#include <functional>
#include <optional>

#include "plugins/control/call.h"

namespace switchyard::control {

// v1alpha1
void list_namespaces(Call& call);
void create_namespace(Call& call);
void update_namespace(Call& call);
void get_namespace(Call& call);
void delete_namespace(Call& call);
void list_credentials(Call& call);
void create_credential(Call& call);
void get_credential(Call& call);
void update_credential(Call& call);
void delete_credential(Call& call);

// v1beta1, NATS
void list_nats_accounts(Call& call);
void create_nats_account(Call& call);
void get_nats_account(Call& call);
void update_nats_account(Call& call);
void delete_nats_account(Call& call);
void list_nats_credentials(Call& call);
void create_nats_credentials(Call& call);
void get_nats_credentials(Call& call);
void delete_nats_credentials(Call& call);

// v1beta1, SQS and SNS
void activate(Call& call, const Service& service);
void deactivate(Call& call, const Service& service);
void get_info(Call& call, const Service& service);
void list_service_credentials(Call& call, const Service& service);
void create_service_credentials(Call& call, const Service& service);
void get_service_credentials(Call& call, const Service& service);
void update_service_credentials(Call& call, const Service& service);
void delete_service_credentials(Call& call, const Service& service);

// Beyond the hosted service
void list_accounts(Call& call);
void get_usage(Call& call);
void get_limits(Call& call);
void update_limits(Call& call);

// ---- what they share ----

// A namespace that was made over this API, in the call's region.
inline bool is_namespace(const Call& call, const Account& account) {
  return account.style == "namespace" && !account.declared && account.region == call.region &&
         (account.protocol == "nats" || account.protocol == "sqs_sns");
}
// Answers when the account is not there, not for this call, or not the administrator's.
std::optional<Account> require_namespace(Call& call, std::string_view id, std::string_view action,
                                         std::string_view protocol = {});
// Creates one with its checks; `write` shows it.
using WriteAccount = void (*)(std::string& out, const Account&, std::string_view endpoint, Precision);
void create_account(Call& call, std::string_view protocol, WriteAccount write);
void rename_account(Call& call, const Account& account, WriteAccount write);
void delete_account(Call& call, const Account& account);
// What `expires_at` says; 0 = never.  Complains of a time that has passed.
std::optional<std::int64_t> read_expiry(Call& call);
struct CredentialChange {  // What is absent stays.
  std::optional<std::string> name;
  std::optional<std::uint32_t> permissions;
  std::optional<std::int64_t> expires_ms;
};
// `unsaid` are the permissions that a `permissions` object without a flag, or with null, leaves: none in
// v1alpha1, where the object replaces all; in v1beta1 those of now.
CredentialChange read_credential_change(Call& call, std::uint32_t unsaid);
// Changes the credential of the path; `reply` answers with what it is then.
void start_change_credential(Call& call, const CredentialChange& change, std::string_view resource,
                             std::function<void(const Credential&)> reply);
void start_remove_credential(Call& call, const std::string& id, std::string_view resource);

}  // namespace switchyard::control
