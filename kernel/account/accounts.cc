#include "kernel/account/accounts.h"

#include <algorithm>
#include <utility>

#include "kernel/account/nkeys.h"
#include "kernel/account/records.h"
#include "kernel/base/ids.h"
#include "kernel/base/log.h"

namespace switchyard::account {
namespace {

// Owners stand in URLs and ARNs between separators.
Status check_owner_part(std::string_view what, std::string_view text) {
  const bool fits = !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (fits) return {};
  return Error{Code::invalid, std::string(what) + " '" + std::string(text.substr(0, 80)) +
                                  "' must be 1 to 64 letters, digits, '-' or '_'"};
}

Error no_credential(std::string_view id) {
  return Error{Code::not_found, "credential '" + std::string(id) + "' does not exist"};
}
// Account ids of NATS are public keys; those of the control API look the same whatever the protocol.
std::string make_id(const NewNamespace& wanted) {
  if (wanted.protocol != Protocol::nats && wanted.origin != Origin::control) return random_uuid_text();
  return NkeyPair::generate(NkeyKind::account).public_text();
}

}  // namespace

Error no_namespace(std::string_view id) {
  return Error{Code::not_found, "namespace '" + std::string(id) + "' does not exist"};
}
Error changed_meanwhile(std::string_view what) {
  return Error{Code::conflict,
               std::string(what) + " was changed by somebody else in the meantime; read it again and retry"};
}

Accounts::Accounts(store::Kv& kv, const Sealer& sealer, const Clock& clock, std::vector<Executor*> lanes)
    : kv_(kv), sealer_(sealer), clock_(clock), lanes_(std::move(lanes)) {
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    views_.push_back(std::make_unique<AccountView>(lane, sealer_, clock_));
  }
}

Accounts::~Accounts() = default;

void Accounts::attach() {
  for (auto& view : views_) view->attach(kv_);
}

void Accounts::commit(std::size_t lane, Ops ops, Error taken, VoidDone done) {
  kv_.commit(lane, std::move(ops),
             [taken = std::move(taken), done = std::move(done)](Result<std::uint64_t> result) mutable {
               if (result) return done({});
               done(result.code() == Code::conflict ? std::move(taken) : Error(result.error()));
             });
}

Result<Namespace> Accounts::make_namespace(const NewNamespace& wanted) const {
  if (auto status = check_name("namespace name", wanted.name); !status) return Error(status.error());
  Namespace ns;
  ns.id = wanted.id.empty() ? make_id(wanted) : wanted.id;
  ns.name = wanted.name;
  ns.protocol = wanted.protocol;
  ns.style = wanted.style;
  ns.origin = wanted.origin;
  ns.account_id = wanted.account_id;
  ns.project_id = wanted.project_id;
  ns.region = wanted.region;
  ns.limits = wanted.limits;
  if (auto status = check_owner_part("namespace id", ns.id); !status) return Error(status.error());
  if (ns.style == Style::account) {
    if (auto status = check_owner_part("account_id", ns.account_id); !status) return Error(status.error());
    ns.owner = ns.account_id;
  } else if (ns.style == Style::project) {
    if (!is_uuid(ns.project_id)) {
      return Error{Code::invalid,
                   "project_id '" + ns.project_id.substr(0, 80) + "' of namespace '" + ns.name + "' must be a UUID"};
    }
    ns.owner = "project-" + ns.project_id;
  } else {
    ns.owner = ns.id;
  }
  ns.shard = shard_of(!ns.project_id.empty() ? ns.project_id : ns.owner);
  ns.services = wanted.services;
  if (ns.protocol == Protocol::nats) {
    const auto key = NkeyPair::generate(NkeyKind::account);
    ns.signing_key = key.public_text();
    ns.sealed_signing_seed = sealer_.seal(key.seed_text().view(), namespace_key(ns.id));
  }
  ns.created_ns = ns.updated_ns = clock_.wall_ns();
  return ns;
}

Result<Credential> Accounts::make_credential(const NewCredential& wanted) const {
  if (auto status = check_name("credential name", wanted.name); !status) return Error(status.error());
  if (auto status = check_access_key(wanted.access_key); !status) return Error(status.error());
  if (wanted.secret.empty() != wanted.keep_no_secret) {
    return Error{Code::invalid, "the secret of credential '" + wanted.name + "' is empty; give it one"};
  }
  Credential credential;
  credential.id = wanted.id.empty() ? random_uuid_text() : wanted.id;
  credential.name = wanted.name;
  credential.namespace_id = wanted.namespace_id;
  credential.access_key = wanted.access_key;
  if (!wanted.keep_no_secret) {
    credential.sealed_secret = sealer_.seal(wanted.secret.view(), credential_key(wanted.access_key));
  }
  credential.permissions = wanted.permissions & kMayAll;
  credential.expires_ms = wanted.expires_ms;
  credential.services = wanted.services;
  credential.checksum = wanted.checksum;
  credential.created_ns = credential.updated_ns = clock_.wall_ns();
  return credential;
}

