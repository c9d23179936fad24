#include "kernel/stream/lane_engine.h"

#include <algorithm>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/stream/definition.h"

namespace switchyard::stream {
namespace {

constexpr std::int64_t kSweepMs = 1'000;
constexpr std::size_t kSweepStreams = 1'000;  // Per sweep: a bound on the turn, not on the number of streams.
constexpr std::size_t kImagesPerTurn = 64;
// An operation may need this many chunks at once (a fetch or ack of 256 messages).
constexpr std::size_t kMinResident = 512;

void append_be(std::string& out, std::uint64_t v, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v >> shift));
}

std::uint64_t read_be(std::string_view in) {
  std::uint64_t v = 0;
  for (const char c : in) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

}  // namespace

void Shared::add_live(std::uint32_t segment, std::int64_t bytes) {
  if (journal != nullptr) {
    journal->add_live(segment, bytes);
  } else {
    live_before_start[segment] += bytes;
  }
}

Status write_images(Shared& shared, const store::WriteSet& images) {
  if (shared.journal->failed()) return Error{Code::io, "the journal has failed; restart the server"};
  return shared.store->write_now(images, false);
}

std::string image_key(ImageKind kind, StreamId stream, std::uint32_t consumer, ChunkNo no) {
  std::string key(1, static_cast<char>(kind));
  append_be(key, stream, 8);
  append_be(key, consumer, 4);
  append_be(key, no, 8);
  return key;
}

bool parse_image_key(std::string_view key, ImageKind& kind, StreamId& stream, std::uint32_t& consumer, ChunkNo& no) {
  if (key.size() != 21) return false;
  kind = static_cast<ImageKind>(key[0]);
  stream = read_be(key.substr(1, 8));
  consumer = static_cast<std::uint32_t>(read_be(key.substr(9, 4)));
  no = read_be(key.substr(13, 8));
  return true;
}

LaneEngine::LaneEngine(Shared& shared, std::size_t index) : shared_(shared), index_(index) {}
LaneEngine::~LaneEngine() = default;

// ---- definitions -------------------------------------------------------------------------------

void LaneEngine::on_definition(std::string_view key, const store::KvEntry* entry) {
  const auto known = by_name_.find(std::string(key));
  if (entry == nullptr) {
    if (known == by_name_.end()) return;
    const auto id = known->second->id;
    by_name_.erase(known);
    undefine(id);
    return;
  }
  auto decoded = decode_definition(key, *entry);
  if (!decoded) {
    log::error("stream.definition_unreadable", {{"why", decoded.error().message}});
    return;
  }
  // The name may have been removed and made again between two images.
  if (known != by_name_.end() && known->second->id != (*decoded)->id) undefine(known->second->id);
  by_name_[std::string(key)] = *decoded;
  define(std::move(*decoded));
}

void LaneEngine::define(DefinitionPtr definition) {
  const auto id = definition->id;
  definitions_[id] = definition;
  if (shared_.owner(id) != index_) return;
  auto& slot = streams_[id];
  if (slot) {
    slot->redefine(std::move(definition));
    return;
  }
  slot = std::make_unique<Stream>(*this, std::move(definition));
  shared_.streams.fetch_add(1, std::memory_order_relaxed);
}

void LaneEngine::undefine(StreamId id) {
  definitions_.erase(id);
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;
  auto stream = std::move(it->second);
  streams_.erase(it);
  shared_.streams.fetch_sub(1, std::memory_order_relaxed);
  erased_.push_back(id);
  if (!stream->close()) graveyard_[stream.get()] = std::move(stream);
}

void LaneEngine::bury(Stream* stream) {
  // Its last operation is on the stack: let it return first.
  executor_->post([this, stream] { graveyard_.erase(stream); });
}

DefinitionPtr LaneEngine::find(NamespaceId ns, std::string_view name) const {
  write_definition_key(wanted_, ns, name);
  const auto it = by_name_.find(wanted_);
  return it == by_name_.end() ? nullptr : it->second;
}

DefinitionPtr LaneEngine::get(StreamId id) const {
  const auto it = definitions_.find(id);
  return it == definitions_.end() ? nullptr : it->second;
}

// ---- start-up ----------------------------------------------------------------------------------

Status LaneEngine::load_image(ImageKind kind, StreamId id, std::uint32_t consumer, ChunkNo no, std::string_view image) {
  auto* s = stream(id);
  if (s == nullptr) {
    // Removed, and the process ended before its images were erased.
    if (erased_.empty() || erased_.back() != id) erased_.push_back(id);
    return {};
  }
  return s->load_image(kind, consumer, no, image);
}

Status LaneEngine::images_loaded() {
  for (const auto& [id, s] : streams_) {
    if (auto status = s->images_loaded(); !status) return status;
  }
  return {};
}

