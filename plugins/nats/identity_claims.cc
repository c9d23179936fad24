// ClaimsReader: users, operators and activations.
#include "plugins/nats/claims_reader.h"
#include "plugins/nats/nkeys.h"

namespace switchyard::nats {

// Version 1 kept the type and the issuer's account beside the standard claims.
bool read_user(const boost::json::object& root, int version, UserClaims& out) {
  bool ok = true;
  const ClaimsReader top(root, ok);
  auto& grants = out.grants;
  // Version 2 writes -1 for "no limit"; version 1 writes nothing.
  if (version == 1) grants.subscriptions = grants.data = grants.payload = kNoLimit;
  if (const auto* body = top.object("nats")) {
    const ClaimsReader fields(*body, ok);
    read_grants(fields, SubjectForm::final, grants);
    (version == 1 ? top : fields).text("issuer_account", out.issuer_account);
  }
  if (!out.issuer_account.empty() && !is_public_nkey(NkeyRole::account, out.issuer_account)) return false;
  return ok && is_public_nkey(NkeyRole::user, out.head.subject);
}

bool read_operator(const boost::json::object& root, int version, OperatorClaims& out) {
  bool ok = true;
  const ClaimsReader top(root, ok);
  if (const auto* body = top.object("nats")) {
    const ClaimsReader fields(*body, ok);
    fields.texts("signing_keys", out.signing_keys);
    fields.texts("operator_service_urls", out.service_urls);
    fields.text("account_server_url", out.account_server_url);
    fields.text("system_account", out.system_account);
    if (version > 1) {
      fields.text("assert_server_version", out.assert_server_version);
      fields.flag("strict_signing_key_usage", out.strict_signing_keys);
    }
  }
  for (const auto& key : out.signing_keys) ok = ok && is_public_nkey(NkeyRole::operator_, key);
  if (!out.system_account.empty()) ok = ok && is_public_nkey(NkeyRole::account, out.system_account);
  return ok && is_public_nkey(NkeyRole::operator_, out.head.subject);
}

bool read_activation(const boost::json::object& root, int version, ActivationClaims& out) {
  bool ok = true;
  const ClaimsReader top(root, ok);
  const auto* body = top.object("nats");
  if (body == nullptr) return false;
  const ClaimsReader fields(*body, ok);
  fields.text("subject", out.import_subject);
  (version == 1 ? top : fields).text("issuer_account", out.issuer_account);
  read_share_kind(fields, version == 1 ? "type" : "kind", out.kind);
  if (!out.issuer_account.empty()) ok = ok && is_public_nkey(NkeyRole::account, out.issuer_account);
  return ok && is_claim_subject(out.import_subject) && is_public_nkey(NkeyRole::account, out.head.subject);
}

}  // namespace switchyard::nats
