// Account and Credential are copies of what the host lends, for lists that are sorted and cut, and the JSON
// objects of the API that show them.
//
// Members of objects come in alphabetical order.
//
// Thread: plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/control/timestamps.h"
#include "switchyard/plugin.h"

namespace switchyard::control {

struct Account {
  Account() = default;
  explicit Account(const sw_account& from);

  std::string id, name, protocol, style, project_id, region;
  std::uint32_t services = 0;
  bool declared = false;
  std::int64_t created_ns = 0, updated_ns = 0;
  std::int64_t sqs_created_ns = 0, sqs_updated_ns = 0, sns_created_ns = 0, sns_updated_ns = 0;
  std::uint32_t own_limits = 0;  // SW_LIMIT_*
  std::uint64_t max_message_bytes = 0, max_stored_bytes = 0, requests_per_second = 0, max_connections = 0;

  bool has_service(std::uint32_t service) const { return services == 0 || (services & service) != 0; }
};

struct Credential {
  Credential() = default;
  explicit Credential(const sw_credential& from);

  std::string id, name, account_id, access_key, checksum;
  std::uint32_t permissions = 0, services = 0;
  std::int64_t created_ns = 0, updated_ns = 0, expires_ms = 0;
  std::string project_id;  // Of its account, where a list needs it.
};

// One service of a project in v1beta1.
struct Service {
  std::uint32_t bit;
  std::string_view title;         // "SQS"
  std::string_view resource;      // Its name in errors.
  std::string_view endpoint_key;  // In its info.
  std::string_view list_key;      // Of its credentials.
  std::string_view name_prefix;   // Of generated names.
};
inline constexpr Service kSqs = {SW_SERVICE_SQS,    "SQS",    "MnqSQSNamespace", "sqs_endpoint_url",
                                 "sqs_credentials", "mnq_sqs"};
inline constexpr Service kSns = {SW_SERVICE_SNS,    "SNS",    "MnqSNSNamespace", "sns_endpoint_url",
                                 "sns_credentials", "mnq_sns"};

// `secret` is what may be shown; `fresh` = the answer to the creation.
struct Shown {
  Precision precision = Precision::microseconds;
  std::string_view secret = {};
  bool fresh() const { return precision == Precision::nanoseconds; }
};

void write_namespace(std::string& out, const Account& account, std::string_view endpoint, Precision precision);
void write_nats_account(std::string& out, const Account& account, std::string_view endpoint, Precision precision);
// v1alpha1.  `summary` = an entry of a list.
void write_credential(std::string& out, const Credential& credential, std::string_view protocol, const Shown& shown,
                      bool summary);
void write_nats_credentials(std::string& out, const Credential& credential, std::string_view region,
                            const Shown& shown);
void write_service_credentials(std::string& out, const Credential& credential, std::string_view project_id,
                               std::string_view region, const Shown& shown);
// `account` null = not active.
void write_service_info(std::string& out, const Service& service, const Account* account, std::string_view project_id,
                        std::string_view region, std::string_view endpoint, Precision precision);
void write_limits(std::string& out, const Account& account);
void write_usage(std::string& out, const sw_account_usage& usage);
// An account as an operator sees it: identity, limits and usage.
void write_overview(std::string& out, const Account& account, const sw_account_usage& usage);

}  // namespace switchyard::control