Status LaneEngine::replay(store::RecordType type, std::string_view body, const journal::Place& place) {
  constexpr auto malformed = "a journal record passed its checksum but cannot be decoded; run switchyard fsck";
  if (type == store::RecordType::append) {
    MessageRecord message;
    if (!decode_message(body, message)) return Error{Code::corrupt, malformed};
    auto* s = stream(message.stream);
    return s != nullptr ? s->replay_append(message, place) : Status();
  }
  ControlRecord record;
  if (!decode_control(body, record)) return Error{Code::corrupt, malformed};
  auto* s = stream(record.stream);
  return s != nullptr ? s->replay_control(type, record) : Status();
}

void LaneEngine::recovered() {
  for (const auto& [id, s] : streams_) {
    s->recovered();
    s->evict(kMinResident);
  }
  graveyard_.clear();
}

std::string LaneEngine::users_of(std::uint32_t segment) const {
  std::string users;
  for (const auto& [id, s] : streams_) {
    std::uint64_t bytes = 0;
    s->index().each_segment([&](std::uint32_t each, std::uint64_t n) { bytes += each == segment ? n : 0; });
    if (bytes == 0) continue;
    users += (users.empty() ? "stream '" : ", stream '") + s->definition().name + "' of namespace " +
             std::to_string(s->definition().ns) + " (" + std::to_string(bytes) + " bytes)";
  }
  return users;
}

void LaneEngine::start(Executor& executor) {
  executor_ = &executor;
  log_ = std::make_unique<store::LaneLog>(*shared_.journal, executor, shared_.options.journal.max_batch_bytes);
  reader_ = shared_.journal->make_reader(executor, shared_.options.tail_cache_bytes);
  log_->set_reader(reader_.get());
  executor.post([this] { sweep(); });
}

// ---- for streams -------------------------------------------------------------------------------

TimerId LaneEngine::call_at(std::int64_t at_ms, Task task) {
  return executor_->call_at(at_ms - shared_.wall_base_ms + shared_.mono_base_ms, std::move(task));
}

void LaneEngine::load_chunk(ImageKind kind, StreamId id, std::uint32_t consumer, ChunkNo no, Loaded done) {
  if (auto* s = stream(id); s != nullptr && s->resident_chunks() > 2 * kMinResident) s->evict(kMinResident);
  shared_.store->get(image_key(kind, id, consumer, no), *executor_, std::move(done));
}

Result<std::string> LaneEngine::load_chunk_now(ImageKind kind, StreamId id, std::uint32_t consumer, ChunkNo no) {
  return shared_.store->get_now(image_key(kind, id, consumer, no));
}

MessageId LaneEngine::message_id(StreamId id, Seq seq) const {
  char input[17];
  input[0] = 'i';
  std::memcpy(input + 1, &id, 8);
  std::memcpy(input + 9, &seq, 8);
  const auto [low, high] = siphash128(shared_.options.secret, {input, sizeof input});
  MessageId out;
  std::memcpy(out.data(), &low, 8);
  std::memcpy(out.data() + 8, &high, 8);
  out[6] = static_cast<std::uint8_t>((out[6] & 0x0f) | 0x40);  // The shape of a random UUID.
  out[8] = static_cast<std::uint8_t>((out[8] & 0x3f) | 0x80);
  return out;
}

Hash128 LaneEngine::dedup_hash(std::string_view scope, std::string_view id) const {
  std::string input(1, 'd');
  ByteWriter w(input);
  w.string(scope);
  w.bytes(id);
  const auto [low, high] = siphash128(shared_.options.secret, input);
  return {low, high};
}

void LaneEngine::move(Move move, VoidDone done) {
  const auto owner = shared_.owner(move.target);
  auto& target = *shared_.lanes[owner];
  auto run = [&target, source_lane = executor_, move = std::move(move), done = std::move(done)] {
    const auto answer = [source_lane, done](const Status& status) {
      source_lane->post([done, status] { done(status); });
    };
    auto* s = target.stream(move.target);
    MessageRecord message;
    if (s == nullptr) {
      answer(Error{Code::not_found, "the stream that the message was to move to was removed"});
    } else if (!decode_message(move.record.body, message) || message.stream != move.from.stream ||
               message.seq != move.from.seq) {
      answer(Error{Code::corrupt, "the record is not this message"});
    } else {
      s->append_moved(message, move.from, answer);
    }
  };
  // Also on the same lane: a move ends later, never from inside the call.
  shared_.executors[owner]->post(std::move(run));
}

void LaneEngine::cancel_fetch(FetchId id) {
  const auto it = fetches_.find(id);
  if (it == fetches_.end()) return;
  const auto [stream_id, number] = it->second;
  if (auto* s = stream(stream_id)) {
    if (auto* c = s->consumer(number)) c->cancel(id);
  }
}

