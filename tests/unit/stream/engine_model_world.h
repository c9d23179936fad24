// EngineModel drives a real engine with random operations from every lane, kills and reopens it, and
// compares what it answers with a simple model of what it promised.
//
// The model knows of each message whether it must be there, must be gone, or may be either (its
// operation was cut off by a crash; the next full read decides), and until when a lease hides it.
// Times are kept as bounds because an operation takes effect anywhere between its call and its answer.
//
// Failure: the first violation ends the run with a sentence and the seed.
//
// Thread: the test's.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/stream/engine_fixture.h"

namespace switchyard::stream {

class EngineModel : public EngineFixture {
 public:
  struct Sum {
    std::uint64_t messages = 0, crashes = 0, delivered = 0, acknowledged = 0, cleaned = 0, recycled = 0,
                  checkpoints = 0, duplicates = 0;
  };
  const Sum& sum() const { return sum_; }

 protected:
  explicit EngineModel(std::size_t lanes);
  // Runs `operations` random ones, then drains every stream.
  void run(std::uint64_t seed, int operations);

  // ---- for a model whose disk can fail, too ----
  void begin(std::uint64_t seed);
  void step();
  void crash_now() { do_crash(false); }
  void drain();
  // The disk takes nothing more: what is refused now is as if nobody had answered.
  virtual bool powerless() const { return false; }
  virtual void restart() { reopen(); }
  void wrong(const std::string& what);
  const std::string& what_was_wrong() const { return wrong_; }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::mt19937_64& random() { return random_; }
  // Lets the engine's threads come to the answers, as far as they do without time going by.
  void catch_up() {
    for (int i = 0; i < 4 && pending_ > 0 && !powerless();) {
      if (turn() > 0) continue;
      bell_.wait();
      ++i;
    }
  }
  void only_crash_when_told() { crashes_on_its_own_ = false; }

 private:
  static constexpr std::int64_t kForever = INT64_MAX;
  static constexpr std::int64_t kLongestWaitMs = 20'000;  // Of any lease.

  struct Message {
    std::uint64_t id = 0;
    std::size_t stream = 0;  // Where it is; a dead letter changes that.
    std::size_t home = 0;
    Seq seq = 0;
    std::string key, dedup;
    std::string history;
    bool answered = false;      // Its append.
    bool stored = false;        // Acknowledged, or seen.
    bool unknown = false;       // A crash or a purge from another lane left it open.
    bool gone = false;          // Known to have left the stream.
    bool done = false;          // The consumer is known to be done with it.
    bool done_unknown = false;  // A crash cut its ack off.
    int dying = 0;              // Acks and purges on their way.
    int extending = 0;          // Extensions on their way.
    std::uint64_t stored_step = 0, gone_step = 0 /* or moved */, done_step = 0, delivered_step = 0, changes = 0;
    std::uint32_t attempt = 0;                    // Of the last delivery that was handed over.
    std::uint32_t lost_attempts = 0;              // Deliveries that a crash may have swallowed.
    std::int64_t visible_lo = 0, visible_hi = 0;  // Arrival delay: visible at some point in between.
    std::int64_t hidden_lo = 0, hidden_hi = 0;    // Lease: hidden before lo, not after hi.
    bool surely_live() const { return stored && !unknown && !gone && dying == 0; }
    bool surely_wanted() const { return surely_live() && !done && !done_unknown; }
  };
  struct Held {
    Token token;
    std::uint64_t message = 0;
  };
  struct Dedup {
    std::uint64_t message = 0;
    std::int64_t time_lo = 0, time_hi = 0;
    bool open = true;  // Its append has no answer, or never got one.
    int asked = 0;     // Appends with this id on their way.
  };
  struct Stream {
    std::string name;
    StreamConfig config;
    ConsumerConfig consumer;
    NamespaceId ns = 7;
    std::uint16_t shard = 3;
    std::size_t dead = 0;  // Index of its dead-letter stream; 0 = none.
    bool comes_and_goes = false;
    StreamId id = 0;        // 0 = not there, or being created or removed.
    StreamId leaving = 0;   // Being removed.
    bool changing = false;  // Being created or removed.
    int purging = 0;
    int fetching = 0;
    std::int64_t fuzzy_until = 0;      // Before this time lease counts are not exact.
    std::set<std::uint64_t> messages;  // Not gone.
    std::map<std::string, std::map<Seq, std::uint64_t>> by_key;
    std::vector<Held> held;
    std::map<std::string, Dedup> dedup;
  };

