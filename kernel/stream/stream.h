// Stream is one ordered log of messages with its consumers, on its lane.
//
// Messages get their sequence when they are submitted and become visible when they are durable.
// Leases and visibility changes take effect when they are submitted (nobody else may choose the
// message meanwhile) and are answered when durable; acks remove when durable.
//
// An operation that meets a spilled chunk waits for it (page_in) and runs again; the chunk stays
// resident long enough because loads and their retries run in one turn.
//
// Failure: each completion carries the refusal; a removed stream ends everything that waits with
// Code::not_found.
//
// Thread: its lane; replay and load_* during open() only.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "kernel/store/record.h"
#include "kernel/store/store.h"
#include "kernel/stream/consumer.h"
#include "kernel/stream/dedup_window.h"
#include "kernel/stream/key_index.h"
#include "kernel/stream/records.h"
#include "kernel/stream/seq_index.h"
#include "kernel/stream/types.h"

namespace switchyard::stream {

class LaneEngine;
struct ReadRun;
enum class ImageKind : char;

class Stream {
 public:
  Stream(LaneEngine& lane, DefinitionPtr definition);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const Definition& definition() const { return *definition_; }
  DefinitionPtr definition_ptr() const { return definition_; }
  StreamId id() const { return definition_->id; }
  void redefine(DefinitionPtr definition);
  // The stream is gone: every waiting caller is told.  True when nothing is in flight any more.
  bool close();

  // ---- messages; see Engine ----
  Status append(std::span<const MessageIn> messages, bool all_or_nothing, AppendDone done);
  // A message of another stream arrives: its ack there rides in the same batch.
  struct MovedFrom {
    StreamId stream = 0;
    std::uint32_t consumer = 0;
    Seq seq = 0;
    std::string name;
    bool as_new = false;   // New id and time; where it came from is forgotten.
    bool restamp = false;  // Its time is that of the move.
  };
  void append_moved(const MessageRecord& message, const MovedFrom& from, VoidDone done);
  Status ack(std::string_view consumer, std::vector<Token> tokens, bool strict, TokensDone done);
  Status extend(std::string_view consumer, std::vector<Token> tokens, std::vector<std::uint32_t> after_ms, bool strict,
                TokensDone done);
  void read(Seq from, std::uint32_t max, std::string filter, FetchDone done);
  void read_last(std::string filter, std::string after, std::uint32_t max, FetchDone done);
  void purge(VoidDone done);
  Status state(std::string_view consumer, StateDone done);
  Consumer* consumer(std::string_view name);
  Consumer* consumer(std::uint32_t number);

  // ---- start-up ----
  Status load_image(ImageKind kind, std::uint32_t consumer, ChunkNo no, std::string_view image);
  Status images_loaded();
  Status replay_append(const MessageRecord& message, const journal::Place& place);
  Status replay_control(store::RecordType type, const ControlRecord& record);
  void recovered();

  // ---- for consumers and the lane ----
  LaneEngine& lane() { return lane_; }
  const SeqIndex& index() const { return index_; }
  KeyIndex* keys() { return keys_.get(); }
  // Runs `task` with success when the chunk is in memory, or with why it cannot be.
  using Paged = std::function<void(const Status&)>;
  void page_in(ImageKind kind, std::uint32_t consumer, ChunkNo no, Paged task);
  // Pages in the chunks of all these sequences (places and, with a consumer, leases), then runs `task`, now or later.
  void with_resident(std::vector<Seq> seqs, std::uint32_t consumer, Paged task);
  // page_in() at once, from the store: during start-up only.
  Status ensure_now(ImageKind kind, std::uint32_t consumer, Seq seq);
  // Reads records and calls `done`, now or later; damaged ones are left out and named in the log.
  struct Wanted {
    Seq seq = 0;
    std::uint32_t attempt = 0;
    std::int64_t first_ms = 0;
    journal::Place place;
    std::int64_t delivered_ms = 0;
  };
  void read_records(std::vector<Wanted> wanted, FetchDone done);
  // The message leaves without being delivered (too old, too many attempts).
  void discard(Consumer& consumer, Seq seq);
  // To another stream, in this order; REQUIRES: held.  `done`, when there is one, is told how many arrived.
  struct Leaving {
    Seq seq = 0;
    journal::Place place;
  };
  void move_out(Consumer& consumer, std::vector<Leaving> leaving, const MoveRequest& request, MoveDone done);
  // Moves that are under way: a bound for bursts of dead letters.
  std::size_t moving() const { return moving_; }
  void moved_out(std::uint32_t consumer, Seq seq, const Status& status);
  void write_release(Consumer& consumer, const std::vector<LeaseChange>& changes);
  // Refused messages by age, checked where a message would be handed out.
  bool expired(const SeqIndex::Entry& entry, std::int64_t now_ms) const;
  // Drops what limits no longer allow; cheap when there is nothing.
  void enforce_retention();
  void begin_op() { ++in_flight_; }
  void end_op();
  bool closed() const { return closed_; }
  void changed();