// Retention for streams that nobody touches.
void LaneEngine::sweep() {
  if (sweep_queue_.empty()) {
    for (const auto& [id, s] : streams_) sweep_queue_.push_back(id);
  }
  for (std::size_t n = 0; n < kSweepStreams && !sweep_queue_.empty(); ++n) {
    if (auto* s = stream(sweep_queue_.back())) s->enforce_retention();
    sweep_queue_.pop_back();
  }
  call_at(now_ms() + kSweepMs, [this] { sweep(); });
}

// ---- checkpoint and cleaning -------------------------------------------------------------------

void LaneEngine::end_effect(std::size_t round) {
  if (--effects_[round] == 0 && round != round_ && effects_ended_) executor_->post(std::exchange(effects_ended_, {}));
}

void LaneEngine::collect(CollectDone done) {
  const auto round = std::exchange(round_, 1 - round_);
  if (effects_[round] == 0) {
    collect_images(std::move(done));
  } else {
    effects_ended_ = [this, done = std::move(done)] { collect_images(done); };
  }
}

void LaneEngine::collect_images(CollectDone done) {
  auto run = std::make_shared<Collected>();
  run->streams.assign(dirty_.begin(), dirty_.end());
  dirty_.clear();
  for (const auto id : std::exchange(erased_, {})) {
    shared_.store->run([store = shared_.store, id] {
      for (const auto kind : {ImageKind::seq, ImageKind::lease, ImageKind::dedup, ImageKind::meta}) {
        auto status = store->erase_prefix_now(image_key(kind, id, 0, 0).substr(0, 9));
        if (!status) log::warn("store.erase_failed", {{"why", status.error().message}});
      }
    });
  }
  collect_step(std::move(run), 0, std::move(done));
}

void LaneEngine::collect_step(std::shared_ptr<Collected> run, std::size_t next, CollectDone done) {
  const auto before = run->writes.size();
  if (!run->status) next = run->streams.size();
  while (next < run->streams.size() && run->writes.size() - before < kImagesPerTurn) {
    auto* s = stream(run->streams[next]);
    const bool more = s != nullptr && s->collect_dirty(kImagesPerTurn, run->writes, run->written);
    if (!more) ++next;
  }
  if (next < run->streams.size()) {
    Task go_on = [this, run, next, done = std::move(done)] { collect_step(run, next, done); };
    if (run->writes.bytes() < shared_.options.checkpoint_piece_bytes) {
      executor_->post(std::move(go_on));
    } else {
      write_piece(std::move(run), std::move(go_on));
    }
    return;
  }
  // Images may hold what is submitted but not yet durable; they are written after it is.
  log_->barrier([run = std::move(run), done = std::move(done)] { done(run); });
}

void LaneEngine::write_piece(std::shared_ptr<Collected> run, Task after) {
  log_->barrier([this, run = std::move(run), after = std::move(after)] {
    shared_.store->run([this, run, after] {
      run->status = write_images(shared_, std::exchange(run->writes, {}));
      executor_->post(after);
    });
  });
}

void LaneEngine::collected(const Collected& run, bool written) {
  for (const auto id : run.streams) {
    auto* s = stream(id);
    if (s == nullptr) continue;
    if (!written) {
      s->collect_failed();
      dirty_.insert(id);  // Also a stream that was not asked any more.
    }
  }
  if (!written) return;
  for (const auto& task : run.written) task();
  const auto share = shared_.options.resident_chunks / std::max<std::size_t>(run.streams.size(), 1);
  for (const auto id : run.streams) {
    if (auto* s = stream(id)) s->evict(std::max<std::size_t>(share, 8));
  }
}

void LaneEngine::still_live(std::vector<Candidate> candidates, std::function<void(std::vector<Candidate>)> done) {
  auto live = std::make_shared<std::vector<Candidate>>();
  auto left = std::make_shared<std::size_t>(1);
  auto finish = [left, live, done = std::move(done)] {
    if (--*left == 0) done(std::move(*live));
  };
  for (std::size_t i = 0; i < candidates.size();) {
    const auto id = candidates[i].stream;
    std::vector<std::pair<Seq, journal::Place>> records;
    for (; i < candidates.size() && candidates[i].stream == id; ++i) {
      records.emplace_back(candidates[i].seq, candidates[i].place);
    }
    auto* s = stream(id);
    if (s == nullptr) continue;
    ++*left;
    s->still_live(std::move(records), [id, live, finish](std::vector<std::pair<Seq, journal::Place>> kept) {
      for (const auto& [seq, place] : kept) live->push_back({id, seq, place});
      finish();
    });
  }
  finish();
}

void LaneEngine::relocate(const std::vector<std::pair<Candidate, journal::Place>>& moves, const Task& done) {
  auto left = std::make_shared<std::size_t>(1);
  const Task finish = [left, done] {
    if (--*left == 0) done();
  };
  for (const auto& [from, to] : moves) {
    auto* s = stream(from.stream);
    if (s == nullptr) continue;
    ++*left;
    s->relocate(from.seq, from.place, to, finish);
  }
  finish();
}

}  // namespace switchyard::stream
