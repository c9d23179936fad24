// Quotas holds what each namespace may use: message size, request rate, connections.  (Stored bytes are
// counted where they change, in the stream room; Quotas hands it the limit.)
//
// Limits come from the namespace's record and the server's defaults and follow every change.  Whoever
// looked a NamespaceQuota up may keep it; that of a deleted namespace refuses new connections, is not
// found any more and goes with its last owner.
//
// Failure: each refusal is Code::quota with a sentence that names the namespace, the limit and the value.
//
// Thread: find() and the members of NamespaceQuota from any thread; the rest says so.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "kernel/account/types.h"
#include "kernel/account/view.h"
#include "kernel/base/result.h"
#include "kernel/quota/token_bucket.h"

namespace switchyard::quota {

class NamespaceQuota {
 public:
  explicit NamespaceQuota(std::string name) : name_(std::move(name)) {}

  std::uint32_t max_message_bytes() const { return max_message_bytes_.load(std::memory_order_relaxed); }
  Status check_message(std::uint64_t bytes) const;

  // 0 = go on; otherwise the milliseconds to ask the client to wait.
  std::uint32_t admit(std::uint32_t requests, std::int64_t mono_ns) { return requests_.take(requests, mono_ns); }
  // What to say when admit() refused.
  Error too_many_requests() const;

  // Code::quota beyond the limit; otherwise close_connection() must follow.
  Status open_connection();
  void close_connection() { connections_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t connections() const { return connections_.load(std::memory_order_relaxed); }

 private:
  friend class Quotas;
  void set(const account::Limits& limits);

  const std::string name_;
  std::atomic<std::uint32_t> max_message_bytes_{0};
  std::atomic<std::uint32_t> max_connections_{0};
  std::atomic<std::uint32_t> connections_{0};
  std::atomic<bool> deleted_{false};
  TokenBucket requests_;
};

class Quotas {
 public:
  // Told the stored-bytes limit (0 = none) of each namespace that is new or changed; nullopt: it was deleted.
  using StoredLimit = std::function<void(account::NamespaceNumber, std::optional<std::uint64_t> max_stored_bytes)>;

  Quotas(const account::LimitDefaults& defaults, StoredLimit stored_limit);
  Quotas(const Quotas&) = delete;
  Quotas& operator=(const Quotas&) = delete;

  // [control, before the lanes run] Follows the namespaces of one lane's view.
  void attach(account::AccountView& view);
  // [the lane of that view] A reload changed the server's defaults.
  void set_defaults(const account::LimitDefaults& defaults);

  // Null when there is no such namespace (any more).
  std::shared_ptr<NamespaceQuota> find(account::NamespaceNumber number) const;

 private:
  void changed(account::NamespaceNumber number, const account::Namespace* ns);

  account::LimitDefaults defaults_;
  const StoredLimit stored_limit_;
  account::AccountView* view_ = nullptr;
  mutable std::shared_mutex mutex_;  // For the map alone; taken when a namespace is looked up by number.
  std::unordered_map<account::NamespaceNumber, std::shared_ptr<NamespaceQuota>> by_number_;
};

}  // namespace switchyard::quota
