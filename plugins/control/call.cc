#include "plugins/control/call.h"

#include "plugins/aws/encoding.h"
#include "plugins/aws/http_request.h"
#include "plugins/aws/json_writer.h"
#include "plugins/aws/text_rules.h"
#include "plugins/control/names.h"

namespace switchyard::control {
namespace {

using aws::JsonWriter;
using aws::view;

// The error bodies of the API are flat objects; their members come in alphabetical order.
class ErrorBody {
 public:
  ErrorBody() : writer_(text_) { writer_.open('{'); }
  ErrorBody& member(std::string_view key, std::string_view value) {
    writer_.key(key);
    writer_.text(value);
    return *this;
  }
  ErrorBody& details(std::string_view items) {
    writer_.key("details");
    text_.append("[").append(items).append("]");
    return *this;
  }
  std::string_view done() {
    writer_.close('}');
    return text_;
  }

 private:
  std::string text_;
  JsonWriter writer_;
};

// No host name of ours is this long; a longer one would come back in every endpoint.
constexpr std::size_t kMaxHost = 255;

std::string without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return std::string(has_port ? host.substr(0, colon) : host);
}

}  // namespace

std::string random_uuid(const Tables& tables) {
  std::uint8_t random[16];
  tables.clock->random(&tables.host, random, sizeof random);
  random[6] = static_cast<std::uint8_t>((random[6] & 0x0f) | 0x40);
  random[8] = static_cast<std::uint8_t>((random[8] & 0x3f) | 0x80);
  char text[36];
  aws::write_uuid(text, random);
  return {text, sizeof text};
}

Call::Call(const Tables& tables, sw_http_exchange* exchange, const sw_http_request& request,
           std::shared_ptr<const Settings> settings)
    : arguments(view(request.query), view(request.body)),
      tables_(tables),
      exchange_(exchange),
      settings_(std::move(settings)),
      called_((request.flags & SW_HTTP_TLS) != 0 ? "https://" : "http://") {
  called_ += aws::header(request, "host").substr(0, kMaxHost);
}

bool Call::authenticate(std::string_view token) {
  if (!token.empty()) admin = settings_->find(token);
  if (admin != nullptr) return true;
  reply(401, ErrorBody()
                 .member("message", "authentication is denied")
                 .member("method", "api_key")
                 .member("reason", token.empty() ? "invalid_argument" : "not_found")
                 .member("type", "denied_authentication")
                 .done());
  return false;
}

std::string Call::endpoint(std::string_view protocol) const {
  sw_str configured{};
  tables_.accounts->public_url(&tables_.host, sdk::str(protocol), &configured);
  if (configured.len != 0) {
    auto url = view(configured);
    while (url.ends_with('/')) url.remove_suffix(1);
    return std::string(url);
  }
  if (protocol != "nats") return called_;
  return "nats://" + without_port(std::string_view(called_).substr(called_.find("//") + 2)) + ":4222";
}

std::string Call::new_name(std::string_view prefix) const {
  std::uint32_t random = 0;
  tables_.clock->random(&tables_.host, &random, sizeof random);
  return generated_name(prefix, random);
}

bool Call::allowed(std::string_view action, std::string_view resource, std::string_view project_id) {
  if (admin->may_use(project_id)) return true;
  refuse_permission(action, resource);
  return false;
}

std::optional<Account> Call::find_account(std::string_view wanted) const {
  const sw_account* found = nullptr;
  if (tables_.accounts->find(&tables_.host, sdk::str(wanted), &found) != SW_OK) return std::nullopt;
  return Account(*found);
}

std::optional<Account> Call::find_project(std::string_view project_id) const {
  const sw_account* found = nullptr;
  if (tables_.accounts->find_project(&tables_.host, sdk::str(project_id), sdk::str(region), &found) != SW_OK)
    return std::nullopt;
  return Account(*found);
}

std::optional<Credential> Call::find_credential(std::string_view wanted) const {
  const sw_credential* found = nullptr;
  if (tables_.accounts->find_credential(&tables_.host, sdk::str(wanted), &found) != SW_OK) return std::nullopt;
  return Credential(*found);
}

std::vector<Account> Call::accounts() const {
  struct Seen {
    const Admin* admin;
    std::vector<Account> list;
    std::exception_ptr thrown;
  } seen{admin, {}, {}};
  // What is thrown must not cross the host.
  const auto visit = [](void* user, const sw_account* account) -> std::int32_t {
    auto& s = *static_cast<Seen*>(user);
    try {
      if (s.admin->may_use(view(account->project_id))) s.list.emplace_back(*account);
      return 1;
    } catch (...) {
      s.thrown = std::current_exception();
      return 0;
    }
  };
  tables_.accounts->list(&tables_.host, visit, &seen);
  if (seen.thrown) std::rethrow_exception(seen.thrown);
  return std::move(seen.list);
}

std::vector<Credential> Call::credentials(std::string_view account_id) const {
  struct Seen {
    std::vector<Credential> list;
    std::exception_ptr thrown;
  } seen;
  const auto visit = [](void* user, const sw_credential* credential) -> std::int32_t {
    auto& s = *static_cast<Seen*>(user);
    try {
      s.list.emplace_back(*credential);
      return 1;
    } catch (...) {
      s.thrown = std::current_exception();
      return 0;
    }
  };
  tables_.accounts->list_credentials(&tables_.host, sdk::str(account_id), visit, &seen);
  if (seen.thrown) std::rethrow_exception(seen.thrown);
  return std::move(seen.list);
}

