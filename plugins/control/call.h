// Call is one request on its way through an operation: who asks, what was asked, and its one answer.
//
// It is shared with the completion of what the operation started and dies after it.
//
// Failure: every refusal is one of the API's own error bodies.
// Thread: one lane.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/control/arguments.h"
#include "plugins/control/model.h"
#include "plugins/control/settings.h"
#include "plugins/control/turns.h"
#include "switchyard/plugin.hpp"

namespace switchyard::control {

struct Tables {
  Tables(const sw_host& the_host, std::uint32_t the_lane, Turns& the_turns)
      : host(the_host), lane(the_lane), turns(the_turns), http(host), clock(host), accounts(host) {}
  const sw_host& host;
  const std::uint32_t lane;
  Turns& turns;  // Of all lanes.
  const sdk::Ext<sw_http_api> http;
  const sdk::Ext<sw_clock_api> clock;
  const sdk::Ext<sw_accounts_api> accounts;
};

std::string random_uuid(const Tables& tables);

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(const Tables& tables, sw_http_exchange* exchange, const sw_http_request& request,
       std::shared_ptr<const Settings> settings);

  // Answers 401 and false when nobody is asking.
  bool authenticate(std::string_view token);

  // ---- what was asked ----
  Arguments arguments;
  std::string region;            // Of the path.
  std::string id;                // Of the path, else empty.
  const Admin* admin = nullptr;  // REQUIRES: authenticated.
  const Settings& settings() const { return *settings_; }
  const Tables& tables() const { return tables_; }
  // Where clients reach a protocol: what the configuration says, else the host that was called.
  std::string endpoint(std::string_view protocol) const;
  std::string new_name(std::string_view prefix) const;
  std::int64_t now_ms() const { return tables_.clock->wall_ms(&tables_.host); }

  // ---- looking ----
  // False, and answered, when the administrator may not touch the project.
  bool allowed(std::string_view action, std::string_view resource, std::string_view project_id);
  std::optional<Account> find_account(std::string_view id) const;
  std::optional<Account> find_project(std::string_view project_id) const;
  std::optional<Credential> find_credential(std::string_view id) const;
  std::vector<Account> accounts() const;  // Of projects that the administrator may use.
  std::vector<Credential> credentials(std::string_view account_id) const;

  // ---- answering, exactly once ----
  // `allow` goes into its header of that name.
  void reply(std::uint32_t status, std::string_view body, std::string_view allow = {});
  void reply_empty() { reply(204, {}); }
  void refuse_arguments();
  void refuse_not_found(std::string_view resource, std::string_view id);
  void refuse_exists(std::string_view resource, std::string_view id, std::string_view help);
  void refuse_permission(std::string_view action, std::string_view resource);
  void refuse_locked(std::string_view resource, std::string_view id, std::string_view help);
  void refuse_quota(std::string_view resource, std::uint64_t quota, std::uint64_t current);
  // What a call of the host refused; `resource` and `id` are what it was about.
  void refuse(sw_status status, const sw_error* error, std::string_view resource, std::string_view id);
  void refuse_method(std::string_view allowed);
  void refuse_in_use(const sw_error* error);
  void refuse_internal();

  // ---- changing: start(done, user) is the call, then(status, value, error) its end ----
  template <class Start, class Then>
  void change_account(Start&& start, Then then) {
    begin<sw_account_done>(start, [self = shared_from_this(), then = std::move(then)](
                                      sw_status status, const sw_account* account, const sw_error* error) {
      self->guarded([&] { then(status, account, error); });
    });
  }
  template <class Start, class Then>
  void change_credential(Start&& start, Then then) {
    begin<sw_credential_done>(
        start, [self = shared_from_this(), then = std::move(then)](sw_status status, const sw_credential* credential,
                                                                   sw_str secret, const sw_error* error) {
          self->guarded([&] { then(status, credential, sdk::view(secret), error); });
        });
  }
  template <class Start, class Then>
  void remove(Start&& start, Then then) {
    begin<sw_done>(start, [self = shared_from_this(), then = std::move(then)](sw_status status, const sw_error* error) {
      self->guarded([&] { then(status, error); });
    });
  }
  // Runs start(turn) when no other call holds the turn of `key`: now, or later on this lane.
  void in_turn(const std::string& key, Turns::Start start);
  // Runs f; what it throws is answered with 500.
  template <class F>
  void guarded(F&& f) noexcept {
    try {
      f();
    } catch (...) {
      refuse_internal();
    }
  }

 private:
  template <class Done, class Start, class F>
  void begin(Start&& start, F done) {
    const auto status = sdk::submit<Done>(std::move(done), start);
    if (status != SW_OK) refuse(status, nullptr, {}, {});
  }

  const Tables& tables_;
  sw_http_exchange* exchange_;
  std::shared_ptr<const Settings> settings_;
  std::string called_;  // "http://127.0.0.1:9324"
  bool answered_ = false;
};

}  // namespace switchyard::control
