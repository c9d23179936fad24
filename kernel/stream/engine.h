// Engine is the stream room's face: definitions, messages, recovery, checkpoints and cleaning.
//
// A stream lives on the lane `id mod lanes`.  Every call names the lane it is made on; when that is
// not the stream's lane the engine copies the arguments over and the answer back, so callers never
// care.  Definitions are key-value records, therefore known on every lane.
//
// Start-up: construct, open() (store images, then journal replay), start() once the lanes run.
//
// Failure: each call answers with a Status whose sentence names the object and the limit; a failed
// disk turns appends and acks into Code::io (design rule 10) and healthy() false.
//
// Thread: calls on the lane they name; what differs says so.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/executor.h"
#include "kernel/base/siphash.h"
#include "kernel/journal/journal.h"
#include "kernel/store/kv.h"
#include "kernel/store/store.h"
#include "kernel/stream/types.h"

namespace switchyard::stream {

class Stream;

struct EngineOptions {
  journal::Options journal;
  std::string store_directory;
  std::size_t lanes = 1;
  std::uint32_t checkpoint_interval_ms = 5'000;
  std::uint64_t checkpoint_bytes = 256u << 20;  // Journal bytes between checkpoints at most.
  // A checkpoint's images go to the store in pieces of this size: it is what a lane holds of them at a time.
  std::size_t checkpoint_piece_bytes = 1u << 20;
  std::size_t tail_cache_bytes = 16u << 20;  // Per lane.
  std::size_t resident_chunks = 4'096;       // Per lane, over all streams; beyond it clean chunks leave memory.
  std::size_t max_dedup_ids = 1u << 20;      // Per stream.
  std::uint32_t max_leased = 120'000;        // Per consumer, when its own bound is 0.
  SipKey secret{};                           // Of the data folder: message ids and dedup hashes.
  // The seam for tests of failing and forgetful stores.
  std::function<Result<std::unique_ptr<store::Store>>(const store::Options&)> open_store = store::Store::open;
};

struct EngineStats {
  std::uint64_t checkpoints = 0;
  std::uint64_t cleaned_segments = 0, moved_records = 0;
  std::uint64_t streams = 0, messages = 0;
  std::uint64_t damaged_reads = 0;
};

class Engine {
 public:
  Engine(journal::FileSystem& files, const Clock& clock, EngineOptions options);
  ~Engine();

  // ---- life cycle [control] ----
  // Loads images and replays the journal.  `report` says what was found; its text goes to the log.
  Status open(journal::RecoveryReport& report);
  // Begins to serve.  `lanes` outlive the engine's stop().
  void start(std::vector<Executor*> lanes);
  // Checkpoints, commits and stops the journal.  The lanes must still run; afterwards no callback of
  // the engine follows.  Blocks until done.
  void stop();
  // Stops without a checkpoint; the lanes may have stopped already.  Everything acknowledged is durable.
  void halt();
  store::Kv& kv();
  journal::Journal& journal();
  bool healthy() const;       // [any] False after a failed sync.
  EngineStats stats() const;  // [any]
  // [any] The namespace's byte counter; made on first use, kept until forgotten or the engine ends.
  std::shared_ptr<NamespaceUsage> usage(NamespaceId ns);
  // [any] After a namespace was deleted: streams that are still going keep theirs, nothing else does.
  void forget_usage(NamespaceId ns);
  // [any] Starts a checkpoint now, also without a timer (tests, shutdown); `done` on lane 0.
  void checkpoint(Task done);

  // ---- definitions ----
  // Code::exists with the present definition when the name is taken.
  void create(std::size_t lane, NamespaceId ns, std::uint16_t shard, std::string_view name, const StreamConfig& config,
              std::vector<ConsumerConfig> consumers, std::string blob, DefinitionDone done);
  // expect_version 0 = whatever it is; otherwise Code::conflict when it differs.
  void update(std::size_t lane, StreamId id, std::uint64_t expect_version, const StreamConfig& config,
              std::vector<ConsumerConfig> consumers, std::string blob, DefinitionDone done);
  void remove(std::size_t lane, StreamId id, VoidDone done);
  // From this lane's copy; null when there is none.
  DefinitionPtr find(std::size_t lane, NamespaceId ns, std::string_view name) const;
  DefinitionPtr get(std::size_t lane, StreamId id) const;
  // Names that start with `prefix` and are greater than `after`, in byte order, until false.
  void list(std::size_t lane, NamespaceId ns, std::string_view prefix, std::string_view after,
            const std::function<bool(const DefinitionPtr&)>& visit) const;

  // ---- messages ----
  // Arguments are copied before the call returns.  An error returned here means `done` never runs.
  Status append(std::size_t lane, StreamId id, std::span<const MessageIn> messages, bool all_or_nothing,
                AppendDone done);
  Result<FetchId> fetch(std::size_t lane, StreamId id, std::string_view consumer, const FetchRequest& request,
                        FetchDone done);
  // The fetch ends with Code::cancelled; what it had just leased goes back uncounted.
  void cancel_fetch(std::size_t lane, FetchId fetch);
  // Up to request.max (1 to 256) messages that could be delivered now leave for another stream of the same
  // namespace; each arrives there and leaves here in one batch.  `done` when all are durable.
  Status move(std::size_t lane, StreamId id, std::string_view consumer, const MoveRequest& request, MoveDone done);
  Status ack(std::size_t lane, StreamId id, std::string_view consumer, std::span<const Token> tokens, bool strict,
             TokensDone done);
  // One delay per token: when the message becomes visible again, from now.
  Status extend(std::size_t lane, StreamId id, std::string_view consumer, std::span<const Token> tokens,
                std::span<const std::uint32_t> after_ms, bool strict, TokensDone done);
  // Live messages with seq >= from whose key matches `filter` (empty = all); no lease, changes nothing.
  Status read(std::size_t lane, StreamId id, Seq from, std::uint32_t max, std::string_view filter, FetchDone done);
  // Last live message of each key that matches `filter`, in key order, for keys greater than `after`.
  Status read_last(std::size_t lane, StreamId id, std::string_view filter, std::string_view after, std::uint32_t max,
                   FetchDone done);
  Status purge(std::size_t lane, StreamId id, VoidDone done);
  Status state(std::size_t lane, StreamId id, std::string_view consumer, StateDone done);

 private:
  Status on_stream(std::size_t lane, StreamId id, FetchDone done, std::function<void(Stream&, FetchDone)> call);
  FetchDone carry(std::size_t lane, StreamId id, FetchDone done);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::stream