void Call::in_turn(const std::string& key, Turns::Start start) {
  const auto run = [self = shared_from_this(), start = std::move(start)](Turns::Turn turn) {
    self->guarded([&] { start(std::move(turn)); });
  };
  tables_.turns.take(key, run, [&tables = tables_](std::function<void()> task) {
    auto* posted = new std::function<void()>(std::move(task));
    const auto run_posted = [](void* user, void*) {
      const std::unique_ptr<std::function<void()>> one(static_cast<std::function<void()>*>(user));
      (*one)();
    };
    tables.clock->post(&tables.host, tables.lane, run_posted, posted);
  });
}

// ---- answers -----------------------------------------------------------------------------------

void Call::reply(std::uint32_t status, std::string_view body, std::string_view allow) {
  if (answered_) return;
  answered_ = true;
  const auto request_id = random_uuid(tables_);
  const auto pair = [](std::string_view name, std::string_view value) {
    return sw_pair{sdk::str(name), sdk::str(value)};
  };
  const sw_pair headers[] = {pair("Content-Type", "application/json"),
                             pair("X-Request-Id", request_id),
                             pair("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
                             pair("Strict-Transport-Security", "max-age=63072000"),
                             pair("X-Content-Type-Options", "nosniff"),
                             pair("X-Frame-Options", "DENY"),
                             pair("Allow", allow)};
  tables_.http->respond(exchange_, status, headers, std::size(headers) - (allow.empty() ? 1 : 0), sdk::bytes(body));
}

void Call::refuse_arguments() {
  reply(400, ErrorBody()
                 .details(arguments.details())
                 .member("message", "invalid argument(s)")
                 .member("type", "invalid_arguments")
                 .done());
}

void Call::refuse_not_found(std::string_view resource, std::string_view what) {
  if (!aws::is_message_text(what)) what = {};  // A path can be any bytes, an answer cannot.
  reply(404, ErrorBody()
                 .member("message", "resource is not found")
                 .member("resource", resource)
                 .member("resource_id", what)
                 .member("type", "not_found")
                 .done());
}

void Call::refuse_exists(std::string_view resource, std::string_view what, std::string_view help) {
  reply(409, ErrorBody()
                 .member("help_message", help)
                 .member("message", "resource already exists")
                 .member("resource", resource)
                 .member("resource_id", what)
                 .member("type", "already_exists")
                 .done());
}

void Call::refuse_permission(std::string_view action, std::string_view resource) {
  std::string detail;
  JsonWriter w(detail);
  w.open('{');
  w.key("action");
  w.text(action);
  w.key("resource");
  w.text(resource);
  w.close('}');
  reply(403, ErrorBody()
                 .details(detail)
                 .member("message", "insufficient permissions")
                 .member("type", "permissions_denied")
                 .done());
}

void Call::refuse_quota(std::string_view resource, std::uint64_t quota, std::uint64_t current) {
  std::string detail;
  JsonWriter w(detail);
  w.open('{');
  w.key("current");
  w.number(static_cast<std::int64_t>(current));
  w.key("quota");
  w.number(static_cast<std::int64_t>(quota));
  w.key("resource");
  w.text(resource);
  w.close('}');
  reply(403, ErrorBody().details(detail).member("message", "quota exceeded").member("type", "quotas_exceeded").done());
}

void Call::refuse(sw_status status, const sw_error* error, std::string_view resource, std::string_view what) {
  const std::string_view help = error != nullptr ? std::string_view(error->message) : std::string_view();
  switch (status) {
    case SW_INVALID:
      arguments.complain("name", "constraint", help);
      return refuse_arguments();
    case SW_NOT_FOUND:
      return refuse_not_found(resource, what);
    case SW_EXISTS:
      return refuse_exists(resource, what, help);
    case SW_DENIED:
      return refuse_locked(resource, what, help);
    case SW_QUOTA:
      return reply(403, ErrorBody()
                            .details("")
                            .member("help_message", help)
                            .member("message", "quota exceeded")
                            .member("type", "quotas_exceeded")
                            .done());
    case SW_CONFLICT:
      return reply(409, ErrorBody()
                            .member("current_state", "changing")
                            .member("message", "resource is changed by somebody else; retry")
                            .member("resource", resource)
                            .member("resource_id", what)
                            .member("type", "transient_state")
                            .done());
    case SW_BUSY:
    case SW_STOPPING:
    case SW_IO:
    case SW_UNKNOWN_OUTCOME:
      return reply(503, ErrorBody()
                            .member("message", help.empty() ? "the service is not available; retry" : help)
                            .member("type", "unavailable")
                            .done());
    default:
      return refuse_internal();
  }
}

void Call::refuse_locked(std::string_view resource, std::string_view what, std::string_view help) {
  reply(423, ErrorBody()
                 .member("help_message", help)
                 .member("message", "resource is locked")
                 .member("resource", resource)
                 .member("resource_id", what)
                 .member("type", "locked")
                 .done());
}

void Call::refuse_method(std::string_view allowed_methods) {
  reply(405, R"({"message":"method not allowed","type":"method_not_allowed"})", allowed_methods);
}

void Call::refuse_in_use(const sw_error* error) {
  reply(412, ErrorBody()
                 .member("help_message", error != nullptr ? error->message : "")
                 .member("message", "precondition failed")
                 .member("precondition", "resource_still_in_use")
                 .member("type", "precondition_failed")
                 .done());
}

void Call::refuse_internal() { reply(500, R"({"message":"internal error","type":"internal_error"})"); }

}  // namespace switchyard::control
