#include "kernel/account/bootstrap.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "kernel/account/records.h"
#include "kernel/base/ids.h"

namespace switchyard::account {
namespace {

NewNamespace wanted_namespace(const DeclaredNamespace& declared) {
  NewNamespace wanted;
  wanted.name = declared.name;
  wanted.protocol = declared.protocol;
  wanted.origin = Origin::bootstrap;
  wanted.project_id = declared.project_id;
  wanted.account_id = declared.account_id;
  wanted.region = declared.region;
  wanted.limits = declared.limits;
  if (!declared.account_id.empty()) {
    wanted.style = Style::account;
  } else if (!declared.project_id.empty()) {
    wanted.style = Style::project;
  } else if (declared.protocol == Protocol::sqs_sns) {
    // Queue URLs need an owner; the one that emulators use is what clients expect.
    wanted.style = Style::account;
    wanted.account_id = kDevAccountId;
  } else {
    wanted.style = Style::namespace_id;
  }
  return wanted;
}

bool declarable(const Namespace& ns) { return ns.origin != Origin::control; }

class BootstrapRun : public std::enable_shared_from_this<BootstrapRun> {
 public:
  BootstrapRun(Accounts& accounts, std::size_t lane, std::vector<DeclaredNamespace> declared, BootstrapDone done)
      : accounts_(accounts), lane_(lane), declared_(std::move(declared)), done_(std::move(done)) {}

  void start() {
    if (auto status = judge(); !status) return done_(Error(status.error()));
    step();
  }
  Status judge() const;

 private:
  using Ops = std::vector<store::KvOp>;

  const AccountView& view() const { return accounts_.view(lane_); }
  std::uint64_t revision_of(const std::string& key) const {
    const auto* entry = accounts_.kv().get(lane_, key);
    return entry ? entry->revision : 0;
  }

  // By its name; else by its owner, so that a renamed namespace keeps its queues.
  const Namespace* present(const DeclaredNamespace& declared, const std::string& owner) const {
    const Namespace* found = nullptr;
    view().list_namespaces([&](const Namespace& ns) {
      if (ns.protocol == declared.protocol && ns.name == declared.name && declarable(ns)) found = &ns;
      return found == nullptr;
    });
    if (found != nullptr) return found;
    const auto* owning = view().find_by_owner(declared.protocol, owner);
    return owning != nullptr && declarable(*owning) ? owning : nullptr;
  }

  // Style namespace_id is named by its id, which a namespace keeps.
  static std::string owner_of(const Namespace& made, const Namespace* now) {
    return made.style == Style::namespace_id && now != nullptr ? now->id : owner_name(made);
  }

  Status judge_credentials(const DeclaredNamespace& declared, std::map<std::string, std::string>& keys) const;
  void step();
  void finish();
  Result<Ops> plan(const DeclaredNamespace& declared);
  void plan_namespace(const Namespace& now, Namespace next, Ops& ops);
  Status plan_credential(const DeclaredNamespace& declared, const std::string& namespace_id,
                         const DeclaredCredential& wanted, Ops& ops);
  const Credential* present(const std::string& namespace_id, const DeclaredCredential& wanted) const;

