#include "plugins/nats/reply_grants.h"

#include <utility>

namespace switchyard::nats {
namespace {

constexpr std::size_t kMaxSpare = 64;
constexpr std::size_t kMaxSpareBytes = 256;  // Of one subject.

ResponseRule with_defaults(ResponseRule rule) {
  if (rule.max_messages == 0) rule.max_messages = ResponseRule::kDefaultMessages;
  if (rule.ttl_ms == 0) rule.ttl_ms = ResponseRule::kDefaultTtlMs;
  return rule;
}

}  // namespace

ReplyGrants::ReplyGrants(ResponseRule rule, std::size_t max_grants, std::size_t max_bytes)
    : rule_(with_defaults(rule)), max_grants_(max_grants), max_bytes_(max_bytes) {}

void ReplyGrants::grant(std::string_view reply, std::int64_t now_ms) {
  if (reply.size() > max_bytes_ || max_grants_ == 0) return;
  auto found = grants_.find(reply);
  if (found == grants_.end()) {
    make_room(reply.size(), now_ms);
    found = insert(reply);
  } else {
    unlink(found->second);
  }
  Grant& grant = found->second;
  grant.at_ms = now_ms;
  grant.used = 0;
  append(grant);
}

bool ReplyGrants::use(std::string_view subject, std::int64_t now_ms) {
  const auto found = grants_.find(subject);
  if (found == grants_.end()) return false;
  Grant& grant = found->second;
  const bool allowed = !is_over(grant, now_ms);
  ++grant.used;
  const bool last = rule_.max_messages > 0 && grant.used >= rule_.max_messages;
  if (!allowed || last) drop(found);
  return allowed;
}

void ReplyGrants::make_room(std::size_t bytes, std::int64_t now_ms) {
  while (oldest_ != nullptr &&
         (is_over(*oldest_, now_ms) || grants_.size() >= max_grants_ || bytes_ + bytes > max_bytes_)) {
    drop(grants_.find(*oldest_->subject));
  }
}

ReplyGrants::Map::iterator ReplyGrants::insert(std::string_view reply) {
  Map::iterator place;
  if (spare_.empty()) {
    place = grants_.try_emplace(std::string(reply)).first;
  } else {
    Map::node_type node = std::move(spare_.back());
    spare_.pop_back();
    node.key().assign(reply);
    place = grants_.insert(std::move(node)).position;
  }
  place->second.subject = &place->first;
  bytes_ += reply.size();
  return place;
}

void ReplyGrants::append(Grant& grant) {
  grant.older = newest_;
  grant.newer = nullptr;
  (newest_ == nullptr ? oldest_ : newest_->newer) = &grant;
  newest_ = &grant;
}

void ReplyGrants::unlink(Grant& grant) {
  (grant.older == nullptr ? oldest_ : grant.older->newer) = grant.newer;
  (grant.newer == nullptr ? newest_ : grant.newer->older) = grant.older;
}

void ReplyGrants::drop(Map::iterator grant) {
  unlink(grant->second);
  bytes_ -= grant->first.size();
  Map::node_type node = grants_.extract(grant);
  if (spare_.size() < kMaxSpare && node.key().capacity() <= kMaxSpareBytes) spare_.push_back(std::move(node));
}

}  // namespace switchyard::nats
