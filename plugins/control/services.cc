// SQS and SNS of v1beta1: services of a project that are switched on, and their credentials.
#include "plugins/control/listing.h"
#include "plugins/control/operations.h"

namespace switchyard::control {
namespace {

constexpr std::string_view kResource = "credentials";
constexpr std::string_view kOrders[] = {"created_at", "updated_at", "name"};

bool is_active(const std::optional<Account>& account, const Service& service) {
  return account && account->has_service(service.bit);
}

void reply_info(Call& call, const Service& service, const Account* account, std::string_view project,
                Precision precision) {
  std::string out;
  write_service_info(out, service, account, project, call.region, call.endpoint("sqs_sns"), precision);
  call.reply(200, out);
}

struct Found {
  Credential credential;
  Account account;
};

std::optional<Found> require_credential(Call& call, const Service& service, std::string_view action) {
  if (!is_uuid(call.id)) call.arguments.complain("credentials_id", "constraint", "value must be a valid UUID");
  if (call.arguments.bad()) {
    call.refuse_arguments();
    return std::nullopt;
  }
  auto credential = call.find_credential(call.id);
  auto account = credential ? call.find_account(credential->account_id) : std::nullopt;
  const bool fits = account && account->style == "project" && account->region == call.region &&
                    (credential->services & service.bit) != 0;
  if (!fits) {
    call.refuse_not_found(kResource, call.id);
    return std::nullopt;
  }
  if (!call.allowed(action, kResource, account->project_id)) return std::nullopt;
  return Found{std::move(*credential), std::move(*account)};
}

void reply_credential(Call& call, const Account& account, const Credential& credential, const Shown& shown) {
  std::string out;
  write_service_credentials(out, credential, account.project_id, call.region, shown);
  call.reply(200, out);
}

}  // namespace

void activate(Call& call, const Service& service) {
  const auto project = call.arguments.uuid("project_id", true);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (!call.allowed("write", service.resource, project)) return;
  call.change_account(
      [&](sw_account_done done, void* user) {
        const auto& tables = call.tables();
        return tables.accounts->activate(&tables.host, sdk::str(project), sdk::str(call.region), service.bit, done,
                                         user);
      },
      [&call, &service, project](sw_status status, const sw_account* account, const sw_error* error) {
        if (status != SW_OK) return call.refuse(status, error, service.resource, project);
        const Account active(*account);
        reply_info(call, service, &active, project, Precision::nanoseconds);
      });
}

void deactivate(Call& call, const Service& service) {
  const auto project = call.arguments.uuid("project_id", true);
  const bool force = call.arguments.flag("force_delete").value_or(false);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (!call.allowed("delete", service.resource, project)) return;
  call.remove(
      [&](sw_done done, void* user) {
        const auto& tables = call.tables();
        return tables.accounts->deactivate(&tables.host, sdk::str(project), sdk::str(call.region), service.bit,
                                           force ? 1 : 0, done, user);
      },
      [&call, &service, project](sw_status status, const sw_error* error) {
        if (status == SW_CONFLICT) return call.refuse_in_use(error);
        if (status != SW_OK) return call.refuse(status, error, service.resource, project);
        reply_info(call, service, nullptr, project, Precision::microseconds);
      });
}

void get_info(Call& call, const Service& service) {
  const auto project = call.arguments.uuid_parameter("project_id", true);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (!call.allowed("read", service.resource, project)) return;
  const auto account = call.find_project(project);
  reply_info(call, service, is_active(account, service) ? &*account : nullptr, project, Precision::microseconds);
}

void list_service_credentials(Call& call, const Service& service) {
  const auto project = call.arguments.uuid_parameter("project_id", false);
  if (call.arguments.bad()) return call.refuse_arguments();
  std::vector<Credential> rows;
  const auto take = [&](const Account& account) {
    for (auto& credential : call.credentials(account.id)) {
      if ((credential.services & service.bit) == 0) continue;
      credential.project_id = account.project_id;
      rows.push_back(std::move(credential));
    }
  };
  if (!project.empty()) {
    if (!call.allowed("read", kResource, project)) return;
    if (const auto account = call.find_project(project)) take(*account);
  } else {
    for (const auto& account : call.accounts()) {
      if (account.style == "project" && account.region == call.region) take(account);
    }
  }
  reply_page(call, std::move(rows), service.list_key, kOrders, [&](std::string& out, const Credential& row) {
    write_service_credentials(out, row, row.project_id, call.region, {});
  });
}

void create_service_credentials(Call& call, const Service& service) {
  const auto project = call.arguments.uuid("project_id", true);
  auto name = call.arguments.text("name").value_or("");
  const auto permissions = call.arguments.permissions(0, false).value_or(0);
  const auto expires = read_expiry(call);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (!call.allowed("write", kResource, project)) return;
  const auto account = call.find_project(project);
  if (!is_active(account, service)) return call.refuse_not_found(service.resource, project);
  if (name.empty()) name = call.new_name(service.name_prefix);
  call.change_credential(
      [&](sw_credential_done done, void* user) {
        const sw_credential_wish wish = {sizeof wish,           permissions,    service.bit,        0,
                                         sdk::str(account->id), sdk::str(name), expires.value_or(0)};
        const auto& tables = call.tables();
        return tables.accounts->create_credential(&tables.host, &wish, done, user);
      },
      [&call, &service, account = *account](sw_status status, const sw_credential* made, std::string_view secret,
                                            const sw_error* error) {
        if (status == SW_NOT_FOUND) return call.refuse_not_found(service.resource, account.project_id);
        if (status != SW_OK) return call.refuse(status, error, kResource, {});
        reply_credential(call, account, Credential(*made), {Precision::nanoseconds, secret});
      });
}

void get_service_credentials(Call& call, const Service& service) {
  if (const auto found = require_credential(call, service, "read"))
    reply_credential(call, found->account, found->credential, {});
}

void update_service_credentials(Call& call, const Service& service) {
  const auto found = require_credential(call, service, "write");
  if (!found) return;
  const auto change = read_credential_change(call, found->credential.permissions);
  if (call.arguments.bad()) return call.refuse_arguments();
  start_change_credential(call, change, kResource, [&call, account = found->account](const Credential& changed) {
    reply_credential(call, account, changed, {});
  });
}

void delete_service_credentials(Call& call, const Service& service) {
  if (require_credential(call, service, "delete")) start_remove_credential(call, call.id, kResource);
}

}  // namespace switchyard::control
