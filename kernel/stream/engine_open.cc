// Engine: start-up, recovery and stop.
#include <future>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/stream/definition.h"
#include "kernel/stream/engine_impl.h"

namespace switchyard::stream {

Engine::Engine(journal::FileSystem& files, const Clock& clock, EngineOptions options)
    : impl_(std::make_unique<Impl>(files, clock, std::move(options))) {
  auto& shared = impl_->shared;
  shared.wall_base_ms = clock.wall_ms();
  shared.mono_base_ms = clock.mono_ms();
  shared.usage = [this](NamespaceId ns) { return usage(ns); };
  for (std::size_t i = 0; i < shared.options.lanes; ++i) {
    shared.lanes.push_back(std::make_unique<LaneEngine>(shared, i));
  }
}

Engine::~Engine() {
  if (impl_->shared.started) halt();
}

Status Engine::Impl::replay(const journal::Replayed& batch) {
  std::string_view rest = batch.payload;
  while (!rest.empty()) {
    const auto offset = static_cast<std::uint32_t>(batch.payload.size() - rest.size());
    ByteReader header(rest);
    header.u32();
    const std::uint64_t length = journal::kRecordHeaderBytes + std::uint64_t{header.u32()};
    std::string_view body;
    if (header.failed() || length > rest.size() || !journal::open_record(rest.substr(0, length), body) ||
        body.empty()) {
      return Error{Code::corrupt, "a record of batch " + std::to_string(batch.batch) + " is malformed"};
    }
    rest.remove_prefix(length);
    const auto type = static_cast<store::RecordType>(body[0]);
#ifdef SWITCHYARD_MUTANT_DROP_RECORD
    // Only in the mutant build that proves the crash checker: it loses messages at recovery.
    static std::uint64_t appends = 0;
    if (type == store::RecordType::append && ++appends % 97 == 0) continue;
#endif
    Status status;
    ByteReader reader(body.substr(1));
    if (type == store::RecordType::kv_put) {
      kv.replay_put(reader);
    } else if (type == store::RecordType::kv_erase) {
      kv.replay_erase(reader);
    } else if (type == store::RecordType::kv_erase_prefix) {
      kv.replay_erase_prefix(reader);
    } else {
      ByteReader id(body.substr(1));
      const journal::Place place{batch.segment, batch.payload_offset + offset, static_cast<std::uint32_t>(length)};
      status = lane(shared.owner(id.varint())).replay(type, body, place);
    }
    if (reader.failed()) status = Error{Code::corrupt, "a key-value record is malformed"};
    if (!status) return status;
  }
  return {};
}

Status Engine::Impl::check_live_segments(journal::RecoveryReport& report) {
  for (const auto& [segment, bytes] : shared.live_before_start) {
    if (segment == 0 || bytes <= 0) continue;
    const auto status = shared.journal->check_segment(segment);
    if (status) continue;
    if (status.code() != Code::corrupt) return status;
    std::string users;
    for (const auto& lane : shared.lanes) {
      if (auto more = lane->users_of(segment); !more.empty()) users += (users.empty() ? "" : ", ") + more;
    }
    journal::Damage damage;
    damage.segment = segment;
    damage.what = status.error().message + ", but holds live messages of " + users;
    if (shared.options.journal.on_damage == journal::OnDamage::refuse) {
      return Error{Code::corrupt, damage.what + "; restore " + shared.options.journal.directory +
                                      " from a copy, or set storage.on_damage: quarantine to start without them"};
    }
    log::error("journal.damage", {{"segment", segment}, {"reason", damage.what}});
    report.damage.push_back(std::move(damage));
  }
  return {};
}

Status Engine::open(journal::RecoveryReport& report) {
  auto& shared = impl_->shared;
  store::Options store_options;
  store_options.directory = shared.options.store_directory;
  auto opened = shared.options.open_store(store_options);
  if (!opened) return Error(opened.error());
  impl_->store = std::move(*opened);
  shared.store = impl_->store.get();

  for (const auto& lane : shared.lanes) {
    impl_->kv.watch(
        lane->index(), std::string(kDefinitionPrefix),
        [lane = lane.get()](std::string_view key, const store::KvEntry* entry) { lane->on_definition(key, entry); });
  }
  if (auto status = impl_->kv.load(*impl_->store); !status) return status;

  for (const auto kind : {ImageKind::meta, ImageKind::seq, ImageKind::lease, ImageKind::dedup}) {
    Status status;
    auto scanned = impl_->store->scan_now(
        std::string(1, static_cast<char>(kind)), [&](std::string_view key, std::string_view value) {
          ImageKind parsed{};
          StreamId id = 0;
          std::uint32_t consumer = 0;
          ChunkNo no = 0;
          if (!parse_image_key(key, parsed, id, consumer, no)) return true;
          status = shared.lanes[shared.owner(id)]->load_image(kind, id, consumer, no, value);
          return status.ok();
        });
    if (!scanned) return scanned;
    if (!status) return status;
  }
  for (const auto& lane : shared.lanes) {
    if (auto status = lane->images_loaded(); !status) return status;
  }

  journal::Position from;
  auto position = impl_->store->get_now(kPositionKey);
  if (!position && position.code() != Code::not_found) return Error(position.error());
  if (position && !decode_position(*position, from)) {
    return Error{Code::corrupt, "the checkpoint's journal position is malformed; run switchyard fsck"};
  }
  auto journal_options = shared.options.journal;
  journal_options.checkpoints = "store " + shared.options.store_directory;
  journal_options.checkpoint_lost = !position;
  auto journal = journal::Journal::open(
      impl_->files, journal_options, *shared.clock, from,
      [this](const journal::Replayed& batch) { return impl_->replay(batch); }, report);
  if (!journal) return Error(journal.error());
  if (!position) {
    // Before the first batch: a store without a position is from now on one that lost it.
    store::WriteSet first;
    first.put(std::string(kPositionKey), encode_position(from));
    if (auto status = impl_->store->write_now(first, true); !status) return status;
  }
  impl_->journal = std::move(*journal);
  shared.journal = impl_->journal.get();
  if (auto status = impl_->check_live_segments(report); !status) return status;
  for (const auto& [segment, bytes] : shared.live_before_start) shared.journal->add_live(segment, bytes);
  shared.live_before_start.clear();
  for (const auto& lane : shared.lanes) lane->recovered();
  return {};
}

void Engine::start(std::vector<Executor*> lanes) {
  auto& shared = impl_->shared;
  shared.executors = lanes;
  shared.started = true;
  impl_->store->start();
  std::vector<journal::Journal::Completed> completed;
  for (const auto& lane : shared.lanes) {
    lane->start(*lanes[lane->index()]);
    completed.push_back([log = &lane->log()](std::span<journal::Committed> batches) { log->on_committed(batches); });
  }
  impl_->kv.start(lanes, shared.lanes[0]->log());
  impl_->journal->start(lanes, std::move(completed));
  impl_->checkpointer = std::make_unique<Checkpointer>(shared, impl_->kv);
  lanes[0]->post([this] { impl_->checkpointer->start(); });
}

void Engine::stop() {
  std::promise<void> checkpointed;
  checkpoint([&] { checkpointed.set_value(); });
  checkpointed.get_future().wait();
  halt();
}

void Engine::halt() {
  if (!std::exchange(impl_->shared.started, false)) return;
  impl_->journal->stop();
  impl_->store->stop();
}

store::Kv& Engine::kv() { return impl_->kv; }
journal::Journal& Engine::journal() { return *impl_->journal; }
bool Engine::healthy() const { return impl_->journal && !impl_->journal->failed(); }

EngineStats Engine::stats() const {
  const auto& shared = impl_->shared;
  EngineStats stats;
  stats.checkpoints = shared.checkpoints;
  stats.cleaned_segments = shared.cleaned_segments;
  stats.moved_records = shared.moved_records;
  stats.streams = shared.streams;
  stats.messages = static_cast<std::uint64_t>(std::max<std::int64_t>(shared.messages, 0));
  stats.damaged_reads = shared.damaged_reads;
  return stats;
}

std::shared_ptr<NamespaceUsage> Engine::usage(NamespaceId ns) {
  const std::lock_guard lock(impl_->usage_mutex);
  auto& slot = impl_->usage[ns];
  if (!slot) slot = std::make_shared<NamespaceUsage>();
  return slot;
}

void Engine::forget_usage(NamespaceId ns) {
  const std::lock_guard lock(impl_->usage_mutex);
  impl_->usage.erase(ns);
}

void Engine::checkpoint(Task done) {
  impl_->shared.executors[0]->post([this, done = std::move(done)] { impl_->checkpointer->run(done); });
}

}  // namespace switchyard::stream
