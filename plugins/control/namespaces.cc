// Namespaces of v1alpha1, which are the NATS accounts of v1beta1.
#include "plugins/control/listing.h"
#include "plugins/control/operations.h"

namespace switchyard::control {
namespace {

constexpr std::string_view kResource = "namespace";
constexpr std::string_view kNamespaceOrders[] = {"created_at", "updated_at", "id", "name", "project_id"};
constexpr std::string_view kAccountOrders[] = {"created_at", "updated_at", "name"};

void reply_account(Call& call, const Account& account, WriteAccount write, Precision precision) {
  std::string out;
  write(out, account, call.endpoint(account.protocol), precision);
  call.reply(200, out);
}

std::vector<Account> visible(Call& call, std::string_view protocol) {
  const auto project = call.arguments.uuid_parameter("project_id", false);
  const auto organization = call.arguments.uuid_parameter("organization_id", false);
  if (!organization.empty() && !call.admin->organization_id.empty() && organization != call.admin->organization_id)
    return {};
  auto all = call.accounts();
  std::erase_if(all, [&](const Account& account) {
    return !is_namespace(call, account) || (!protocol.empty() && account.protocol != protocol) ||
           (!project.empty() && account.project_id != project);
  });
  return all;
}

bool within_quota(Call& call, std::string_view protocol, std::string_view project) {
  const auto most = call.settings().namespaces_per_project;
  if (most == 0) return true;
  const auto all = call.accounts();
  const auto present = std::count_if(all.begin(), all.end(), [&](const Account& account) {
    return is_namespace(call, account) && account.protocol == protocol && account.project_id == project;
  });
  if (static_cast<std::uint64_t>(present) < most) return true;
  call.refuse_quota("namespaces", most, static_cast<std::uint64_t>(present));
  return false;
}

void start_create_account(Call& call, const std::string& name, std::string_view protocol, const std::string& project,
                          WriteAccount write, Turns::Turn turn) {
  call.change_account(
      [&](sw_account_done done, void* user) {
        const sw_account_wish wish = {sizeof wish,          0, sdk::str(name), sdk::str(protocol), sdk::str(project),
                                      sdk::str(call.region)};
        const auto& tables = call.tables();
        return tables.accounts->create(&tables.host, &wish, done, user);
      },
      [&call, write, turn = std::move(turn)](sw_status status, const sw_account* account, const sw_error* error) {
        if (status != SW_OK) return call.refuse(status, error, kResource, {});
        reply_account(call, Account(*account), write, Precision::nanoseconds);
      });
}

}  // namespace

std::optional<Account> require_namespace(Call& call, std::string_view id, std::string_view action,
                                         std::string_view protocol) {
  auto account = call.find_account(id);
  if (!account || !is_namespace(call, *account) || (!protocol.empty() && account->protocol != protocol)) {
    call.refuse_not_found(kResource, id);
    return std::nullopt;
  }
  if (!call.allowed(action, kResource, account->project_id)) return std::nullopt;
  return account;
}

void create_account(Call& call, std::string_view protocol, WriteAccount write) {
  auto name = call.arguments.text("name").value_or("");
  const auto project = call.arguments.uuid("project_id", true);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (!call.allowed("create", kResource, project)) return;
  if (name.empty()) name = call.new_name("mnq");
  if (call.settings().namespaces_per_project == 0)
    return start_create_account(call, name, protocol, project, write, {});
  // What is counted must not change before the new one is there, on whatever lane.
  call.in_turn(project + " " + call.region + " " + std::string(protocol),
               [&call, name, protocol = std::string(protocol), project, write](Turns::Turn turn) {
                 if (within_quota(call, protocol, project))
                   start_create_account(call, name, protocol, project, write, std::move(turn));
               });
}

void rename_account(Call& call, const Account& account, WriteAccount write) {
  const auto name = call.arguments.text("name");
  if (call.arguments.bad()) return call.refuse_arguments();
  if (!name) return reply_account(call, account, write, Precision::microseconds);
  call.change_account(
      [&](sw_account_done done, void* user) {
        const sw_account_change change = {sizeof change, SW_CHANGE_NAME, sdk::str(*name), nullptr};
        const auto& tables = call.tables();
        return tables.accounts->update(&tables.host, sdk::str(account.id), &change, done, user);
      },
      [&call, write, id = account.id](sw_status status, const sw_account* changed, const sw_error* error) {
        if (status != SW_OK) return call.refuse(status, error, kResource, id);
        reply_account(call, Account(*changed), write, Precision::microseconds);
      });
}

void delete_account(Call& call, const Account& account) {
  call.remove(
      [&](sw_done done, void* user) {
        const auto& tables = call.tables();
        return tables.accounts->remove(&tables.host, sdk::str(account.id), done, user);
      },
      [&call, id = account.id](sw_status status, const sw_error* error) {
        if (status != SW_OK) return call.refuse(status, error, kResource, id);
        call.reply_empty();
      });
}

// ---- v1alpha1 ----------------------------------------------------------------------------------

void list_namespaces(Call& call) {
  auto all = visible(call, {});
  const auto nats = call.endpoint("nats"), http = call.endpoint("sqs_sns");
  reply_page(call, std::move(all), "namespaces", kNamespaceOrders, [&](std::string& out, const Account& account) {
    write_namespace(out, account, account.protocol == "nats" ? nats : http, Precision::microseconds);
  });
}

void create_namespace(Call& call) {
  const auto given = call.arguments.text("protocol");
  const auto protocol = given.value_or("");
  const bool told = !given && call.arguments.bad();  // Of a wrong type, or the body cannot be read.
  if (!told && protocol != "nats" && protocol != "sqs_sns")
    call.arguments.complain("protocol", protocol.empty() ? "required" : "constraint", "value must be nats or sqs_sns");
  create_account(call, protocol, write_namespace);
}

void update_namespace(Call& call) {
  const auto id = call.arguments.account_id("namespace_id");
  if (call.arguments.bad()) return call.refuse_arguments();
  if (const auto account = require_namespace(call, id, "write")) rename_account(call, *account, write_namespace);
}

void get_namespace(Call& call) {
  call.arguments.check_account_id("namespace_id", call.id);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (const auto account = require_namespace(call, call.id, "read"))
    reply_account(call, *account, write_namespace, Precision::microseconds);
}

void delete_namespace(Call& call) {
  call.arguments.check_account_id("namespace_id", call.id);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (const auto account = require_namespace(call, call.id, "delete")) delete_account(call, *account);
}

// ---- v1beta1 -----------------------------------------------------------------------------------

void list_nats_accounts(Call& call) {
  auto all = visible(call, "nats");
  const auto endpoint = call.endpoint("nats");
  reply_page(call, std::move(all), "nats_accounts", kAccountOrders, [&](std::string& out, const Account& account) {
    write_nats_account(out, account, endpoint, Precision::microseconds);
  });
}

void create_nats_account(Call& call) { create_account(call, "nats", write_nats_account); }

void get_nats_account(Call& call) {
  call.arguments.check_account_id("nats_account_id", call.id);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (const auto account = require_namespace(call, call.id, "read", "nats"))
    reply_account(call, *account, write_nats_account, Precision::microseconds);
}

void update_nats_account(Call& call) {
  call.arguments.check_account_id("nats_account_id", call.id);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (const auto account = require_namespace(call, call.id, "write", "nats"))
    rename_account(call, *account, write_nats_account);
}

void delete_nats_account(Call& call) {
  call.arguments.check_account_id("nats_account_id", call.id);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (const auto account = require_namespace(call, call.id, "delete", "nats")) delete_account(call, *account);
}

}  // namespace switchyard::control
