// ClaimsReader: accounts.
#include <utility>

#include "plugins/nats/claims_reader.h"
#include "plugins/nats/nkeys.h"

namespace switchyard::nats {
namespace {

namespace json = boost::json;

// Every element must be an object.
template <class Item, class Read>
void read_objects(const ClaimsReader& from, std::string_view name, std::vector<Item>& out, const Read& read) {
  const auto* list = from.array(name);
  if (list == nullptr) return;
  for (const auto& value : *list) {
    if (!value.is_object()) return from.fail();
    read(ClaimsReader(value.get_object(), from.ok_flag()), out.emplace_back());
  }
}

void read_import(const ClaimsReader& from, ImportClaim& out) {
  from.text("name", out.name);
  from.text("subject", out.subject);
  from.text("account", out.account);
  from.text("token", out.token);
  from.text("to", out.to);
  from.text("local_subject", out.local_subject);
  from.flag("share", out.share);
  from.flag("allow_trace", out.allow_trace);
  read_share_kind(from, "type", out.kind);
  if (!is_claim_subject(out.subject) || !is_public_nkey(NkeyRole::account, out.account)) from.fail();
  for (const auto* renamed : {&out.to, &out.local_subject}) {
    if (!renamed->empty() && !is_claim_subject(*renamed)) from.fail();
  }
}

void read_response_type(const ClaimsReader& from, ResponseType& out) {
  std::string type;
  from.text("response_type", type);
  if (type == "Stream") {
    out = ResponseType::stream;
  } else if (type == "Chunked") {
    out = ResponseType::chunked;
  } else if (!type.empty() && type != "Singleton") {
    from.fail();
  }
}

void read_latency(const ClaimsReader& from, std::optional<LatencyClaim>& out) {
  const auto* object = from.object("service_latency");
  if (object == nullptr) return;
  const ClaimsReader fields(*object, from.ok_flag());
  LatencyClaim& latency = out.emplace();
  fields.text("results", latency.results);
  const auto* sampling = fields.any("sampling");
  std::int64_t percent = 0;
  if (sampling != nullptr && sampling->is_string()) {
    if (sampling->get_string() != "headers") from.fail();
  } else {
    fields.number("sampling", percent);
  }
  if (percent < 0 || percent > 100 || !is_claim_subject(latency.results)) return from.fail();
  latency.sampling_percent = static_cast<int>(percent);
}

// Position 3 of "a.*.*" is its second star.
bool is_star_at(std::string_view subject, std::int64_t position) {
  for (std::int64_t at = 1; !subject.empty(); ++at) {
    const auto dot = subject.find('.');
    if (at == position) return subject.substr(0, dot) == "*";
    subject = dot == std::string_view::npos ? std::string_view() : subject.substr(dot + 1);
  }
  return false;
}

void read_export(const ClaimsReader& from, ExportClaim& out) {
  from.text("name", out.name);
  from.text("subject", out.subject);
  from.text("description", out.description);
  from.text("info_url", out.info_url);
  from.flag("token_req", out.token_required);
  from.flag("advertise", out.advertise);
  from.flag("allow_trace", out.allow_trace);
  from.number("response_threshold", out.response_threshold_ns);
  read_share_kind(from, "type", out.kind);
  read_revocations(from, out.revocations);
  read_response_type(from, out.response_type);
  read_latency(from, out.latency);
  std::int64_t position = 0;
  from.number("account_token_position", position);
  if (!is_claim_subject(out.subject) || out.response_threshold_ns < 0) from.fail();
  if (position != 0 && !is_star_at(out.subject, position)) return from.fail();
  out.account_token_position = static_cast<std::uint32_t>(position);
}

void read_jetstream(const ClaimsReader& from, JetStreamLimits& out) {
  from.number("mem_storage", out.memory_bytes);
  from.number("disk_storage", out.disk_bytes);
  from.number("streams", out.streams);
  from.number("consumer", out.consumers);
  from.number("max_ack_pending", out.max_ack_pending);
  from.number("mem_max_stream_bytes", out.memory_max_stream_bytes);
  from.number("disk_max_stream_bytes", out.disk_max_stream_bytes);
  from.flag("max_bytes_required", out.max_bytes_required);
}

void read_limits(const ClaimsReader& from, int version, AccountLimitClaims& out) {
  from.number("subs", out.subscriptions);
  from.number("data", out.data);
  from.number("payload", out.payload);
  from.number("imports", out.imports);
  from.number("exports", out.exports);
  from.number("conn", out.connections);
  from.number("leaf", out.leaf_connections);
  from.flag("wildcards", out.wildcard_exports);
  from.flag("disallow_bearer", out.disallow_bearer);
  if (version == 1) return;
  const auto* tiers = from.object("tiered_limits");
  if (tiers == nullptr || tiers->empty()) return read_jetstream(from, out.jetstream);
  for (const auto& tier : *tiers) {
    if (!tier.value().is_object() || tier.key().empty()) return from.fail();
    read_jetstream(ClaimsReader(tier.value().get_object(), from.ok_flag()), out.tiers[std::string(tier.key())]);
  }
}

void read_scope(const ClaimsReader& from, AccountClaims& out) {
  std::string kind, key;
  from.text("kind", kind);
  from.text("key", key);
  UserScope scope;
  from.text("role", scope.role);
  from.text("description", scope.description);
  scope.grants.subscriptions = scope.grants.data = scope.grants.payload = kNoLimit;
  if (const auto* grants = from.object("template")) {
    read_grants(ClaimsReader(*grants, from.ok_flag()), SubjectForm::template_, scope.grants);
  }
  // Who signs users with a scope that is not understood would sign them without one.
  if (kind != "user_scope") from.fail();
  out.signing_keys[std::move(key)] = std::move(scope);
}

void read_signing_keys(const ClaimsReader& from, AccountClaims& out) {
  const auto* keys = from.array("signing_keys");
  if (keys == nullptr) return;
  for (const auto& key : *keys) {
    if (key.is_object()) {
      read_scope(ClaimsReader(key.get_object(), from.ok_flag()), out);
    } else if (key.is_string()) {
      out.signing_keys[std::string(key.get_string())] = std::nullopt;
    } else {
      return from.fail();
    }
  }
  for (const auto& [key, scope] : out.signing_keys) {
    if (!is_public_nkey(NkeyRole::account, key)) from.fail();
  }
}

void read_target(const ClaimsReader& from, WeightedTarget& out) {
  std::int64_t weight = 0;
  from.text("subject", out.subject);
  from.text("cluster", out.cluster);
  from.number("weight", weight);
  if (weight < 0 || weight > 100 || !is_claim_subject(out.subject)) return from.fail();
  out.weight = weight == 0 ? 100 : static_cast<int>(weight);
}

void read_mappings(const ClaimsReader& from, AccountClaims& out) {
  const auto* mappings = from.object("mappings");
  if (mappings == nullptr) return;
  const ClaimsReader members(*mappings, from.ok_flag());
  for (const auto& mapping : *mappings) {
    const std::string_view source(mapping.key().data(), mapping.key().size());
    if (!is_claim_subject(source)) return from.fail();
    auto& targets = out.mappings[std::string(source)];
    read_objects(members, source, targets, read_target);
    std::map<std::string_view, int> percent_of_cluster;
    for (const auto& target : targets) {
      if ((percent_of_cluster[target.cluster] += target.weight) > 100) return from.fail();
    }
  }
}

void read_authorization(const ClaimsReader& from, ExternalAuthorization& out) {
  const auto* object = from.object("authorization");
  if (object == nullptr) return;
  const ClaimsReader fields(*object, from.ok_flag());
  fields.texts("auth_users", out.auth_users);
  fields.texts("allowed_accounts", out.allowed_accounts);
  fields.text("xkey", out.xkey);
}

bool has_wildcard(std::string_view subject) {
  while (!subject.empty()) {
    const auto dot = subject.find('.');
    const auto token = subject.substr(0, dot);
    if (token == "*" || token == ">") return true;
    subject = dot == std::string_view::npos ? std::string_view() : subject.substr(dot + 1);
  }
  return false;
}

bool within_share_limits(const AccountClaims& account) {
  const auto& limits = account.limits;
  const auto fits = [](std::size_t count, std::int64_t limit) {
    return limit < 0 || count <= static_cast<std::uint64_t>(limit);
  };
  if (limits.exports >= 0 && !limits.wildcard_exports) {
    for (const auto& offer : account.exports) {
      if (has_wildcard(offer.subject)) return false;
    }
  }
  return fits(account.imports.size(), limits.imports) && fits(account.exports.size(), limits.exports);
}

}  // namespace

bool read_account(const json::object& root, int version, AccountClaims& out) {
  bool ok = true;
  const ClaimsReader top(root, ok);
  if (const auto* body = top.object("nats")) {
    const ClaimsReader fields(*body, ok);
    read_objects(fields, "imports", out.imports, read_import);
    read_objects(fields, "exports", out.exports, read_export);
    if (const auto* limits = fields.object("limits")) read_limits(ClaimsReader(*limits, ok), version, out.limits);
    read_signing_keys(fields, out);
    read_revocations(fields, out.revocations);
    if (const auto* permissions = fields.object("default_permissions")) {
      read_permissions(ClaimsReader(*permissions, ok), SubjectForm::final, out.default_permissions);
    }
    read_mappings(fields, out);
    read_authorization(fields, out.authorization);
    fields.text("description", out.description);
    fields.text("info_url", out.info_url);
  }
  return ok && within_share_limits(out) && is_public_nkey(NkeyRole::account, out.head.subject);
}

}  // namespace switchyard::nats
