// Accounts is the write side: it makes, changes and deletes namespaces and credentials.
//
// Every call answers on its lane after the change is durable and applied on every lane, so the caller
// and everybody else see it at once.  Uniqueness (ids, owners, access keys) is decided by the
// key-value store's conditions, not by what this lane happens to have seen.
//
// Failure: Code::exists, not_found, quota, invalid or conflict (changed by somebody else meanwhile),
// each with a sentence; otherwise what the store said.  Nothing of a refused call is kept.
//
// Thread: construct and attach() on the control thread before the lanes run; the rest on the lane
// that is named.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/account/sealing.h"
#include "kernel/account/types.h"
#include "kernel/account/view.h"
#include "kernel/base/clock.h"
#include "kernel/base/executor.h"
#include "kernel/store/kv.h"

namespace switchyard::account {

struct NewNamespace {
  // Empty = made here: an account's public nkey for namespaces of the control API and of NATS, else a UUID.
  // Never one that was used before.
  std::string id;
  std::string name;
  Protocol protocol = Protocol::sqs_sns;
  Style style = Style::namespace_id;
  Origin origin = Origin::control;
  std::string account_id, project_id, region;
  LimitOverrides limits;
  std::uint8_t services = 0;
};

// Only what is set changes.
struct NamespaceChange {
  std::optional<std::string> name;
  std::optional<LimitOverrides> limits;
};

struct NewCredential {
  std::string id;  // Empty = a random UUID.
  std::string namespace_id;
  std::string name;
  std::string access_key;
  Secret secret;
  std::uint32_t permissions = kMayAll;
  std::int64_t expires_ms = 0;
  std::uint8_t services = 0;
  std::string checksum = {};
  bool keep_no_secret = false;  // Then `secret` stays empty.
};

// A credential whose keys are made here.
struct CredentialWish {
  std::string namespace_id;
  std::string name;
  std::uint32_t permissions = kMayAll;
  std::uint8_t services = 0;
  std::int64_t expires_ms = 0;
};

struct IssuedCredential {
  Credential credential;
  Secret shown;  // To be told once: the secret key, or the `.creds` file of a NATS user.
};

struct CredentialChange {
  std::optional<std::string> name;
  std::optional<std::uint32_t> permissions;
  std::optional<Secret> secret;
  std::optional<std::int64_t> expires_ms;
};

class Accounts {
 public:
  static constexpr std::size_t kMaxNamespaces = 100'000;
  static constexpr std::size_t kMaxCredentialsPerNamespace = 1'000;

  // References and lanes outlive this.
  Accounts(store::Kv& kv, const Sealer& sealer, const Clock& clock, std::vector<Executor*> lanes);
  ~Accounts();
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;

  void attach();  // After the store was replayed.
  AccountView& view(std::size_t lane) { return *views_[lane]; }
  const AccountView& view(std::size_t lane) const { return *views_[lane]; }

  using NamespaceDone = std::function<void(Result<Namespace>)>;
  using CredentialDone = std::function<void(Result<Credential>)>;
  using IssuedDone = std::function<void(Result<IssuedCredential>)>;
  using VoidDone = std::function<void(Status)>;

  void create_namespace(std::size_t lane, const NewNamespace& wanted, NamespaceDone done);
  // Changes of different members at the same time are both kept, here and in update_credential().
  void update_namespace(std::size_t lane, const std::string& id, const NamespaceChange& change, NamespaceDone done);
  // Its credentials, streams, messages and plugin records go with it, in one batch of the journal whose size
  // does not depend on how much that is.
  void delete_namespace(std::size_t lane, const std::string& id, VoidDone done);

  // One service of a project in a region.  The namespace of the project is made with its first service
  // and deleted with its last.  Code::exists: it is active; not_found: it is not.
  void activate_service(std::size_t lane, const std::string& project_id, const std::string& region,
                        std::uint8_t service, NamespaceDone done);
  // What the service has goes with it.  Code::conflict while it has streams or credentials, unless `force`;
  // Code::denied when the configuration declares the namespace.
  void deactivate_service(std::size_t lane, const std::string& project_id, const std::string& region,
                          std::uint8_t service, bool force, VoidDone done);

  void create_credential(std::size_t lane, const NewCredential& wanted, CredentialDone done);
  void issue_credential(std::size_t lane, const CredentialWish& wish, IssuedDone done);
  void update_credential(std::size_t lane, const std::string& id, const CredentialChange& change, CredentialDone done);
  void delete_credential(std::size_t lane, const std::string& id, VoidDone done);

  // Removes credentials whose namespace is gone: left behind when a crash or a race came between the
  // two.  They never authenticate anybody.  Called once at start.
  void sweep_orphans(std::size_t lane, VoidDone done);

  // What the record of `wanted` would be, checked; for callers that commit several records at once.
  Result<Namespace> make_namespace(const NewNamespace& wanted) const;
  Result<Credential> make_credential(const NewCredential& wanted) const;
  store::Kv& kv() { return kv_; }
  const std::vector<Executor*>& lanes() const { return lanes_; }
  const Sealer& sealer() const { return sealer_; }
  const Clock& clock() const { return clock_; }

 private:
  using Ops = std::vector<store::KvOp>;
  // Commits; a failed condition becomes `taken`.
  void commit(std::size_t lane, Ops ops, Error taken, VoidDone done);
  // Answers later, as every call does.
  template <class Done>
  void refuse(std::size_t lane, Done done, Error error);
  void credential_created(std::size_t lane, const std::string& access_key, CredentialDone done);
  Ops deletion(std::size_t lane, const Namespace& ns, std::uint64_t revision) const;
  Ops switch_off(std::size_t lane, const Namespace& ns, std::uint64_t revision, std::uint8_t service) const;
  bool is_orphan(std::size_t lane, const Credential& credential) const;
  void delete_leftovers(std::size_t lane, const std::string& namespace_id, VoidDone done);
  bool service_in_use(std::size_t lane, const Namespace& ns, std::uint8_t service) const;
  Result<Secret> make_nats_keys(std::size_t lane, const CredentialWish& wish, NewCredential& wanted) const;

  store::Kv& kv_;
  const Sealer& sealer_;
  const Clock& clock_;
  const std::vector<Executor*> lanes_;
  std::vector<std::unique_ptr<AccountView>> views_;
};

template <class Done>
void Accounts::refuse(std::size_t lane, Done done, Error error) {
  lanes_[lane]->post([done = std::move(done), error = std::move(error)]() mutable { done(std::move(error)); });
}

Error no_namespace(std::string_view id);
Error changed_meanwhile(std::string_view what);

}  // namespace switchyard::account
