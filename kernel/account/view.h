// AccountView is one lane's copy of namespaces and credentials: look-ups and signature checks without
// a lock.
//
// It follows the key-value store: a change is here before the writer is answered, so a deleted or
// rotated credential stops working on every lane at once.  Secrets stay sealed in memory and are opened
// only to derive a signing key.
//
// Failure: verify_mac tells unknown key, wrong signature and expiry apart; a record that cannot be
// decoded or unsealed is logged and never authenticates anybody.
//
// Thread: its lane; attach() before the lanes run.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/account/sealing.h"
#include "kernel/account/signing.h"
#include "kernel/account/types.h"
#include "kernel/base/clock.h"
#include "kernel/store/kv.h"

namespace switchyard::account {

// What a client claims to have signed.
struct MacCheck {
  std::string_view access_key;
  SigningScope scope;
  std::string_view string_to_sign;
  std::string_view signature;  // Hex, as it came.
};

// Who a request is from.  Pointers are valid until the lane's current task ends.
struct Principal {
  const Namespace* ns = nullptr;
  const Credential* credential = nullptr;
};

class AccountView {
 public:
  AccountView(std::size_t lane, const Sealer& sealer, const Clock& clock);
  ~AccountView();
  AccountView(const AccountView&) = delete;
  AccountView& operator=(const AccountView&) = delete;

  // Starts to follow `kv`; takes what is there.
  void attach(store::Kv& kv);
  // Called for each namespace that is new or changed, and with null for one that is gone.
  using Observer = std::function<void(NamespaceNumber number, const Namespace* ns)>;
  void observe_namespaces(Observer observer);  // Replays the present ones.
  // Called for each credential that changed, and for one that authenticates nobody any more: it was deleted,
  // or its namespace was.  Not for what is there already, and not when one expires.
  using CredentialObserver = std::function<void(const Credential& credential, bool gone)>;
  void observe_credentials(CredentialObserver observer) { credential_observers_.push_back(std::move(observer)); }

  // Code::ok; not_found: no such key; unauthenticated: wrong signature; denied: expired, which only
  // the holder of the secret learns.
  Code verify_mac(const MacCheck& check, Principal& out);

  // Null = there is none.  Pointers are valid until the lane's current task ends.
  const Namespace* find_namespace(std::string_view id) const;
  const Namespace* find_namespace(NamespaceNumber number) const;
  // The id first, then a name if only one namespace has it.  "sqs_sns/dev" names the one of that protocol.
  const Namespace* find_by_name_or_id(std::string_view name_or_id) const;
  const Namespace* find_by_name(Protocol protocol, std::string_view name) const;
  // `owner_name` as of records.h.
  const Namespace* find_by_owner(Protocol protocol, std::string_view owner_name) const;
  // The one of a project (a UUID) in a region: bound to it, else bound to none.
  const Namespace* find_project(Protocol protocol, std::string_view project_id, std::string_view region) const;
  const Credential* find_credential(std::string_view access_key) const;
  const Credential* find_credential_by_id(std::string_view id) const;
  // In the order of access keys, until false.
  void list_credentials(std::string_view namespace_id, const std::function<bool(const Credential&)>& visit) const;
  // In the order of ids, until false.
  void list_namespaces(const std::function<bool(const Namespace&)>& visit) const;
  std::size_t namespaces() const { return namespaces_.size(); }
  std::size_t credentials() const { return credentials_.size(); }

  Result<Secret> reveal(const Credential& credential) const;
  Result<Secret> reveal_signing_seed(const Namespace& ns) const;
  // The first credential whose secret this server's key cannot open, as a sentence.
  Status check_sealing() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <class T>
  using Map = std::unordered_map<std::string, T, Hash, std::equal_to<>>;
  struct CredentialEntry {
    Credential credential;
    // Of this version, for the cache of signing keys.  The record's revision would not do: all records
    // of one commit share it.
    std::uint64_t serial = 0;
    bool complained = false;        // Its secret cannot be unsealed, and the log says so.
    const Namespace* ns = nullptr;  // Null while its namespace is not there.
  };
  using AccessKeys = std::map<std::string, CredentialEntry*, std::less<>>;

  void on_namespace(std::string_view key, const store::KvEntry* entry);
  void on_credential(std::string_view key, const store::KvEntry* entry);
  void take_namespace(Namespace ns);
  void drop_namespace(std::string_view id);
  void take_credential(Credential credential);
  std::unique_ptr<CredentialEntry> drop_credential(std::string_view access_key);  // Null: it was not there.
  void tell(const Credential& credential, bool gone) const;

  const std::size_t lane_;
  const Sealer& sealer_;
  const Clock& clock_;
  std::map<std::string, std::unique_ptr<Namespace>, std::less<>> namespaces_;  // By id.
  std::unordered_map<NamespaceNumber, Namespace*> by_number_;
  Map<std::vector<Namespace*>> by_name_;
  Map<Namespace*> by_owner_;                           // By owner_key() of owner_name().
  Map<std::unique_ptr<CredentialEntry>> credentials_;  // By access key.
  Map<CredentialEntry*> by_credential_id_;
  std::map<std::string, AccessKeys, std::less<>> by_namespace_;  // By namespace id, also of one that is not there.
  SigningKeyCache signing_keys_;
  std::uint64_t last_serial_ = 0;
  std::vector<Observer> observers_;
  std::vector<CredentialObserver> credential_observers_;
};

}  // namespace switchyard::account