void Accounts::create_namespace(std::size_t lane, const NewNamespace& wanted, NamespaceDone done) {
  auto ns = make_namespace(wanted);
  if (!ns) return refuse(lane, std::move(done), Error(ns.error()));
  if (view(lane).namespaces() >= kMaxNamespaces) {
    return refuse(lane, std::move(done),
                  Error{Code::quota, "this server has " + std::to_string(kMaxNamespaces) +
                                         " namespaces, its limit; delete one first"});
  }
  // The number of a namespace is the revision of its change: one namespace per commit.
  Ops ops{{namespace_key(ns->id), encode(*ns), 0}, {owner_key(ns->protocol, owner_name(*ns)), ns->id, 0}};
  Error taken{Code::exists, "a namespace of protocol " + std::string(protocol_name(ns->protocol)) + " already owns '" +
                                owner_name(*ns) + "'; use that one or another account or project"};
  commit(lane, std::move(ops), std::move(taken), [this, lane, id = ns->id, done = std::move(done)](Status status) {
    if (!status) return done(Error(status.error()));
    const auto* made = view(lane).find_namespace(id);
    done(made ? Result<Namespace>(*made) : Result<Namespace>(no_namespace(id)));
  });
}

void Accounts::update_namespace(std::size_t lane, const std::string& id, const NamespaceChange& change,
                                NamespaceDone done) {
  const auto* now = view(lane).find_namespace(id);
  const auto* record = kv_.get(lane, namespace_key(id));
  if (now == nullptr || record == nullptr) return refuse(lane, std::move(done), no_namespace(id));
  Namespace next = *now;
  if (change.name) next.name = *change.name;
  if (change.limits) next.limits = *change.limits;
  next.updated_ns = clock_.wall_ns();
  if (auto status = check_name("namespace name", next.name); !status) {
    return refuse(lane, std::move(done), Error(status.error()));
  }
  commit(lane, {{namespace_key(id), encode(next), record->revision}}, changed_meanwhile("namespace '" + id + "'"),
         [this, lane, id, change, next, done = std::move(done)](const Status& status) {
           if (status.code() == Code::conflict) return update_namespace(lane, id, change, done);
           done(status ? Result<Namespace>(next) : Result<Namespace>(Error(status.error())));
         });
}

void Accounts::delete_namespace(std::size_t lane, const std::string& id, VoidDone done) {
  const auto* now = view(lane).find_namespace(id);
  const auto* record = kv_.get(lane, namespace_key(id));
  if (now == nullptr || record == nullptr) return refuse(lane, std::move(done), no_namespace(id));
  commit(lane, deletion(lane, *now, record->revision), changed_meanwhile("namespace '" + id + "'"),
         [this, lane, id, done = std::move(done)](const Status& status) mutable {
           if (status.code() == Code::conflict) return delete_namespace(lane, id, std::move(done));
           if (!status) return done(status);
           delete_leftovers(lane, id, std::move(done));
         });
}

Accounts::Ops Accounts::deletion(std::size_t lane, const Namespace& ns, std::uint64_t revision) const {
  Ops ops{{namespace_key(ns.id), std::nullopt, revision}, {owner_key(ns.protocol, owner_name(ns)), std::nullopt}};
  for (const auto table : kOwnedTables) {
    ops.push_back({owned_prefix(table, ns.number, ""), std::nullopt, store::KvOp::kAny, true});
  }
  view(lane).list_credentials(ns.id, [&](const Credential& credential) {
    ops.push_back({credential_key(credential.access_key), std::nullopt});
    return true;
  });
  return ops;
}

// Its namespace is gone, or has none of the services any more that it was made for.
bool Accounts::is_orphan(std::size_t lane, const Credential& credential) const {
  const auto* ns = view(lane).find_namespace(credential.namespace_id);
  if (ns == nullptr) return true;
  return credential.services != 0 && !ns->has_service(credential.services);
}

// Credentials that were on their way when the deletion was decided.  Their makers were answered before, so
// by now they are here; later ones find nothing to be good for (credential_created).
void Accounts::delete_leftovers(std::size_t lane, const std::string& namespace_id, VoidDone done) {
  Ops ops;
  view(lane).list_credentials(namespace_id, [&](const Credential& credential) {
    if (is_orphan(lane, credential)) ops.push_back({credential_key(credential.access_key), std::nullopt});
    return true;
  });
  if (ops.empty()) return done({});
  commit(lane, std::move(ops), Error{}, std::move(done));
}

