// Which reply subjects a client may answer to although its lists do not say so: those of requests that it received.
//
// This is what makes a service work that may publish nothing by itself.  Each grant holds for a number of messages and
// for a time, both counted anew when the same reply subject comes with another request.  All grants of a client have
// the same time, so the order in which they were given is the order in which they end.
//
// Failure: at a bound the oldest grant is given up, and its requester gets no answer; a client comes there only with
// that many requests unanswered.
// Thread: one lane.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace switchyard::nats {

// nats-server's rule: 0 stands for the default, less than 0 for no limit.
struct ResponseRule {
  static constexpr std::int64_t kDefaultMessages = 1;
  static constexpr std::int64_t kDefaultTtlMs = 120'000;

  std::int64_t max_messages = kDefaultMessages;
  std::int64_t ttl_ms = kDefaultTtlMs;
};

class ReplyGrants {
 public:
  static constexpr std::size_t kMaxGrants = 65536;
  static constexpr std::size_t kMaxBytes = std::size_t{8} << 20;  // Of reply subjects.

  explicit ReplyGrants(ResponseRule rule, std::size_t max_grants = kMaxGrants, std::size_t max_bytes = kMaxBytes);
  ReplyGrants(const ReplyGrants&) = delete;
  ReplyGrants& operator=(const ReplyGrants&) = delete;

  void grant(std::string_view reply, std::int64_t now_ms);

  // Whether a message may go to `subject`; counts it.
  bool use(std::string_view subject, std::int64_t now_ms);

  std::size_t size() const { return grants_.size(); }

 private:
  struct Grant {
    std::int64_t at_ms = 0;
    std::int64_t used = 0;
    const std::string* subject = nullptr;  // The key of this grant in grants_.
    Grant* older = nullptr;
    Grant* newer = nullptr;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Map = std::unordered_map<std::string, Grant, Hash, std::equal_to<>>;

  bool is_over(const Grant& grant, std::int64_t now_ms) const {
    // now_ms may step back; then nothing ends early.
    return rule_.ttl_ms > 0 && now_ms - grant.at_ms > rule_.ttl_ms;
  }
  void make_room(std::size_t bytes, std::int64_t now_ms);
  Map::iterator insert(std::string_view reply);
  void append(Grant& grant);
  void unlink(Grant& grant);
  void drop(Map::iterator grant);

  const ResponseRule rule_;
  const std::size_t max_grants_;
  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  Map grants_;
  Grant* oldest_ = nullptr;
  Grant* newest_ = nullptr;
  // Of grants that ended: a service in its stride gives and uses them in turn, without the allocator.
  std::vector<Map::node_type> spare_;
};

}  // namespace switchyard::nats
