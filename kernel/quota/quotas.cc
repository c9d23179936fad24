#include "kernel/quota/quotas.h"

#include <mutex>
#include <utility>

namespace switchyard::quota {

void NamespaceQuota::set(const account::Limits& limits) {
  max_message_bytes_.store(limits.max_message_bytes, std::memory_order_relaxed);
  max_connections_.store(limits.max_connections, std::memory_order_relaxed);
  requests_.set_rate(limits.requests_per_second);
}

Status NamespaceQuota::check_message(std::uint64_t bytes) const {
  const auto limit = max_message_bytes();
  if (bytes <= limit) return {};
  return Error{Code::quota, "the message has " + std::to_string(bytes) + " bytes; namespace '" + name_ + "' allows " +
                                std::to_string(limit) + "; raise its message_size"};
}

Error NamespaceQuota::too_many_requests() const {
  return {Code::quota, "namespace '" + name_ + "' allows " + std::to_string(requests_.rate()) +
                           " requests per second; slow down or raise its requests_per_second"};
}

Status NamespaceQuota::open_connection() {
  const auto limit = max_connections_.load(std::memory_order_relaxed);
  auto open = connections_.load(std::memory_order_relaxed);
  do {
    if (deleted_.load(std::memory_order_relaxed)) {
      return Error{Code::not_found, "namespace '" + name_ + "' was deleted"};
    }
    if (limit != 0 && open >= limit) {
      return Error{Code::quota, "namespace '" + name_ + "' has " + std::to_string(open) + " connections; it allows " +
                                    std::to_string(limit) + "; close some or raise its connections"};
    }
  } while (!connections_.compare_exchange_weak(open, open + 1, std::memory_order_relaxed));
  return {};
}

Quotas::Quotas(const account::LimitDefaults& defaults, StoredLimit stored_limit)
    : defaults_(defaults), stored_limit_(std::move(stored_limit)) {}

void Quotas::attach(account::AccountView& view) {
  view_ = &view;
  view.observe_namespaces(
      [this](account::NamespaceNumber number, const account::Namespace* ns) { changed(number, ns); });
}

void Quotas::set_defaults(const account::LimitDefaults& defaults) {
  defaults_ = defaults;
  view_->list_namespaces([this](const account::Namespace& ns) {
    changed(ns.number, &ns);
    return true;
  });
}

std::shared_ptr<NamespaceQuota> Quotas::find(account::NamespaceNumber number) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

void Quotas::changed(account::NamespaceNumber number, const account::Namespace* ns) {
  const std::unique_lock lock(mutex_);
  auto& slot = by_number_[number];
  if (ns == nullptr) {
    if (slot) slot->deleted_.store(true, std::memory_order_relaxed);
    by_number_.erase(number);
    if (stored_limit_) stored_limit_(number, std::nullopt);
    return;
  }
  if (!slot) slot = std::make_shared<NamespaceQuota>(ns->id);
  const auto limits = account::effective_limits(*ns, defaults_);
  slot->set(limits);
  if (stored_limit_) stored_limit_(number, limits.max_stored_bytes);
}

}  // namespace switchyard::quota
