#include "plugins/nats/permissions.h"

#include <algorithm>
#include <utility>

#include "plugins/nats/subjects.h"

namespace switchyard::nats {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

// Takes a word off the front of `rest`; empty when there is none.
std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(kBlanks));
  rest.remove_prefix(word.size());
  return word;
}

// Queues are named like subjects: "v1.*" in a rule means every queue under v1, and the queue of that very name.
bool is_of_queue(std::string_view rule, std::string_view queue) { return matches(rule, queue); }

// Whether a denying rule is about a subscription of this queue; one without a queue is about all.
bool concerns(std::string_view rule_queue, std::string_view queue) {
  return rule_queue.empty() || (!queue.empty() && is_of_queue(rule_queue, queue));
}

}  // namespace

bool PermissionRules::add(const std::vector<std::string>& entries, bool with_queue, std::string_view list, Rules& rules,
                          std::string& why) {
  for (const std::string& entry : entries) {
    std::string_view rest = entry;
    const std::string_view subject = take_word(rest);
    const std::string_view queue = take_word(rest);
    if (!is_pattern(subject) || (!queue.empty() && (!with_queue || !is_pattern(queue))) || !take_word(rest).empty()) {
      why = "the " + std::string(list) + " list has \"" + entry + "\", which is not a subject" +
            (with_queue ? " or a subject and a queue" : "");
      return false;
    }
    rules.push_back({std::string(subject), std::string(queue)});
  }
  return true;
}

std::shared_ptr<const PermissionRules> PermissionRules::make(const PermissionSpec& spec, std::string& why) {
  auto rules = std::make_shared<PermissionRules>();
  rules->responses_ = spec.responses;
  rules->restrict_publish_ = spec.publish_allow.has_value() || spec.responses.has_value();
  static const std::vector<std::string> kNone;
  const bool valid =
      add(spec.publish_allow ? *spec.publish_allow : kNone, false, "publish allow", rules->publish_allow_, why) &&
      add(spec.publish_deny, false, "publish deny", rules->publish_deny_, why) &&
      add(spec.subscribe_allow, true, "subscribe allow", rules->subscribe_allow_, why) &&
      add(spec.subscribe_deny, true, "subscribe deny", rules->subscribe_deny_, why);
  return valid ? rules : nullptr;
}

bool PermissionRules::may_publish(std::string_view subject) const {
  const auto names = [subject](const Rule& rule) { return matches(rule.subject, subject); };
  // No rule covers a subject with an empty token, not even ">".
  const bool routable = is_routable(subject);
  if (restrict_publish_ && !(routable && std::ranges::any_of(publish_allow_, names))) return false;
  return !(routable && std::ranges::any_of(publish_deny_, names));
}

bool PermissionRules::may_subscribe(std::string_view pattern, std::string_view queue) const {
  if (!subscribe_allow_.empty()) {
    bool plain = false;
    bool of_some_queue = false;
    bool of_this_queue = false;
    for (const Rule& rule : subscribe_allow_) {
      if (!is_subset(pattern, rule.subject)) continue;
      if (rule.queue.empty()) {
        plain = true;
      } else {
        of_some_queue = true;
        of_this_queue = of_this_queue || is_of_queue(rule.queue, queue);
      }
    }
    // Rules that name queues decide alone about who joins one.
    if (!(queue.empty() || !of_some_queue ? plain : of_this_queue)) return false;
  }
  // Not is_subset: a denied "foo.*" refuses the subscription "foo.>" as a whole, as at nats-server.
  return std::ranges::none_of(subscribe_deny_, [pattern, queue](const Rule& rule) {
    return concerns(rule.queue, queue) && matches(rule.subject, pattern);
  });
}

bool PermissionRules::needs_filter(std::string_view pattern, std::string_view queue) const {
  return std::ranges::any_of(subscribe_deny_, [pattern, queue](const Rule& rule) {
    return concerns(rule.queue, queue) && overlap(rule.subject, pattern);
  });
}

bool PermissionRules::may_deliver(std::string_view subject, std::string_view queue) const {
  return std::ranges::none_of(subscribe_deny_, [subject, queue](const Rule& rule) {
    return concerns(rule.queue, queue) && matches(rule.subject, subject);
  });
}

Permissions::Permissions(std::shared_ptr<const PermissionRules> rules) : rules_(std::move(rules)) {
  if (rules_->responses()) grants_.emplace(*rules_->responses());
}

bool Permissions::listed(std::string_view subject) {
  if (const std::optional<bool> known = publish_.find(subject, {})) return *known;
  const bool answer = rules_->may_publish(subject);
  // A responder writes to subjects that come once; they would push out those that come again.
  if (answer || !grants_) publish_.keep(subject, {}, answer);
  return answer;
}

bool Permissions::may_publish(std::string_view subject, std::int64_t now_ms) {
  return listed(subject) || (grants_ && grants_->use(subject, now_ms));
}

bool Permissions::may_deliver(std::string_view subject, std::string_view queue) {
  if (const std::optional<bool> known = deliver_.find(subject, queue)) return *known;
  const bool answer = rules_->may_deliver(subject, queue);
  deliver_.keep(subject, queue, answer);
  return answer;
}

void Permissions::note_request(std::string_view reply, std::int64_t now_ms) {
  if (!grants_ || reply.empty()) return;
  // Not through the cache: a reply subject comes once, too.
  if (rules_->may_publish(reply)) return;
  grants_->grant(reply, now_ms);
}

}  // namespace switchyard::nats
