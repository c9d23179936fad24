// Limits and usage of any namespace, which the hosted service does not have.
#include "plugins/control/listing.h"
#include "plugins/control/operations.h"

namespace switchyard::control {
namespace {

// What the protocols carry; a larger limit would be promised to clients and never be kept.
constexpr std::uint64_t kLargestMessage = 1024 * 1024;
constexpr std::string_view kOrders[] = {"created_at", "updated_at", "id", "name", "project_id"};

sw_account_usage usage_of(const Call& call, const Account& account) {
  sw_account_usage usage = {sizeof usage, 0, 0, 0, 0};
  const auto& tables = call.tables();
  // One that goes at this moment uses nothing.
  static_cast<void>(tables.accounts->usage(&tables.host, sdk::str(account.id), &usage));
  return usage;
}

std::optional<Account> require_account(Call& call, std::string_view action) {
  auto account = call.find_account(call.id);
  if (!account) {
    call.refuse_not_found("account", call.id);
    return std::nullopt;
  }
  if (!call.allowed(action, "account", account->project_id)) return std::nullopt;
  return account;
}

}  // namespace

void list_accounts(Call& call) {
  const auto project = call.arguments.uuid_parameter("project_id", false);
  auto all = call.accounts();
  std::erase_if(all, [&](const Account& account) { return !project.empty() && account.project_id != project; });
  reply_page(call, std::move(all), "accounts", kOrders,
             [&](std::string& out, const Account& account) { write_overview(out, account, usage_of(call, account)); });
}

void get_usage(Call& call) {
  const auto account = require_account(call, "read");
  if (!account) return;
  std::string out;
  write_usage(out, usage_of(call, *account));
  call.reply(200, out);
}

void get_limits(Call& call) {
  const auto account = require_account(call, "read");
  if (!account) return;
  std::string out;
  write_limits(out, *account);
  call.reply(200, out);
}

// A number is the namespace's own from now on; an empty text gives it back to the server's default.
void update_limits(Call& call) {
  const auto account = require_account(call, "write");
  if (!account) return;
  // The configuration would take them back at the next start.
  if (account->declared)
    return call.refuse_locked("account", call.id,
                              "the server's configuration declares this namespace; change it there");
  sw_limits limits = {sizeof limits,
                      account->own_limits,
                      account->max_message_bytes,
                      account->max_stored_bytes,
                      account->requests_per_second,
                      account->max_connections};
  // True when a number was given.
  const auto take = [&](std::string_view key, std::uint32_t flag, std::uint64_t& value) {
    if (!call.arguments.has(key)) return false;
    if (const auto text = call.arguments.optional_text(key); text && text->empty()) {
      limits.set &= ~flag;
      return false;
    }
    const auto number = call.arguments.number(key);
    if (!number) return false;
    limits.set |= flag;
    value = *number;
    return true;
  };
  // Only what is asked for is judged: a limit from before the bound stays until it is changed.
  if (take("max_message_bytes", SW_LIMIT_MESSAGE_BYTES, limits.max_message_bytes) &&
      (limits.max_message_bytes == 0 || limits.max_message_bytes > kLargestMessage)) {
    call.arguments.complain("max_message_bytes", "constraint",
                            "value must be from 1 to " + std::to_string(kLargestMessage));
  }
  take("max_stored_bytes", SW_LIMIT_STORED_BYTES, limits.max_stored_bytes);
  take("requests_per_second", SW_LIMIT_REQUESTS, limits.requests_per_second);
  take("max_connections", SW_LIMIT_CONNECTIONS, limits.max_connections);
  if (call.arguments.bad()) return call.refuse_arguments();
  call.change_account(
      [&](sw_account_done done, void* user) {
        const sw_account_change change = {sizeof change, SW_CHANGE_LIMITS, {}, &limits};
        const auto& tables = call.tables();
        return tables.accounts->update(&tables.host, sdk::str(account->id), &change, done, user);
      },
      [&call](sw_status status, const sw_account* changed, const sw_error* error) {
        if (status != SW_OK) return call.refuse(status, error, "account", call.id);
        std::string out;
        write_limits(out, Account(*changed));
        call.reply(200, out);
      });
}

}  // namespace switchyard::control