void Accounts::create_credential(std::size_t lane, const NewCredential& wanted, CredentialDone done) {
  if (view(lane).find_namespace(wanted.namespace_id) == nullptr) {
    return refuse(lane, std::move(done), no_namespace(wanted.namespace_id));
  }
  std::size_t present = 0;
  view(lane).list_credentials(wanted.namespace_id,
                              [&](const Credential&) { return ++present < kMaxCredentialsPerNamespace; });
  if (present >= kMaxCredentialsPerNamespace) {
    return refuse(lane, std::move(done),
                  Error{Code::quota, "namespace '" + wanted.namespace_id + "' has " +
                                         std::to_string(kMaxCredentialsPerNamespace) +
                                         " credentials, its limit; delete one first"});
  }
  auto credential = make_credential(wanted);
  if (!credential) return refuse(lane, std::move(done), Error(credential.error()));
  // The access key is no secret; still it is left out of the text, which may reach a log.
  Error taken{Code::exists, "the access key of credential '" + wanted.name + "' is taken; use another one"};
  commit(lane, {{credential_key(credential->access_key), encode(*credential), 0}}, std::move(taken),
         [this, lane, key = credential->access_key, done = std::move(done)](Status status) mutable {
           if (!status) return done(Error(status.error()));
           credential_created(lane, key, std::move(done));
         });
}

// The namespace may have been deleted, or its service switched off, between the look and the commit.  By now
// both changes are applied on this lane, so a look decides, and the credential goes after its namespace.
void Accounts::credential_created(std::size_t lane, const std::string& access_key, CredentialDone done) {
  const auto* credential = view(lane).find_credential(access_key);
  if (credential == nullptr) return done(no_credential(access_key));
  if (!is_orphan(lane, *credential)) return done(*credential);
  commit(lane, {{credential_key(access_key), std::nullopt}}, Error{},
         [id = credential->namespace_id, done = std::move(done)](const Status&) { done(no_namespace(id)); });
}

void Accounts::update_credential(std::size_t lane, const std::string& id, const CredentialChange& change,
                                 CredentialDone done) {
  const auto* now = view(lane).find_credential_by_id(id);
  const auto* record = now ? kv_.get(lane, credential_key(now->access_key)) : nullptr;
  if (now == nullptr || record == nullptr) return refuse(lane, std::move(done), no_credential(id));
  Credential next = *now;
  if (change.name) next.name = *change.name;
  if (change.permissions) next.permissions = *change.permissions & kMayAll;
  if (change.expires_ms) next.expires_ms = *change.expires_ms;
  if (change.secret) next.sealed_secret = sealer_.seal(change.secret->view(), credential_key(next.access_key));
  next.updated_ns = clock_.wall_ns();
  auto status = check_name("credential name", next.name);
  if (status && change.secret && change.secret->empty())
    status = Error{Code::invalid, "the new secret is empty; give one"};
  if (!status) return refuse(lane, std::move(done), Error(status.error()));
  commit(lane, {{credential_key(next.access_key), encode(next), record->revision}},
         changed_meanwhile("credential '" + id + "'"),
         [this, lane, id, change, next, done = std::move(done)](const Status& committed) {
           if (committed.code() == Code::conflict) return update_credential(lane, id, change, done);
           done(committed ? Result<Credential>(next) : Result<Credential>(Error(committed.error())));
         });
}

void Accounts::delete_credential(std::size_t lane, const std::string& id, VoidDone done) {
  const auto* now = view(lane).find_credential_by_id(id);
  const auto* record = now ? kv_.get(lane, credential_key(now->access_key)) : nullptr;
  if (now == nullptr || record == nullptr) return refuse(lane, std::move(done), no_credential(id));
  commit(lane, {{credential_key(now->access_key), std::nullopt, record->revision}},
         changed_meanwhile("credential '" + id + "'"), [this, lane, id, done = std::move(done)](const Status& status) {
           if (status.code() == Code::conflict) return delete_credential(lane, id, done);
           done(status);
         });
}

void Accounts::sweep_orphans(std::size_t lane, VoidDone done) {
  Ops ops;
  kv_.scan(lane, kCredentialPrefix, kCredentialPrefix, [&](std::string_view key, const store::KvEntry& entry) {
    const auto credential = decode_credential(key, *entry.value);
    if (credential && is_orphan(lane, *credential)) {
      ops.push_back({std::string(key), std::nullopt, entry.revision});
    }
    return true;
  });
  if (ops.empty()) {
    lanes_[lane]->post([done = std::move(done)] { done({}); });
    return;
  }
  log::info("account.orphans_removed", {{"credentials", ops.size()}});
  commit(lane, std::move(ops), changed_meanwhile("a credential"), std::move(done));
}

}  // namespace switchyard::account
