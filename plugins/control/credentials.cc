// Credentials of namespaces: v1alpha1, and those of NATS in v1beta1.
#include "plugins/control/listing.h"
#include "plugins/control/operations.h"

namespace switchyard::control {
namespace {

constexpr std::string_view kResource = "credential", kNatsResource = "credentials";
constexpr std::string_view kOrders[] = {"id", "name"};
constexpr std::string_view kNatsOrders[] = {"created_at", "updated_at", "name"};

struct Found {
  Credential credential;
  Account account;
};

// Answers when there is none that this call may see.
std::optional<Found> require_credential(Call& call, std::string_view action, std::string_view resource,
                                        std::string_view protocol) {
  if (!is_uuid(call.id)) call.arguments.complain("credential_id", "constraint", "value must be a valid UUID");
  if (call.arguments.bad()) {
    call.refuse_arguments();
    return std::nullopt;
  }
  auto credential = call.find_credential(call.id);
  auto account = credential ? call.find_account(credential->account_id) : std::nullopt;
  if (!account || !is_namespace(call, *account) || (!protocol.empty() && account->protocol != protocol)) {
    call.refuse_not_found(resource, call.id);
    return std::nullopt;
  }
  if (!call.allowed(action, resource, account->project_id)) return std::nullopt;
  return Found{std::move(*credential), std::move(*account)};
}

void issue(Call& call, const Account& account, std::string_view resource, std::uint32_t permissions,
           void (*show)(std::string&, const Account&, const Credential&, const Shown&)) {
  auto name = call.arguments.text("name").value_or("");
  const auto expires = read_expiry(call);
  if (call.arguments.bad()) return call.refuse_arguments();
  if (name.empty()) name = call.new_name("mnq");
  call.change_credential(
      [&](sw_credential_done done, void* user) {
        const sw_credential_wish wish = {sizeof wish,    permissions,        0, 0, sdk::str(account.id),
                                         sdk::str(name), expires.value_or(0)};
        const auto& tables = call.tables();
        return tables.accounts->create_credential(&tables.host, &wish, done, user);
      },
      [&call, account, resource, show](sw_status status, const sw_credential* made, std::string_view secret,
                                       const sw_error* error) {
        // Its account may have gone in the meantime.
        if (status == SW_NOT_FOUND) return call.refuse_not_found("namespace", account.id);
        if (status != SW_OK) return call.refuse(status, error, resource, {});
        std::string out;
        show(out, account, Credential(*made), {Precision::nanoseconds, secret});
        call.reply(200, out);
      });
}

void show_credential(std::string& out, const Account& account, const Credential& credential, const Shown& shown) {
  write_credential(out, credential, account.protocol, shown, false);
}

void show_nats_credentials(std::string& out, const Account& account, const Credential& credential, const Shown& shown) {
  write_nats_credentials(out, credential, account.region, shown);
}

// Of one namespace, or of all that the administrator may see.
template <class Take>
bool collect(Call& call, const std::string& account_id, std::string_view protocol, Take&& take) {
  if (!account_id.empty()) {
    call.arguments.check_account_id(protocol == "nats" ? "nats_account_id" : "namespace_id", account_id);
    if (call.arguments.bad()) return call.refuse_arguments(), false;
    const auto account = require_namespace(call, account_id, "read", protocol);
    if (!account) return false;
    take(*account);
    return true;
  }
  for (const auto& account : call.accounts()) {
    if (is_namespace(call, account) && (protocol.empty() || account.protocol == protocol)) take(account);
  }
  return true;
}

}  // namespace

std::optional<std::int64_t> read_expiry(Call& call) {
  const auto expires_ms = call.arguments.time("expires_at");
  if (expires_ms && *expires_ms != 0 && *expires_ms <= call.now_ms())
    call.arguments.complain("expires_at", "constraint", "value must be in the future");
  return expires_ms;
}

CredentialChange read_credential_change(Call& call, std::uint32_t unsaid) {
  CredentialChange change;
  change.name = call.arguments.text("name");
  change.permissions = call.arguments.permissions(unsaid, false);
  change.expires_ms = read_expiry(call);
  return change;
}

void start_change_credential(Call& call, const CredentialChange& change, std::string_view resource,
                             std::function<void(const Credential&)> reply) {
  call.change_credential(
      [&](sw_credential_done done, void* user) {
        const std::uint32_t flags = (change.name ? SW_CHANGE_NAME : 0) |
                                    (change.permissions ? SW_CHANGE_PERMISSIONS : 0) |
                                    (change.expires_ms ? SW_CHANGE_EXPIRY : 0);
        const sw_credential_change wish = {sizeof wish,
                                           flags,
                                           sdk::str(change.name ? std::string_view(*change.name) : std::string_view()),
                                           change.permissions.value_or(0),
                                           0,
                                           change.expires_ms.value_or(0)};
        const auto& tables = call.tables();
        return tables.accounts->update_credential(&tables.host, sdk::str(call.id), &wish, done, user);
      },
      [&call, resource, reply = std::move(reply)](sw_status status, const sw_credential* changed, std::string_view,
                                                  const sw_error* error) {
        if (status != SW_OK) return call.refuse(status, error, resource, call.id);
        reply(Credential(*changed));
      });
}

void start_remove_credential(Call& call, const std::string& id, std::string_view resource) {
  call.remove(
      [&](sw_done done, void* user) {
        const auto& tables = call.tables();
        return tables.accounts->remove_credential(&tables.host, sdk::str(id), done, user);
      },
      [&call, id, resource](sw_status status, const sw_error* error) {
        if (status != SW_OK) return call.refuse(status, error, resource, id);
        call.reply_empty();
      });
}

// ---- v1alpha1 ----------------------------------------------------------------------------------

void list_credentials(Call& call) {
  struct Row : Credential {
    std::string protocol;
  };
  std::vector<Row> rows;
  const bool answered =
      !collect(call, call.arguments.parameter("namespace_id").value_or(""), {}, [&](const Account& account) {
        for (auto& credential : call.credentials(account.id)) rows.push_back({std::move(credential), account.protocol});
      });
  if (answered) return;
  reply_page(call, std::move(rows), "credentials", kOrders,
             [](std::string& out, const Row& row) { write_credential(out, row, row.protocol, {}, true); });
}

void create_credential(Call& call) {
  const auto id = call.arguments.account_id("namespace_id");
  if (call.arguments.bad()) return call.refuse_arguments();
  const auto account = require_namespace(call, id, "write");
  if (!account) return;
  const bool nats = account->protocol == "nats";
  const auto permissions = call.arguments.permissions(0, !nats);
  if (nats && call.arguments.has("permissions"))
    call.arguments.complain("permissions", "constraint", "a NATS credential has no permissions");
  if (!nats && !call.arguments.has("permissions"))
    call.arguments.complain("permissions", "required", "value is required");
  constexpr std::uint32_t kAll = SW_PERM_PUBLISH | SW_PERM_RECEIVE | SW_PERM_MANAGE;
  issue(call, *account, kResource, nats ? kAll : permissions.value_or(0), show_credential);
}

void get_credential(Call& call) {
  const auto found = require_credential(call, "read", kResource, {});
  if (!found) return;
  std::string out;
  show_credential(out, found->account, found->credential, {});
  call.reply(200, out);
}

void update_credential(Call& call) {
  const auto found = require_credential(call, "write", kResource, {});
  if (!found) return;
  const auto change = read_credential_change(call, 0);
  if (found->account.protocol == "nats" && call.arguments.has("permissions"))
    call.arguments.complain("permissions", "constraint", "a NATS credential has no permissions");
  if (found->account.protocol == "nats" && call.arguments.has("expires_at"))
    call.arguments.complain("expires_at", "constraint", "the end of a NATS credential is in its file; make a new one");
  if (call.arguments.bad()) return call.refuse_arguments();
  start_change_credential(call, change, kResource, [&call, account = found->account](const Credential& changed) {
    std::string out;
    show_credential(out, account, changed, {});
    call.reply(200, out);
  });
}

void delete_credential(Call& call) {
  if (require_credential(call, "delete", kResource, {})) start_remove_credential(call, call.id, kResource);
}

// ---- v1beta1, NATS -----------------------------------------------------------------------------

void list_nats_credentials(Call& call) {
  const auto project = call.arguments.uuid_parameter("project_id", false);
  std::vector<Credential> rows;
  const bool answered =
      !collect(call, call.arguments.parameter("nats_account_id").value_or(""), "nats", [&](const Account& account) {
        if (!project.empty() && account.project_id != project) return;
        for (auto& credential : call.credentials(account.id)) rows.push_back(std::move(credential));
      });
  if (answered) return;
  reply_page(call, std::move(rows), "nats_credentials", kNatsOrders,
             [&](std::string& out, const Credential& row) { write_nats_credentials(out, row, call.region, {}); });
}

void create_nats_credentials(Call& call) {
  const auto id = call.arguments.account_id("nats_account_id");
  if (call.arguments.bad()) return call.refuse_arguments();
  constexpr std::uint32_t kAll = SW_PERM_PUBLISH | SW_PERM_RECEIVE | SW_PERM_MANAGE;
  if (const auto account = require_namespace(call, id, "write", "nats"))
    issue(call, *account, kNatsResource, kAll, show_nats_credentials);
}

void get_nats_credentials(Call& call) {
  const auto found = require_credential(call, "read", kNatsResource, "nats");
  if (!found) return;
  std::string out;
  show_nats_credentials(out, found->account, found->credential, {});
  call.reply(200, out);
}

void delete_nats_credentials(Call& call) {
  if (require_credential(call, "delete", kNatsResource, "nats")) start_remove_credential(call, call.id, kNatsResource);
}

}  // namespace switchyard::control