  Accounts& accounts_;
  const std::size_t lane_;
  const std::vector<DeclaredNamespace> declared_;
  BootstrapDone done_;
  std::size_t next_ = 0;
  BootstrapReport report_;
};

Status BootstrapRun::judge() const {
  std::set<std::pair<Protocol, std::string>> names;
  std::map<std::pair<Protocol, std::string>, std::string> owners;
  std::map<std::string, std::string> keys;
  for (const auto& declared : declared_) {
    const auto made = accounts_.make_namespace(wanted_namespace(declared));
    if (!made) return Error(made.error());
    const std::string title = "bootstrap namespace '" + declared.name + "'";
    if (!names.emplace(declared.protocol, declared.name).second) {
      return Error{Code::invalid,
                   title + " is declared twice for protocol " + std::string(protocol_name(declared.protocol))};
    }
    const auto* now = present(declared, owner_name(*made));
    const auto owner = owner_of(*made, now);
    const auto [first, fresh] = owners.emplace(std::pair(declared.protocol, owner), declared.name);
    if (!fresh) {
      return Error{Code::invalid, title + " and '" + first->second + "' both own '" + owner +
                                      "'; give one of them another account_id or project_id"};
    }
    const auto* owning = view().find_by_owner(declared.protocol, owner);
    if (owning != nullptr && owning != now) {
      return Error{Code::exists, title + " wants to own '" + owner + "', which belongs to namespace '" + owning->name +
                                     "' (" + owning->id + "); give it another account_id or project_id"};
    }
    if (auto status = judge_credentials(declared, keys); !status) return status;
  }
  return {};
}

Status BootstrapRun::judge_credentials(const DeclaredNamespace& declared,
                                       std::map<std::string, std::string>& keys) const {
  std::set<std::string> names;
  for (const auto& wanted : declared.credentials) {
    const std::string title = "bootstrap credential '" + declared.name + "/" + wanted.name + "'";
    NewCredential fresh{"", "-", wanted.name, wanted.access_key, wanted.secret, wanted.permissions, 0};
    if (const auto made = accounts_.make_credential(fresh); !made) {
      return Error{made.code(), title + ": " + made.error().message};
    }
    if (!names.insert(wanted.name).second) return Error{Code::invalid, title + " is declared twice"};
    const auto [first, is_new] = keys.emplace(wanted.access_key, declared.name + "/" + wanted.name);
    if (!is_new) {
      return Error{Code::invalid,
                   title + " has the same access_key as '" + first->second + "'; an access key names one credential"};
    }
    const auto* holder = view().find_credential(wanted.access_key);
    const auto* ns = holder ? view().find_namespace(holder->namespace_id) : nullptr;
    if (ns != nullptr && !declarable(*ns)) {
      return Error{Code::exists,
                   title + ": its access_key belongs to a credential of the control API; use another one"};
    }
  }
  return {};
}

void BootstrapRun::step() {
  while (next_ < declared_.size()) {
    auto ops = plan(declared_[next_++]);
    if (!ops) return done_(Error(ops.error()));
    if (ops->empty()) continue;
    // One namespace per commit: its number is the revision of its change.
    accounts_.kv().commit(lane_, std::move(*ops), [self = shared_from_this()](Result<std::uint64_t> result) {
      if (!result) return self->done_(Error(result.error()));
      self->step();
    });
    return;
  }
  finish();
}

void BootstrapRun::finish() {
  std::set<std::string> declared;
  for (const auto& ns : declared_) {
    const auto owner = accounts_.make_namespace(wanted_namespace(ns));
    const auto* now = present(ns, owner ? owner_name(*owner) : "");
    if (now != nullptr) declared.insert(now->id);
    if (now == nullptr) continue;
    view().list_credentials(now->id, [&](const Credential& credential) {
      for (const auto& wanted : ns.credentials) {
        if (wanted.access_key == credential.access_key) return true;
      }
      report_.kept.push_back("credential " + ns.name + "/" + credential.name);
      return true;
    });
  }
  view().list_namespaces([&](const Namespace& ns) {
    if (ns.origin == Origin::bootstrap && !declared.contains(ns.id)) report_.kept.push_back("namespace " + ns.name);
    return true;
  });
  done_(std::move(report_));
}

Result<BootstrapRun::Ops> BootstrapRun::plan(const DeclaredNamespace& declared) {
  auto made = accounts_.make_namespace(wanted_namespace(declared));
  if (!made) return Error(made.error());
  Ops ops;
  const auto* now = present(declared, owner_name(*made));
  const std::string id = now ? now->id : made->id;
  if (now == nullptr) {
    ops.push_back({namespace_key(id), encode(*made), 0});
    ops.push_back({owner_key(made->protocol, owner_name(*made)), id, 0});
    report_.created.push_back("namespace " + declared.name);
  } else {
    if (made->style == Style::namespace_id) made->owner = now->id;
    plan_namespace(*now, std::move(*made), ops);
  }
  for (const auto& wanted : declared.credentials) {
    if (auto status = plan_credential(declared, id, wanted, ops); !status) return Error(status.error());
  }
  // Erasures first: an access key may move between two credentials of this commit.
  std::stable_partition(ops.begin(), ops.end(), [](const store::KvOp& op) { return !op.value.has_value(); });
  std::set<std::string> put;
  for (const auto& op : ops) {
    if (op.value) put.insert(op.key);
  }
  std::erase_if(ops, [&](const store::KvOp& op) { return !op.value && put.contains(op.key); });
  return ops;
}

void BootstrapRun::plan_namespace(const Namespace& now, Namespace next, Ops& ops) {
  next.id = now.id;
  next.number = now.number;
  next.shard = now.shard;  // Given at creation.
  next.created_ns = now.created_ns;
  next.updated_ns = now.updated_ns;
  next.signing_key = now.signing_key;
  next.sealed_signing_seed = now.sealed_signing_seed;
  if (encode(next) == encode(now)) return;
  next.updated_ns = accounts_.clock().wall_ns();
  if (owner_name(next) != owner_name(now)) {
    ops.push_back({owner_key(now.protocol, owner_name(now)), std::nullopt});
    ops.push_back({owner_key(next.protocol, owner_name(next)), next.id, 0});
  }
  ops.push_back({namespace_key(next.id), encode(next), revision_of(namespace_key(next.id))});
  report_.updated.push_back("namespace " + next.name);
}

// By its name; else by its access key.
const Credential* BootstrapRun::present(const std::string& namespace_id, const DeclaredCredential& wanted) const {
  const Credential* found = nullptr;
  view().list_credentials(namespace_id, [&](const Credential& credential) {
    if (credential.name == wanted.name) found = &credential;
    return found == nullptr;
  });
  if (found != nullptr) return found;
  const auto* holder = view().find_credential(wanted.access_key);
  return holder != nullptr && holder->namespace_id == namespace_id ? holder : nullptr;
}

Status BootstrapRun::plan_credential(const DeclaredNamespace& declared, const std::string& namespace_id,
                                     const DeclaredCredential& wanted, Ops& ops) {
  const std::string title = "credential " + declared.name + "/" + wanted.name;
  const auto* now = present(namespace_id, wanted);
  if (now != nullptr && now->access_key == wanted.access_key && now->name == wanted.name &&
      now->permissions == wanted.permissions) {
    const auto secret = view().reveal(*now);
    if (secret && secret->equals(wanted.secret.view())) return {};
  }
  NewCredential fresh{
      now ? now->id : "", namespace_id, wanted.name, wanted.access_key, wanted.secret, wanted.permissions, 0};
  auto next = accounts_.make_credential(fresh);
  if (!next) return Error(next.error());
  if (now != nullptr) {
    next->created_ns = now->created_ns;
    if (now->access_key != wanted.access_key) ops.push_back({credential_key(now->access_key), std::nullopt});
  }
  const auto key = credential_key(wanted.access_key);
  ops.push_back({key, encode(*next), revision_of(key)});
  (now ? report_.updated : report_.created).push_back(title);
  return {};
}

// One protocol after the other; each is one commit.
class DevRun : public std::enable_shared_from_this<DevRun> {
 public:
  DevRun(Accounts& accounts, std::size_t lane, std::vector<Protocol> protocols, DevDone done)
      : accounts_(accounts), lane_(lane), protocols_(std::move(protocols)), done_(std::move(done)) {}