  // ---- operations ----
  void do_append(std::size_t s, int count);
  void do_fetch(std::size_t s);
  void do_ack(std::size_t s);
  void do_extend(std::size_t s);
  void do_cancel();
  void do_purge(std::size_t s);
  void do_create_or_remove(std::size_t s);
  void do_crash(bool during_checkpoint);
  void do_quiesce();

  // ---- answers ----
  struct Asked {  // When and where an operation was called.
    std::size_t stream = 0;
    StreamId id = 0;
    std::uint64_t step = 0;
    std::int64_t ms = 0;
  };
  Asked ask(std::size_t s) { return {s, streams_[s].id, ++step_, clock_.wall_ms()}; }
  void appended(const Asked& asked, std::uint64_t message, const std::string& dedup, const Appended& result);
  void delivered(const Asked& asked, std::int64_t ack_wait, std::span<const Delivery> deliveries);
  bool deliver(const Asked& asked, std::int64_t ack_wait, const Delivery& d, std::set<std::uint64_t>& same_answer);
  void acked(const Asked& asked, const std::vector<Held>& tokens, bool strict, const Status& status,
             std::span<const Code> each);
  void purged(const Asked& asked, const std::vector<std::pair<std::uint64_t, bool>>& before, const Status& status);
  void check_order(const Asked& asked, const Message& m, const std::set<std::uint64_t>& same_answer);

  // ---- truth ----
  void create_streams();
  void create_stream(std::size_t s);
  void store(Message& m, Seq seq);
  void forget(Message& m);
  void move_to(Message& m, std::size_t s);
  bool may_be_dead_letter(const Message& m) const;
  void after_crash();
  void settle();  // Everything answered.
  void verify();  // Reads everything back and compares.
  using Present = std::map<std::uint64_t, Seq>;
  std::string compare(const std::vector<Present>& present);
  std::string compare_stream(std::size_t s, const std::vector<Present>& present);
  std::string compare_counts(const std::vector<Present>& present);
  std::string compare_state(std::size_t s, const State& state, const Present& present);
  void adopt(const std::vector<Present>& present);
  Present read_all(std::size_t s);

  std::string body_of(std::uint64_t message, std::size_t bytes);
  std::uint64_t message_of(std::string_view body);
  void note(Message& m, const std::string& event) { m.history += " | " + std::to_string(step_) + " " + event; }
  // The last events of a message, for a person who looks for the cause.
  std::string wrong_with(const Message& m, const std::string& what);
  std::size_t any_lane() { return below(lanes_); }
  static bool failed() { return false; }
  template <class... Rest>
  static bool failed(const Status& status, const Rest&...) {
    return !status.ok();
  }
  void count_life();
  // Wraps an answer: counts it as pending; dropped when a crash came in between.
  template <class F>
  auto pending(F answer) {
    ++pending_;
    return [this, life = life_, answer = std::move(answer)](auto&&... arguments) mutable {
      if (life != life_ || (powerless() && failed(arguments...))) return;
      --pending_;
      answer(arguments...);
    };
  }

  std::mt19937_64 random_;
  std::uint64_t seed_ = 0;
  std::vector<Stream> streams_;  // [0] is nothing, so that 0 means none.
  std::map<std::uint64_t, Message> messages_;
  std::uint64_t next_message_ = 1, step_ = 0, life_ = 0;
  int pending_ = 0;
  bool growing_ = true;
  std::vector<std::pair<std::size_t, FetchId>> fetches_;  // Lane and id of those that may still wait.
  std::string wrong_;
  bool crashes_on_its_own_ = true;
  Sum sum_;
};

}  // namespace switchyard::stream
