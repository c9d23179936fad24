// What a NATS user may publish, subscribe to and be sent.
//
// PermissionRules are the lists of a user, compiled once and shared by its connections.  Permissions belong to one
// connection and add what changes: remembered decisions, and the replies that it may send because it was asked.
//
// The lists mean what they mean at nats-server, with one exception.  There, "foo.*" in an allow list also lets a client
// subscribe to "foo.>", which hands it subjects that the list does not name.  Here a subscription is allowed only
// when a rule covers all that it stands for.
//
// Failure: make() says which entry is wrong.  Every question has an answer for any subject.
// Thread: PermissionRules may be read from any thread; Permissions belong to one lane.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nats/decision_cache.h"
#include "plugins/nats/reply_grants.h"

namespace switchyard::nats {

// As configuration and claims have it.  An entry is a pattern; of a subscription also "pattern queue", where the queue
// may hold wildcards: such an entry speaks only of members of that queue.
struct PermissionSpec {
  // Without a publish list everything may be published; with an empty one nothing may.
  std::optional<std::vector<std::string>> publish_allow;
  std::vector<std::string> publish_deny;
  std::vector<std::string> subscribe_allow;  // Empty: everything.
  std::vector<std::string> subscribe_deny;
  // A user with response permissions and no publish list may publish nothing but responses.
  std::optional<ResponseRule> responses;
};

class PermissionRules {
 public:
  // Nothing when an entry is not valid; `why` then names it.
  static std::shared_ptr<const PermissionRules> make(const PermissionSpec& spec, std::string& why);

  bool may_publish(std::string_view subject) const;
  // REQUIRES (these three): is_pattern(pattern).  An empty queue is none.
  bool may_subscribe(std::string_view pattern, std::string_view queue) const;
  // Whether a subscription that is allowed could be sent what is denied, so that each delivery must be asked for; never
  // one to a single subject.
  bool needs_filter(std::string_view pattern, std::string_view queue) const;
  bool may_deliver(std::string_view subject, std::string_view queue) const;

  const std::optional<ResponseRule>& responses() const { return responses_; }

 private:
  struct Rule {
    std::string subject;
    std::string queue;  // Empty: speaks of every subscription.
  };
  using Rules = std::vector<Rule>;

  static bool add(const std::vector<std::string>& entries, bool with_queue, std::string_view list, Rules& rules,
                  std::string& why);

  bool restrict_publish_ = false;
  Rules publish_allow_;
  Rules publish_deny_;
  Rules subscribe_allow_;
  Rules subscribe_deny_;
  std::optional<ResponseRule> responses_;
};

class Permissions {
 public:
  explicit Permissions(std::shared_ptr<const PermissionRules> rules);

  // Whether a message may be published now.  Counts it when only a request makes it so.
  bool may_publish(std::string_view subject, std::int64_t now_ms);

  bool may_subscribe(std::string_view pattern, std::string_view queue) const {
    return rules_->may_subscribe(pattern, queue);
  }
  bool needs_filter(std::string_view pattern, std::string_view queue) const {
    return rules_->needs_filter(pattern, queue);
  }
  // Asked for subscriptions that need a filter.
  bool may_deliver(std::string_view subject, std::string_view queue);

  // Whether note_request must be told of deliveries at all.
  bool tracks_requests() const { return grants_.has_value(); }
  // A message with this reply subject was delivered to the client.
  void note_request(std::string_view reply, std::int64_t now_ms);

 private:
  bool listed(std::string_view subject);

  std::shared_ptr<const PermissionRules> rules_;
  DecisionCache publish_;
  DecisionCache deliver_;
  std::optional<ReplyGrants> grants_;
};

}  // namespace switchyard::nats
