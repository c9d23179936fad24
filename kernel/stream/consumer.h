// Consumer hands each message of its stream to one caller at a time, under a lease.
//
// What was never delivered lies at and after the cursor; everything else that is not done is in the
// lease table.  A fetch takes ready messages first, oldest first, then moves the cursor; both cost the
// messages they return.  A fetch that finds nothing waits in line and is served in the turn in which
// a message becomes available.
//
// An ordered consumer chooses by key (ready_keys.h): the messages of a key in order, up to the first
// one that is out.
//
// A fair consumer goes by sequence until a key is noisy (fair_keys.h); then messages without a key and those
// of quiet keys come first, one of each key in turn, and of noisy keys the one with the fewest messages
// out.  What is behind a million messages of a noisy key is found by its own key.
//
// Failure: Code::quota when max_leased messages are out and the fetch does not wait; Code::cancelled for
// cancelled waits.
//
// Thread: its stream's lane.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernel/base/executor.h"
#include "kernel/stream/attempts.h"
#include "kernel/stream/fair_keys.h"
#include "kernel/stream/lease_table.h"
#include "kernel/stream/ready_keys.h"
#include "kernel/stream/records.h"
#include "kernel/stream/types.h"

namespace switchyard::stream {

class Stream;
enum class ImageKind : char;

class Consumer {
 public:
  Consumer(Stream& stream, Definition::Consumer definition);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  std::uint32_t number() const { return definition_.number; }
  const ConsumerConfig& config() const { return definition_.config; }
  void redefine(const Definition::Consumer& definition);
  // For tests and metrics; null unless fair.
  const FairKeys* fair() const { return fair_.get(); }

  void fetch(FetchId id, const FetchRequest& request, FetchDone done);
  // As a fetch that does not wait, but what it takes leaves for another stream; nothing is leased.
  void move(FetchId id, const MoveRequest& request, MoveDone done);
  void cancel(FetchId id);
  // Every waiting fetch ends with `why`.
  void close(const Status& why);

  // A message became durable; it is due at deliver_at_ms (0 = now).
  void on_arrival(Seq seq, KeyId key, std::int64_t deliver_at_ms);
  // A message is done with or left; what it blocked may go on.
  void on_removed(Seq seq, KeyId key);
  // Everything <= upto left the stream.
  void on_dropped(Seq upto) {
    leases_.drop_below(upto);
    if (fair_) drop_fair(upto);
  }
  // Serves waiting fetches while there is something for them.
  void pump();

  enum class Verdict { ok, gone, stale };
  // May this token acknowledge?  REQUIRES: resident.
  Verdict judge(const Token& token, bool strict, std::int64_t now_ms) const;
  // Hides a message whose ack or move is being written, so that nobody is handed it meanwhile.
  // Returns what its lease was.
  Lease hold(Seq seq) { return hold(seq, kHoldMs); }
  // The write failed: it may be handed out again at at_ms.
  void unhold(Seq seq, std::int64_t at_ms);
  // The write failed: the lease goes on as it was before the hold.
  void restore(Seq seq, const Lease& before);
  // Ends, shortens or prolongs a lease; the change goes into `out` for the journal.
  Verdict extend(const Token& token, std::uint32_t after_ms, bool strict, std::int64_t now_ms,
                 std::vector<LeaseChange>& out);

  // The move to another stream ended, well or not.
  void buried(Seq seq) { burying_.erase(seq); }

  // Makes leases and delays that have ended ready.  False while a spilled chunk is on its way.
  bool expire(std::int64_t now_ms);
  LeaseTable& leases() { return leases_; }
  std::uint64_t available() const;

  // ---- start-up ----
  void replay_lease(const LeaseChange& change, bool handed_out);
  void replay_cursor(Seq cursor) { cursor_ = std::max(cursor_, cursor); }
  Seq cursor() const { return cursor_; }
  void recovered();
  // Every key of an ordered or fair consumer may go on.
  void wake_all();

