// Table accounts/1: namespaces and credentials, read from the lane's copy and changed through Accounts.
#include "kernel/plugin/account_convert.h"
#include "kernel/plugin/calls.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"
#include "kernel/plugin/tables.h"

namespace switchyard::plugin {
namespace {

const account::AccountView& accounts_of(const PluginLane& plugin) {
  return *plugin.instance->core().services.accounts[plugin.lane->index];
}

const sw_account* lend(PluginLane& plugin, const account::Namespace& ns) {
  auto* out = plugin.lane->scratch.array<AccountOut>(1);
  account_out(ns, plugin.lane->settings.limits, *out);
  return &out->account;
}

// ---- reading -----------------------------------------------------------------------------------

sw_status tell(PluginLane& plugin, const account::Namespace* ns, const sw_account** out) {
  if (ns == nullptr) return SW_NOT_FOUND;
  *out = lend(plugin, *ns);
  return SW_OK;
}

sw_status find(const sw_host* host, sw_str id, const sw_account** out) {
  auto* plugin = caller(host, "accounts.find");
  if (plugin == nullptr || out == nullptr) return SW_INVALID;
  return tell(*plugin, accounts_of(*plugin).find_namespace(view(id)), out);
}

sw_status find_project(const sw_host* host, sw_str project_id, sw_str region, const sw_account** out) {
  auto* plugin = caller(host, "accounts.find_project");
  if (plugin == nullptr || out == nullptr) return SW_INVALID;
  const auto* ns = accounts_of(*plugin).find_project(account::Protocol::sqs_sns, view(project_id), view(region));
  return tell(*plugin, ns, out);
}

void list(const sw_host* host, std::int32_t (*visit)(void*, const sw_account*), void* user) {
  auto* plugin = caller(host, "accounts.list");
  if (plugin == nullptr || visit == nullptr) return;
  accounts_of(*plugin).list_namespaces([&](const account::Namespace& ns) {
    AccountOut out;
    account_out(ns, plugin->lane->settings.limits, out);
    return visit(user, &out.account) != 0;
  });
}

sw_status usage(const sw_host* host, sw_str id, sw_account_usage* out) {
  auto* plugin = caller(host, "accounts.usage");
  if (plugin == nullptr || out == nullptr || out->size < sizeof(sw_account_usage)) return SW_INVALID;
  auto* engine = plugin->instance->core().services.engine;
  if (engine == nullptr) return SW_UNSUPPORTED;
  const auto* ns = accounts_of(*plugin).find_namespace(view(id));
  if (ns == nullptr) return SW_NOT_FOUND;
  out->stored_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, engine->usage(ns->number)->stored_bytes));
  out->streams = out->credentials = 0;
  engine->list(plugin->lane->index, ns->number, "", "", [out](const stream::DefinitionPtr&) {
    ++out->streams;
    return true;
  });
  accounts_of(*plugin).list_credentials(ns->id, [out](const account::Credential&) {
    ++out->credentials;
    return true;
  });
  return SW_OK;
}

sw_status find_credential(const sw_host* host, sw_str id, const sw_credential** out) {
  auto* plugin = caller(host, "accounts.find_credential");
  if (plugin == nullptr || out == nullptr) return SW_INVALID;
  const auto* found = accounts_of(*plugin).find_credential_by_id(view(id));
  // One that its namespace left behind is gone, too.
  if (found == nullptr || accounts_of(*plugin).find_namespace(found->namespace_id) == nullptr) return SW_NOT_FOUND;
  auto* credential = plugin->lane->scratch.array<sw_credential>(1);
  *credential = credential_out(*found);
  *out = credential;
  return SW_OK;
}

void list_credentials(const sw_host* host, sw_str account_id, std::int32_t (*visit)(void*, const sw_credential*),
                      void* user) {
  auto* plugin = caller(host, "accounts.list_credentials");
  if (plugin == nullptr || visit == nullptr) return;
  accounts_of(*plugin).list_credentials(view(account_id), [&](const account::Credential& credential) {
    const auto out = credential_out(credential);
    return visit(user, &out) != 0;
  });
}

void public_url(const sw_host* host, sw_str protocol, sw_str* out) {
  auto* plugin = caller(host, "accounts.public_url");
  if (plugin == nullptr || out == nullptr) return;
  const auto& settings = plugin->lane->settings;
  *out = str(view(protocol) == "nats" ? settings.nats_public_url : settings.public_url);
}

// ---- changing ----------------------------------------------------------------------------------

void account_done(Call* call, const Result<account::Namespace>& result) {
  finish<sw_account_done>(call, "account done", [&](sw_account_done tell_plugin, void* user) {
    const Status status = result ? Status{} : Status(result.error());
    tell_plugin(user, number(status), result ? lend(*call->plugin, *result) : nullptr, ErrorView(status).get());
  });
}

void credential_done(Call* call, const Status& status, const account::Credential* made, std::string_view secret) {
  finish<sw_credential_done>(call, "credential done", [&](sw_credential_done tell_plugin, void* user) {
    const auto out = made != nullptr ? credential_out(*made) : sw_credential{};
    tell_plugin(user, number(status), made != nullptr ? &out : nullptr, str(secret), ErrorView(status).get());
  });
}

void status_done(Call* call, const Status& status) {
  finish<sw_done>(call, "account done",
                  [&](sw_done tell_plugin, void* user) { tell_plugin(user, number(status), ErrorView(status).get()); });
}

