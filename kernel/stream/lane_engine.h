// LaneEngine is one lane's part of the engine: the streams that live here, this lane's copy of all
// definitions, its log, reader, chunk loads and timers.
//
// Shared holds what all lanes point at.  Streams reach the disk, time and each other only through
// this class.
//
// Failure: a chunk that cannot be loaded fails the operations that wait for it with the store's text.
//
// Thread: its lane; during open() the control thread.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/store/lane_log.h"
#include "kernel/stream/engine.h"
#include "kernel/stream/records.h"
#include "kernel/stream/stream.h"

namespace switchyard::stream {

struct Shared {
  EngineOptions options;
  const Clock* clock = nullptr;
  journal::Journal* journal = nullptr;
  store::Store* store = nullptr;
  std::vector<Executor*> executors;
  std::vector<std::unique_ptr<LaneEngine>> lanes;
  std::function<std::shared_ptr<NamespaceUsage>(NamespaceId)> usage;
  std::map<std::uint32_t, std::int64_t> live_before_start;  // Until the journal is there to count.
  bool started = false;
  std::atomic<std::uint64_t> checkpoints{0}, cleaned_segments{0}, moved_records{0}, streams{0}, damaged_reads{0};
  std::atomic<std::int64_t> messages{0};
  std::int64_t wall_base_ms = 0, mono_base_ms = 0;

  // Unix time that never steps back while the process lives: leases and delays must not all end
  // because somebody set the clock.
  std::int64_t now_ms() const { return wall_base_ms + (clock->mono_ms() - mono_base_ms); }
  void add_live(std::uint32_t segment, std::int64_t bytes);
  std::size_t owner(StreamId id) const { return id % options.lanes; }
};

// Images may hold what was submitted when they were taken; after a failed sync nobody knows what became of it.
// Store thread.
Status write_images(Shared& shared, const store::WriteSet& images);

// Which index an image belongs to: the first byte of its key in the store.
enum class ImageKind : char { seq = 'c', lease = 'l', dedup = 'd', meta = 'm' };
std::string image_key(ImageKind kind, StreamId stream, std::uint32_t consumer, ChunkNo no);
// Splits such a key; false if it is not one.
bool parse_image_key(std::string_view key, ImageKind& kind, StreamId& stream, std::uint32_t& consumer, ChunkNo& no);

class LaneEngine {
 public:
  LaneEngine(Shared& shared, std::size_t index);
  ~LaneEngine();

  // ---- start-up ----
  void on_definition(std::string_view key, const store::KvEntry* entry);
  Status load_image(ImageKind kind, StreamId stream, std::uint32_t consumer, ChunkNo no, std::string_view image);
  Status images_loaded();
  Status replay(store::RecordType type, std::string_view body, const journal::Place& place);
  void recovered();
  // The streams with live records in a segment, in words for an operator; empty when there are none.
  std::string users_of(std::uint32_t segment) const;
  void start(Executor& executor);

  // ---- definitions ----
  DefinitionPtr find(NamespaceId ns, std::string_view name) const;
  DefinitionPtr get(StreamId id) const;
  Stream* stream(StreamId id) {
    const auto it = streams_.find(id);
    return it == streams_.end() ? nullptr : it->second.get();
  }

  // ---- for streams ----
  Shared& shared() { return shared_; }
  std::size_t index() const { return index_; }
  store::LaneLog& log() { return *log_; }
  journal::Reader& reader() { return *reader_; }
  Executor& executor() { return *executor_; }
  std::int64_t now_ms() const { return shared_.now_ms(); }
  // Runs `task` on this lane at now_ms() >= at_ms.
  TimerId call_at(std::int64_t at_ms, Task task);
  // Later on this lane, never from inside the call.
  void defer(Task task) { executor_->post(std::move(task)); }
  using Loaded = std::function<void(Result<std::string>)>;
  void load_chunk(ImageKind kind, StreamId stream, std::uint32_t consumer, ChunkNo no, Loaded done);
  Result<std::string> load_chunk_now(ImageKind kind, StreamId stream, std::uint32_t consumer, ChunkNo no);
  MessageId message_id(StreamId stream, Seq seq) const;
  Hash128 dedup_hash(std::string_view scope, std::string_view id) const;
  // What is durable and waits for a chunk before the indexes show it: a checkpoint waits for it in turn,
  // because the records that say it lie before the checkpoint's position.
  std::size_t begin_effect() {
    ++effects_[round_];
    return round_;
  }
  void end_effect(std::size_t round);
  // A stream with changes since its last images.
  void mark_dirty(StreamId id) { dirty_.insert(id); }
  // A removed stream whose last operation has completed.
  void bury(Stream* stream);

  // Moves a message to another stream: one batch holds its arrival there and its ack here.  `done`
  // runs on this lane.
  struct Move {
    StreamId target = 0;
    Stream::MovedFrom from;
    journal::RecordRef record;
  };
  void move(Move move, VoidDone done);

  // ---- waiting fetches ----
  void remember_fetch(FetchId id, StreamId stream, std::uint32_t consumer) { fetches_[id] = {stream, consumer}; }
  void forget_fetch(FetchId id) { fetches_.erase(id); }
  void cancel_fetch(FetchId id);

  // ---- checkpoint and cleaning ----
  // Collects every changed image of this lane over some turns and writes them in pieces; then calls `done` with
  // the last piece, once everything submitted before is durable.
  struct Collected {
    Status status;           // Of the pieces.
    store::WriteSet writes;  // What is left to write.
    std::vector<StreamId> streams;
    std::vector<std::function<void()>> written;
  };
  using CollectDone = std::function<void(std::shared_ptr<Collected>)>;
  void collect(CollectDone done);
  // What became of the writes of collect().
  void collected(const Collected& run, bool written);
  // Of these records, those whose messages are still live at that place.
  struct Candidate {
    StreamId stream = 0;
    Seq seq = 0;
    journal::Place place;
  };
  void still_live(std::vector<Candidate> candidates, std::function<void(std::vector<Candidate>)> done);
  // `done` when every message that is still there has its new place, also those whose chunk had to be read.
  void relocate(const std::vector<std::pair<Candidate, journal::Place>>& moves, const Task& done);

 private:
  void collect_images(CollectDone done);
  void collect_step(std::shared_ptr<Collected> run, std::size_t next, CollectDone done);
  void write_piece(std::shared_ptr<Collected> run, Task after);
  void define(DefinitionPtr definition);
  void undefine(StreamId id);
  void sweep();

  Shared& shared_;
  const std::size_t index_;
  Executor* executor_ = nullptr;
  std::unique_ptr<store::LaneLog> log_;
  std::unique_ptr<journal::Reader> reader_;
  std::unordered_map<StreamId, std::unique_ptr<Stream>> streams_;
  std::unordered_map<const Stream*, std::unique_ptr<Stream>> graveyard_;
  std::unordered_map<StreamId, DefinitionPtr> definitions_;
  std::unordered_map<std::string, DefinitionPtr> by_name_;
  mutable std::string wanted_;  // The key that find() looks for.
  std::unordered_map<FetchId, std::pair<StreamId, std::uint32_t>> fetches_;
  std::set<StreamId> dirty_;
  // Effects under way, by the parity of the checkpoint they must be in; one checkpoint runs at a time.
  std::array<std::size_t, 2> effects_{};
  std::size_t round_ = 0;
  Task effects_ended_;                 // Of a checkpoint that waits for those of its round.
  std::vector<StreamId> erased_;       // Removed streams whose images are still in the store.
  std::vector<StreamId> sweep_queue_;  // Retention: what is left of the present round.
};

}  // namespace switchyard::stream