 private:
  class LeaseOp;
  struct Departure {
    MoveRequest request;
    MoveDone done;
  };
  struct Waiter {
    FetchId id = 0;
    FetchRequest request;
    FetchDone done;
    TimerId timer = 0;
    std::shared_ptr<const Departure> departure = nullptr;  // Of a move.
    bool repeated = false;                                 // Its messages were handed out before.
    std::int64_t delivered_ms = 0;                         // When.
  };
  struct Picked {
    Seq seq = 0;
    std::uint32_t attempt = 0;  // Of this delivery.
    std::int64_t first_ms = 0;
    journal::Place place;
    KeyId key = 0;
  };
  enum class Step { found, skipped, none, loading };
  enum class Source { ready, cursor, key, fair };
  // Where one pick stands: what it has passed is not yet marked in the lease table.
  struct Picking {
    Seq ready_from = 0;
    Seq key_from = 0;
    Source source = Source::ready;
    const bool fair = false;  // Some key is noisy; the same for the whole pick.
    KeyId key = 0;            // Of Source::fair.
    std::size_t bytes = 0;
  };

  Step pick(const FetchRequest& request, std::size_t want, std::int64_t now_ms, std::vector<Picked>& out);
  Step next(Picking& at, Seq& seq);
  Step next_by_key(Picking& at, Seq& seq);
  Step next_fair(Picking& at, Seq& seq);
  Step next_without_key(Picking& at, Seq& seq);
  Step next_of_key(KeyId key, Seq& seq);
  void recover_fair();
  void drop_fair(Seq upto);
  Step next_undelivered(Seq& seq);
  bool delivers_by_cursor(Seq seq) const;
  Step take(Seq seq, std::int64_t now_ms, Picked& out);
  void advance(Picking& at, Seq seq);
  void wait(FetchId id, const FetchRequest& request, FetchDone done);
  bool repeat(FetchId id, const FetchRequest& request, const FetchDone& done);
  void depart(Waiter waiter, const std::vector<Picked>& picked);
  void lease(Waiter waiter, std::vector<Picked> picked, std::int64_t now_ms);
  std::vector<LeaseChange> undo(const std::vector<Picked>& picked, std::int64_t due_ms);
  Waiter remove_waiter(std::list<Waiter>::iterator it);
  void answer(Waiter waiter, Status status);
  void timed_out(FetchId id);
  void bury(Seq seq, const journal::Place& place);
  Step load(ImageKind kind, ChunkNo no);
  void wake_key_of(Seq seq);
  void wake(Seq seq, KeyId key);
  void handed_out(const std::vector<Picked>& picked, std::int64_t now_ms);
  void arm();
  std::uint64_t room() const;
  Status nothing_now() const;
  Lease hold(Seq seq, std::int64_t for_ms);

  // How long a message stays hidden while its ack is written; the write's end settles it.
  static constexpr std::int64_t kHoldMs = 3'600'000;
  // A move's is short, because a checkpoint in the middle of a move followed by a crash leaves the message
  // hidden for so long; a move that takes longer still keeps it from being handed out.
  static constexpr std::int64_t kMoveHoldMs = 30'000;

  Stream& stream_;
  Definition::Consumer definition_;
  LeaseTable leases_;
  ReadyKeys order_;                 // Used when config().ordered.
  std::unique_ptr<FairKeys> fair_;  // When config().fair.
  Attempts attempts_;
  Seq cursor_ = 0;
  std::list<Waiter> waiters_;  // Oldest first.
  std::unordered_map<FetchId, std::list<Waiter>::iterator> waiting_;
  std::unordered_map<FetchId, LeaseOp*> leasing_;
  std::unordered_set<Seq> burying_;  // On their way to another stream; bounded by the stream and the moves.
  std::size_t impatient_ = 0;        // Waiters that want an answer at once.
  TimerId timer_ = 0;
  std::int64_t timer_at_ms_ = 0;
  bool loading_ = false;
  bool pumping_ = false;
};

}  // namespace switchyard::stream