// Runs `start(accounts, lane, call)` unless the caller may not: the one way in of every change.
template <class Done, class Start>
sw_status change(const sw_host* host, const char* what, Done done, void* user, Start&& start) {
  auto* plugin = caller(host, what);
  if (plugin == nullptr || done == nullptr) return SW_INVALID;
  auto* accounts = plugin->instance->core().services.administration;
  if (accounts == nullptr) return SW_UNSUPPORTED;
  if (plugin->phase == PluginLane::Phase::closing) return SW_STOPPING;
  Call* call = begin(*plugin, done, user);
  start(*accounts, plugin->lane->index, call);
  return submitted(call, {});
}

// A struct that cannot be read is answered like any refusal, so that the plugin gets the sentence.
template <class Finish>
void refuse(Call* call, const Error& error, Finish&& finish_call) {
  call->plugin->lane->executor.post([call, error, finish_call] { finish_call(call, error); });
}

sw_status create(const sw_host* host, const sw_account_wish* wish, sw_account_done done, void* user) {
  return change(host, "accounts.create", done, user, [&](account::Accounts& accounts, std::size_t lane, Call* call) {
    const auto wanted = read_wish(wish);
    if (!wanted) return refuse(call, wanted.error(), account_done);
    accounts.create_namespace(lane, *wanted, [call](const auto& result) { account_done(call, result); });
  });
}

sw_status update(const sw_host* host, sw_str id, const sw_account_change* wish, sw_account_done done, void* user) {
  return change(host, "accounts.update", done, user, [&](account::Accounts& accounts, std::size_t lane, Call* call) {
    const auto wanted = read_change(wish);
    if (!wanted) return refuse(call, wanted.error(), account_done);
    accounts.update_namespace(lane, std::string(view(id)), *wanted,
                              [call](const auto& result) { account_done(call, result); });
  });
}

sw_status remove(const sw_host* host, sw_str id, sw_done done, void* user) {
  return change(host, "accounts.remove", done, user, [&](account::Accounts& accounts, std::size_t lane, Call* call) {
    accounts.delete_namespace(lane, std::string(view(id)), [call](const Status& status) { status_done(call, status); });
  });
}

bool is_service(std::uint32_t service) { return service == SW_SERVICE_SQS || service == SW_SERVICE_SNS; }

sw_status activate(const sw_host* host, sw_str project_id, sw_str region, std::uint32_t service, sw_account_done done,
                   void* user) {
  if (!is_service(service)) return SW_INVALID;
  return change(host, "accounts.activate", done, user, [&](account::Accounts& accounts, std::size_t lane, Call* call) {
    accounts.activate_service(lane, std::string(view(project_id)), std::string(view(region)),
                              static_cast<std::uint8_t>(service),
                              [call](const auto& result) { account_done(call, result); });
  });
}

sw_status deactivate(const sw_host* host, sw_str project_id, sw_str region, std::uint32_t service, std::uint32_t force,
                     sw_done done, void* user) {
  if (!is_service(service)) return SW_INVALID;
  return change(host, "accounts.deactivate", done, user,
                [&](account::Accounts& accounts, std::size_t lane, Call* call) {
                  accounts.deactivate_service(lane, std::string(view(project_id)), std::string(view(region)),
                                              static_cast<std::uint8_t>(service), force != 0,
                                              [call](const Status& status) { status_done(call, status); });
                });
}

void refused_credential(Call* call, const Status& status) { credential_done(call, status, nullptr, {}); }

sw_status create_credential(const sw_host* host, const sw_credential_wish* wish, sw_credential_done done, void* user) {
  return change(host, "accounts.create_credential", done, user,
                [&](account::Accounts& accounts, std::size_t lane, Call* call) {
                  const auto wanted = read_wish(wish);
                  if (!wanted) return refuse(call, wanted.error(), refused_credential);
                  accounts.issue_credential(lane, *wanted, [call](const auto& result) {
                    if (!result) return refused_credential(call, result.error());
                    credential_done(call, {}, &result->credential, result->shown.view());
                  });
                });
}

sw_status update_credential(const sw_host* host, sw_str id, const sw_credential_change* wish, sw_credential_done done,
                            void* user) {
  return change(host, "accounts.update_credential", done, user,
                [&](account::Accounts& accounts, std::size_t lane, Call* call) {
                  const auto wanted = read_change(wish);
                  if (!wanted) return refuse(call, wanted.error(), refused_credential);
                  accounts.update_credential(lane, std::string(view(id)), *wanted, [call](const auto& result) {
                    if (!result) return refused_credential(call, result.error());
                    credential_done(call, {}, &*result, {});
                  });
                });
}

sw_status remove_credential(const sw_host* host, sw_str id, sw_done done, void* user) {
  return change(host, "accounts.remove_credential", done, user,
                [&](account::Accounts& accounts, std::size_t lane, Call* call) {
                  accounts.delete_credential(lane, std::string(view(id)),
                                             [call](const Status& status) { status_done(call, status); });
                });
}

}  // namespace

const sw_accounts_api kAccountsTable = {sizeof(sw_accounts_api),
                                        0,
                                        find,
                                        find_project,
                                        list,
                                        usage,
                                        find_credential,
                                        list_credentials,
                                        create,
                                        update,
                                        remove,
                                        activate,
                                        deactivate,
                                        create_credential,
                                        update_credential,
                                        remove_credential,
                                        public_url};

}  // namespace switchyard::plugin
