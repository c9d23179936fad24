#include "plugins/control/model.h"

#include "plugins/aws/json_writer.h"
#include "plugins/aws/text.h"

namespace switchyard::control {
namespace {

using aws::JsonWriter;
using aws::view;

class Object {
 public:
  explicit Object(std::string& out) : writer_(out) { writer_.open('{'); }
  ~Object() { writer_.close('}'); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  void text(std::string_view key, std::string_view value) {
    writer_.key(key);
    writer_.text(value);
  }
  void flag(std::string_view key, bool value) {
    writer_.key(key);
    writer_.boolean(value);
  }
  void number(std::string_view key, std::uint64_t value) {
    writer_.key(key);
    writer_.number(static_cast<std::int64_t>(value));
  }
  void null(std::string_view key) {
    writer_.key(key);
    writer_.raw() += "null";
  }
  void time(std::string_view key, std::int64_t ns, Precision precision) { text(key, format_time(ns, precision)); }
  std::string& member(std::string_view key) {
    writer_.key(key);
    return writer_.raw();
  }

 private:
  JsonWriter writer_;
};

void write_permissions(std::string& out, std::uint32_t permissions) {
  Object o(out);
  o.flag("can_manage", (permissions & SW_PERM_MANAGE) != 0);
  o.flag("can_publish", (permissions & SW_PERM_PUBLISH) != 0);
  o.flag("can_receive", (permissions & SW_PERM_RECEIVE) != 0);
}

// Only a credential that ends says so: others look as they always did.
// Members stand in the order of the alphabet.
void write_account(std::string& out, const Account& account, std::string_view endpoint, Precision precision,
                   bool with_protocol) {
  Object o(out);
  o.time("created_at", account.created_ns, precision);
  o.text("endpoint", endpoint);
  o.text("id", account.id);
  o.text("name", account.name);
  o.text("project_id", account.project_id);
  if (with_protocol) o.text("protocol", account.protocol);
  o.text("region", account.region);
  o.time("updated_at", account.updated_ns, precision);
}

void expiry(Object& o, const Credential& credential) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  if (credential.expires_ms != 0) o.time("expires_at", credential.expires_ms * kNsPerMs, Precision::microseconds);
}

}  // namespace

Account::Account(const sw_account& from)
    : id(view(from.id)),
      name(view(from.name)),
      protocol(view(from.protocol)),
      style(view(from.style)),
      project_id(view(from.project_id)),
      region(view(from.region)),
      services(from.services),
      declared((from.flags & SW_ACCOUNT_DECLARED) != 0),
      created_ns(from.created_ns),
      updated_ns(from.updated_ns),
      sqs_created_ns(from.sqs_created_ns),
      sqs_updated_ns(from.sqs_updated_ns),
      sns_created_ns(from.sns_created_ns),
      sns_updated_ns(from.sns_updated_ns),
      own_limits(from.limits->set),
      max_message_bytes(from.limits->max_message_bytes),
      max_stored_bytes(from.limits->max_stored_bytes),
      requests_per_second(from.limits->requests_per_second),
      max_connections(from.limits->max_connections) {}

Credential::Credential(const sw_credential& from)
    : id(view(from.id)),
      name(view(from.name)),
      account_id(view(from.account_id)),
      access_key(view(from.access_key)),
      checksum(view(from.checksum)),
      permissions(from.permissions),
      services(from.services),
      created_ns(from.created_ns),
      updated_ns(from.updated_ns),
      expires_ms(from.expires_ms) {}

void write_namespace(std::string& out, const Account& account, std::string_view endpoint, Precision precision) {
  write_account(out, account, endpoint, precision, true);
}

void write_nats_account(std::string& out, const Account& account, std::string_view endpoint, Precision precision) {
  write_account(out, account, endpoint, precision, false);
}

void write_credential(std::string& out, const Credential& credential, std::string_view protocol, const Shown& shown,
                      bool summary) {
  Object o(out);
  expiry(o, credential);
  o.text("id", credential.id);
  o.text("name", credential.name);
  o.text("namespace_id", credential.account_id);
  if (protocol == "nats" && shown.fresh()) Object(o.member("nats_credentials")).text("content", shown.secret);
  o.text("protocol", protocol);
  if (protocol == "nats") return;
  Object keys(o.member("sqs_sns_credentials"));
  keys.text("access_key", credential.access_key);
  write_permissions(keys.member("permissions"), credential.permissions);
  if (summary) return;
  if (shown.fresh()) {
    keys.text("secret_key", shown.secret);
  } else {
    keys.null("secret_key");
  }
}

void write_nats_credentials(std::string& out, const Credential& credential, std::string_view region,
                            const Shown& shown) {
  Object o(out);
  o.text("checksum", credential.checksum);
  o.time("created_at", credential.created_ns, shown.precision);
  if (shown.fresh()) {
    Object file(o.member("credentials"));
    file.text("content", shown.secret);
    file.text("name", "user.creds");
  } else {
    o.null("credentials");
  }
  expiry(o, credential);
  o.text("id", credential.id);
  o.text("name", credential.name);
  o.text("nats_account_id", credential.account_id);
  o.text("region", region);
  o.time("updated_at", credential.updated_ns, shown.precision);
}

void write_service_credentials(std::string& out, const Credential& credential, std::string_view project_id,
                               std::string_view region, const Shown& shown) {
  Object o(out);
  o.text("access_key", credential.access_key);
  o.time("created_at", credential.created_ns, shown.precision);
  expiry(o, credential);
  o.text("id", credential.id);
  o.text("name", credential.name);
  write_permissions(o.member("permissions"), credential.permissions);
  o.text("project_id", project_id);
  o.text("region", region);
  o.text("secret_checksum", credential.checksum);
  o.text("secret_key", shown.secret);
  o.time("updated_at", credential.updated_ns, shown.precision);
}

void write_service_info(std::string& out, const Service& service, const Account* account, std::string_view project_id,
                        std::string_view region, std::string_view endpoint, Precision precision) {
  const auto time = [&](Object& o, std::string_view key, std::int64_t own, std::int64_t whole) {
    if (account == nullptr) return o.null(key);
    o.time(key, own != 0 ? own : whole, precision);
  };
  const bool sqs = service.bit == SW_SERVICE_SQS;
  const Account none, &a = account != nullptr ? *account : none;
  Object o(out);
  time(o, "created_at", sqs ? a.sqs_created_ns : a.sns_created_ns, a.created_ns);
  o.text("project_id", project_id);
  o.text("region", region);
  o.text(service.endpoint_key, endpoint);
  o.text("status", account != nullptr ? "enabled" : "disabled");
  time(o, "updated_at", sqs ? a.sqs_updated_ns : a.sns_updated_ns, a.updated_ns);
}

void write_limits(std::string& out, const Account& account) {
  Object o(out);
  const auto limit = [&](std::string_view key, std::uint32_t flag, std::uint64_t value) {
    Object one(o.member(key));
    one.flag("own", (account.own_limits & flag) != 0);
    one.number("value", value);
  };
  limit("max_connections", SW_LIMIT_CONNECTIONS, account.max_connections);
  limit("max_message_bytes", SW_LIMIT_MESSAGE_BYTES, account.max_message_bytes);
  limit("max_stored_bytes", SW_LIMIT_STORED_BYTES, account.max_stored_bytes);
  limit("requests_per_second", SW_LIMIT_REQUESTS, account.requests_per_second);
}

void write_usage(std::string& out, const sw_account_usage& usage) {
  Object o(out);
  o.number("credentials", usage.credentials);
  o.number("stored_bytes", usage.stored_bytes);
  o.number("streams", usage.streams);
}

void write_overview(std::string& out, const Account& account, const sw_account_usage& usage) {
  Object o(out);
  o.time("created_at", account.created_ns, Precision::microseconds);
  o.flag("declared", account.declared);
  o.text("id", account.id);
  write_limits(o.member("limits"), account);
  o.text("name", account.name);
  o.text("project_id", account.project_id);
  o.text("protocol", account.protocol);
  o.text("region", account.region);
  o.time("updated_at", account.updated_ns, Precision::microseconds);
  write_usage(o.member("usage"), usage);
}

}  // namespace switchyard::control