  // Up to `max` images of each index; true when there are more.  `written` gets what to call on this
  // lane once they are in the store.
  bool collect_dirty(std::size_t max, store::WriteSet& out, std::vector<std::function<void()>>& written);
  // What was collected did not reach the store: it comes out again.
  void collect_failed();
  void evict(std::size_t keep);
  std::size_t resident_chunks() const;
  // Cleaning: is this record still the message's?  Calls back with the ones that are, chunks paged in.
  void still_live(std::vector<std::pair<Seq, journal::Place>> records,
                  std::function<void(std::vector<std::pair<Seq, journal::Place>>)> done);
  void relocate(Seq seq, const journal::Place& from, const journal::Place& to, const Task& done);

 private:
  class AppendOp;
  class MovedOp;
  class TokensOp;
  class DropOp;
  struct Arrival;
  struct MoveRun;
  struct Ahead {  // Messages of the same call that come before.
    std::uint64_t messages = 0, bytes = 0;
  };
  Status check(const MessageIn& message, const Ahead& ahead) const;
  Status check_all(std::span<const MessageIn> messages, std::int64_t now_ms) const;
  bool has_dedup(const MessageIn& message) const { return dedup_ && !message.dedup_id.empty(); }
  KeyId index_key(std::string_view key);
  Hash128 dedup_hash(const MessageIn& message) const;
  void admit(const MessageIn& message, std::int64_t now_ms, bool must_check, AppendOp& op);
  void trim(KeyId key);
  void arrived(const Arrival& arrival, std::uint32_t segment, std::uint32_t base);
  void refused(const Arrival& arrival);
  void pump_consumers();
  void add_live(const journal::Place& place, int sign);
  void remove_live(Seq seq);
  void drop(Seq upto, VoidDone done);
  void apply_drop(Seq upto, VoidDone done);
  void write_ack(std::uint32_t consumer, std::span<const Seq> seqs, std::unique_ptr<TokensOp> op);
  void apply_ack(std::uint32_t consumer, Seq seq);
  void paged(ImageKind kind, std::uint32_t consumer, ChunkNo no, Result<std::string> image);
  Status install(ImageKind kind, std::uint32_t consumer, ChunkNo no, std::string_view image);
  void read_missing(std::shared_ptr<ReadRun> run, std::vector<std::size_t> missing);
  void find_again(std::shared_ptr<ReadRun> run);
  void collect_read(Seq from, std::uint32_t max, std::string filter, std::vector<Wanted> got, FetchDone done);
  void read_seqs(std::vector<Seq> seqs, FetchDone done);
  void send_moved(const std::shared_ptr<MoveRun>& run, std::size_t index, Result<journal::RecordRef> record);
  Result<StreamId> target_of(const MoveRun& run, std::string_view record) const;
  std::string encode_meta() const;

  LaneEngine& lane_;
  DefinitionPtr definition_;
  std::shared_ptr<NamespaceUsage> usage_;
  std::unique_ptr<KeyIndex> keys_;  // Before index_, which uses it.
  SeqIndex index_;
  std::unique_ptr<DedupWindow> dedup_;
  std::unordered_set<Seq> trimming_;  // Beyond max_per_key, their removal being written.
  std::vector<std::unique_ptr<Consumer>> consumers_;
  Seq next_seq_ = 1;  // Of the next submitted message.
  std::map<std::tuple<ImageKind, std::uint32_t, ChunkNo>, std::vector<Paged>> loads_;
  std::uint32_t in_flight_ = 0;  // Operations in the log that point here.
  std::size_t moving_ = 0;
  bool closed_ = false;
  bool dropping_ = false;
  bool meta_dirty_ = false;
  bool marked_ = false;  // In the lane's list of streams with changes.
};

}  // namespace switchyard::stream
