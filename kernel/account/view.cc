#include "kernel/account/view.h"

#include <algorithm>
#include <utility>

#include "kernel/account/records.h"
#include "kernel/base/log.h"

namespace switchyard::account {
namespace {

// Services by another name (the token service of AWS) are open to every credential.
bool good_for(const Credential& credential, const Namespace& ns, std::string_view service) {
  const std::uint8_t wanted = service == "sqs" ? kServiceSqs : service == "sns" ? kServiceSns : 0;
  if (wanted == 0) return true;
  return (credential.services == 0 || (credential.services & wanted) != 0) && ns.has_service(wanted);
}

}  // namespace

AccountView::AccountView(std::size_t lane, const Sealer& sealer, const Clock& clock)
    : lane_(lane), sealer_(sealer), clock_(clock) {}

AccountView::~AccountView() = default;

void AccountView::attach(store::Kv& kv) {
  kv.watch(lane_, std::string(kNamespacePrefix),
           [this](std::string_view key, const store::KvEntry* entry) { on_namespace(key, entry); });
  kv.watch(lane_, std::string(kCredentialPrefix),
           [this](std::string_view key, const store::KvEntry* entry) { on_credential(key, entry); });
}

void AccountView::observe_namespaces(Observer observer) {
  for (const auto& [id, ns] : namespaces_) observer(ns->number, ns.get());
  observers_.push_back(std::move(observer));
}

void AccountView::on_namespace(std::string_view key, const store::KvEntry* entry) {
  if (entry == nullptr) return drop_namespace(key.substr(kNamespacePrefix.size()));
  auto ns = decode_namespace(key, *entry->value);
  if (!ns) {
    log::error("account.record_unreadable",
               {{"key", key}, {"do", "run switchyard fsck; is this record of a newer version?"}});
    return drop_namespace(key.substr(kNamespacePrefix.size()));
  }
  ns->number = entry->created;
  take_namespace(std::move(*ns));
}

void AccountView::take_namespace(Namespace ns) {
  // Replaced in place: whoever holds the pointer during this task sees the new one.
  if (const auto old = namespaces_.find(ns.id); old != namespaces_.end()) {
    if (old->second->number != ns.number) {
      drop_namespace(ns.id);
    } else {
      auto& names = by_name_[old->second->name];
      std::erase(names, old->second.get());
      if (names.empty()) by_name_.erase(old->second->name);
      by_owner_.erase(owner_key(old->second->protocol, owner_name(*old->second)));
    }
  }
  auto& slot = namespaces_[ns.id];
  if (!slot) slot = std::make_unique<Namespace>();
  *slot = std::move(ns);
  by_number_[slot->number] = slot.get();
  by_name_[slot->name].push_back(slot.get());
  by_owner_[owner_key(slot->protocol, owner_name(*slot))] = slot.get();
  if (const auto keys = by_namespace_.find(slot->id); keys != by_namespace_.end()) {
    for (const auto& [access_key, credential] : keys->second) credential->ns = slot.get();
  }
  for (const auto& observer : observers_) observer(slot->number, slot.get());
}

void AccountView::drop_namespace(std::string_view id) {
  const auto found = namespaces_.find(id);
  if (found == namespaces_.end()) return;
  const auto gone = std::move(found->second);
  namespaces_.erase(found);
  by_number_.erase(gone->number);
  auto& names = by_name_[gone->name];
  std::erase(names, gone.get());
  if (names.empty()) by_name_.erase(gone->name);
  const auto owner = by_owner_.find(owner_key(gone->protocol, owner_name(*gone)));
  if (owner != by_owner_.end() && owner->second == gone.get()) by_owner_.erase(owner);
  if (const auto keys = by_namespace_.find(id); keys != by_namespace_.end()) {
    for (const auto& [access_key, credential] : keys->second) {
      credential->ns = nullptr;
      tell(credential->credential, true);
    }
  }
  for (const auto& observer : observers_) observer(gone->number, nullptr);
}

void AccountView::on_credential(std::string_view key, const store::KvEntry* entry) {
  const auto access_key = key.substr(kCredentialPrefix.size());
  const auto drop = [&] {
    if (const auto gone = drop_credential(access_key)) tell(gone->credential, true);
  };
  if (entry == nullptr) return drop();
  auto credential = decode_credential(key, *entry->value);
  if (!credential) {
    log::error("account.record_unreadable",
               {{"key", key}, {"do", "run switchyard fsck; is this record of a newer version?"}});
    return drop();
  }
  take_credential(std::move(*credential));
}

void AccountView::tell(const Credential& credential, bool gone) const {
  for (const auto& observer : credential_observers_) observer(credential, gone);
}

void AccountView::take_credential(Credential credential) {
  drop_credential(credential.access_key);
  auto entry = std::make_unique<CredentialEntry>();
  entry->credential = std::move(credential);
  entry->serial = ++last_serial_;
  entry->ns = find_namespace(entry->credential.namespace_id);
  by_credential_id_[entry->credential.id] = entry.get();
  by_namespace_[entry->credential.namespace_id][entry->credential.access_key] = entry.get();
  auto& slot = credentials_[entry->credential.access_key];
  slot = std::move(entry);
  tell(slot->credential, slot->ns == nullptr);
}

std::unique_ptr<AccountView::CredentialEntry> AccountView::drop_credential(std::string_view access_key) {
  const auto found = credentials_.find(access_key);
  if (found == credentials_.end()) return nullptr;
  auto gone = std::move(found->second);
  credentials_.erase(found);
  signing_keys_.forget(gone->serial);
  const auto by_id = by_credential_id_.find(gone->credential.id);
  // A new access key under the same id may already have taken its place.
  if (by_id != by_credential_id_.end() && by_id->second == gone.get()) by_credential_id_.erase(by_id);
  const auto keys = by_namespace_.find(gone->credential.namespace_id);
  keys->second.erase(gone->credential.access_key);
  if (keys->second.empty()) by_namespace_.erase(keys);
  return gone;
}

Code AccountView::verify_mac(const MacCheck& check, Principal& out) {
  const auto found = credentials_.find(check.access_key);
  if (found == credentials_.end() || found->second->ns == nullptr) return Code::not_found;
  auto& entry = *found->second;
  // Of a NATS user there is only a public key; of a credential of one service the others know nothing.
  if (entry.credential.sealed_secret.empty()) return Code::not_found;
  if (!good_for(entry.credential, *entry.ns, check.scope.service)) return Code::not_found;

  if (const auto* key = signing_keys_.find(entry.serial, check.scope)) {
    if (!signature_matches(*key, check.string_to_sign, check.signature)) return Code::unauthenticated;
  } else {
    const auto secret = reveal(entry.credential);
    if (!secret) {
      if (!std::exchange(entry.complained, true)) {
        log::error("account.secret_unreadable", {{"credential", entry.credential.id}, {"why", secret.error().message}});
      }
      return Code::unauthenticated;
    }
    const auto derived = derive_signing_key(secret->view(), check.scope);
    if (!signature_matches(derived, check.string_to_sign, check.signature)) return Code::unauthenticated;
    signing_keys_.put(entry.serial, check.scope, derived);
  }
  const auto expires = entry.credential.expires_ms;
  if (expires != 0 && clock_.wall_ms() >= expires) return Code::denied;
  out = Principal{entry.ns, &entry.credential};
  return Code::ok;
}

const Namespace* AccountView::find_namespace(std::string_view id) const {
  const auto found = namespaces_.find(id);
  return found == namespaces_.end() ? nullptr : found->second.get();
}

const Namespace* AccountView::find_namespace(NamespaceNumber number) const {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

const Namespace* AccountView::find_by_name_or_id(std::string_view name_or_id) const {
  if (const auto* ns = find_namespace(name_or_id)) return ns;
  if (const auto named = by_name_.find(name_or_id); named != by_name_.end()) {
    return named->second.size() == 1 ? named->second.front() : nullptr;
  }
  const auto slash = name_or_id.find('/');
  const auto protocol = slash == std::string_view::npos ? std::nullopt : parse_protocol(name_or_id.substr(0, slash));
  if (!protocol) return nullptr;
  const auto rest = name_or_id.substr(slash + 1);
  if (const auto* ns = find_namespace(rest)) return ns->protocol == *protocol ? ns : nullptr;
  const Namespace* found = nullptr;
  const auto named = by_name_.find(rest);
  if (named == by_name_.end()) return nullptr;
  for (const auto* ns : named->second) {
    if (ns->protocol != *protocol) continue;
    if (found != nullptr) return nullptr;
    found = ns;
  }
  return found;
}

const Namespace* AccountView::find_by_name(Protocol protocol, std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  for (const auto* ns : found->second) {
    if (ns->protocol == protocol) return ns;
  }
  return nullptr;
}

const Namespace* AccountView::find_by_owner(Protocol protocol, std::string_view owner_name) const {
  const auto found = by_owner_.find(owner_key(protocol, owner_name));
  return found == by_owner_.end() ? nullptr : found->second;
}

const Namespace* AccountView::find_project(Protocol protocol, std::string_view project_id,
                                           std::string_view region) const {
  const auto owner = std::string("project-").append(project_id);
  if (const auto* bound = find_by_owner(protocol, owner_name(owner, region))) return bound;
  return find_by_owner(protocol, owner);
}

const Credential* AccountView::find_credential(std::string_view access_key) const {
  const auto found = credentials_.find(access_key);
  return found == credentials_.end() ? nullptr : &found->second->credential;
}

const Credential* AccountView::find_credential_by_id(std::string_view id) const {
  const auto found = by_credential_id_.find(id);
  return found == by_credential_id_.end() ? nullptr : &found->second->credential;
}

void AccountView::list_credentials(std::string_view namespace_id,
                                   const std::function<bool(const Credential&)>& visit) const {
  const auto keys = by_namespace_.find(namespace_id);
  if (keys == by_namespace_.end()) return;
  for (const auto& [access_key, entry] : keys->second) {
    if (!visit(entry->credential)) return;
  }
}

void AccountView::list_namespaces(const std::function<bool(const Namespace&)>& visit) const {
  for (const auto& [id, ns] : namespaces_) {
    if (!visit(*ns)) return;
  }
}

Result<Secret> AccountView::reveal(const Credential& credential) const {
  return sealer_.unseal(credential.sealed_secret, credential_key(credential.access_key));
}

Result<Secret> AccountView::reveal_signing_seed(const Namespace& ns) const {
  return sealer_.unseal(ns.sealed_signing_seed, namespace_key(ns.id));
}

Status AccountView::check_sealing() const {
  for (const auto& [id, ns] : namespaces_) {
    if (ns->sealed_signing_seed.empty()) continue;
    const auto seed = reveal_signing_seed(*ns);
    if (!seed) return Error(seed.error());
  }
  for (const auto& [access_key, entry] : credentials_) {
    if (entry->credential.sealed_secret.empty()) continue;
    const auto secret = reveal(entry->credential);
    if (!secret) return Error(secret.error());
  }
  return {};
}

}  // namespace switchyard::account