  void step() {
    if (made_.size() == protocols_.size()) return done_(std::move(made_));
    const auto protocol = protocols_[made_.size()];
    const auto* ns = present(protocol);
    if (ns == nullptr) return create(protocol);
    if (auto account = usable(*ns)) {
      made_.push_back(std::move(*account));
      return step();
    }
    const auto fresh = new_credential(ns->id);
    accounts_.create_credential(lane_, fresh, [self = shared_from_this()](Result<Credential> made) {
      if (!made) return self->done_(Error(made.error()));
      self->step();
    });
  }

 private:
  const AccountView& view() const { return accounts_.view(lane_); }

  const Namespace* present(Protocol protocol) const {
    if (protocol == Protocol::sqs_sns) {
      if (const auto* ns = view().find_by_owner(protocol, kDevAccountId)) return ns;
    }
    return view().find_by_name(protocol, kDevName);
  }

  // The credential `dev`, else the first one that may do everything.
  std::optional<DevAccount> usable(const Namespace& ns) const {
    std::optional<DevAccount> found;
    view().list_credentials(ns.id, [&](const Credential& credential) {
      const bool good = credential.permissions == kMayAll && credential.expires_ms == 0;
      auto secret = view().reveal(credential);
      if (!good || !secret || (found && credential.name != kDevName)) return true;
      found = DevAccount{ns.protocol, ns.id, credential.access_key, std::move(*secret)};
      return credential.name != kDevName;
    });
    return found;
  }

  // In the shape of AWS keys: some clients check lengths.
  NewCredential new_credential(const std::string& namespace_id) const {
    return {"", namespace_id, std::string(kDevName), random_upper_alnum(20), Secret(random_alnum(40)), kMayAll, 0};
  }

  // All dev namespaces are of one project.
  std::string project() const {
    std::string found;
    view().list_namespaces([&](const Namespace& ns) {
      if (ns.origin == Origin::dev) found = ns.project_id;
      return found.empty();
    });
    return found.empty() ? random_uuid_text() : found;
  }

  void create(Protocol protocol) {
    NewNamespace wanted;
    wanted.name = kDevName;
    wanted.protocol = protocol;
    wanted.style = Style::account;
    wanted.origin = Origin::dev;
    wanted.account_id = kDevAccountId;
    wanted.project_id = project();
    const auto ns = accounts_.make_namespace(wanted);
    if (!ns) return done_(Error(ns.error()));
    const auto credential = accounts_.make_credential(new_credential(ns->id));
    if (!credential) return done_(Error(credential.error()));
    accounts_.kv().commit(lane_,
                          {{namespace_key(ns->id), encode(*ns), 0},
                           {owner_key(protocol, owner_name(*ns)), ns->id, 0},
                           {credential_key(credential->access_key), encode(*credential), 0}},
                          [self = shared_from_this()](Result<std::uint64_t> result) {
                            if (!result) return self->done_(Error(result.error()));
                            self->step();
                          });
  }

  Accounts& accounts_;
  const std::size_t lane_;
  const std::vector<Protocol> protocols_;
  DevDone done_;
  std::vector<DevAccount> made_;
};

}  // namespace

Status check_bootstrap(Accounts& accounts, std::size_t lane, std::vector<DeclaredNamespace> declared) {
  return BootstrapRun(accounts, lane, std::move(declared), {}).judge();
}

void apply_bootstrap(Accounts& accounts, std::size_t lane, std::vector<DeclaredNamespace> declared,
                     BootstrapDone done) {
  std::make_shared<BootstrapRun>(accounts, lane, std::move(declared), std::move(done))->start();
}

void ensure_dev_accounts(Accounts& accounts, std::size_t lane, std::vector<Protocol> protocols, DevDone done) {
  std::make_shared<DevRun>(accounts, lane, std::move(protocols), std::move(done))->step();
}

}  // namespace switchyard::account
