// Stream: chunks in and out of memory, images for checkpoints, places moved by cleaning.
#include <algorithm>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream.h"

namespace switchyard::stream {

void Stream::page_in(ImageKind kind, std::uint32_t consumer, ChunkNo no, Paged task) {
  const auto key = std::tuple{kind, consumer, no};
  auto& waiting = loads_[key];
  waiting.push_back(std::move(task));
  if (waiting.size() > 1) return;
  auto* lane = &lane_;
  const auto stream_id = id();
  lane_.load_chunk(kind, stream_id, consumer, no, [lane, stream_id, kind, consumer, no](Result<std::string> image) {
    if (auto* self = lane->stream(stream_id)) self->paged(kind, consumer, no, std::move(image));
  });
}

void Stream::paged(ImageKind kind, std::uint32_t consumer, ChunkNo no, Result<std::string> image) {
  Status status = image ? install(kind, consumer, no, *image) : Status(Error(image.error()));
  if (!status) {
    log::error("stream.chunk_unreadable",
               {{"stream", definition_->name}, {"chunk", no}, {"why", status.error().message}});
  }
  const auto it = loads_.find(std::tuple{kind, consumer, no});
  if (it == loads_.end()) return;
  const auto tasks = std::move(it->second);
  loads_.erase(it);
  begin_op();  // A task may end the last operation of a stream that is being removed.
  for (const auto& task : tasks) task(status);
  end_op();
}

Status Stream::install(ImageKind kind, std::uint32_t number, ChunkNo no, std::string_view image) {
  if (kind == ImageKind::seq) return index_.install(no, image);
  auto* c = consumer(number);
  return c != nullptr ? c->leases().install(no, image) : Status();
}

void Stream::with_resident(std::vector<Seq> seqs, std::uint32_t number, Paged task) {
  auto* c = number == 0 ? nullptr : consumer(number);
  for (const auto seq : seqs) {
    const bool places = index_.resident(seq);
    if (places && (c == nullptr || c->leases().resident(seq))) continue;
    page_in(places ? ImageKind::lease : ImageKind::seq, places ? number : 0, chunk_of(seq),
            [this, seqs, number, task = std::move(task)](const Status& status) {
              if (status) {
                with_resident(seqs, number, task);
              } else {
                task(status);
              }
            });
    return;
  }
  task(Status());
}

Status Stream::ensure_now(ImageKind kind, std::uint32_t number, Seq seq) {
  auto* c = kind == ImageKind::lease ? consumer(number) : nullptr;
  if (kind == ImageKind::seq ? index_.resident(seq) : (c == nullptr || c->leases().resident(seq))) return {};
  auto image = lane_.load_chunk_now(kind, id(), number, chunk_of(seq));
  if (!image) return Error(image.error());
  return install(kind, number, chunk_of(seq), *image);
}

// ---- images ------------------------------------------------------------------------------------

std::string Stream::encode_meta() const {
  std::string out;
  ByteWriter w(out);
  w.u8(1);
  w.varint(next_seq_ - 1);
  w.varint(consumers_.size());
  for (const auto& c : consumers_) {
    w.varint(c->number());
    w.varint(c->cursor());
  }
  return out;
}

Status Stream::load_image(ImageKind kind, std::uint32_t number, ChunkNo no, std::string_view image) {
  const auto corrupt = [this] {
    return Error{Code::corrupt, "the meta image of stream '" + definition_->name + "' is malformed"};
  };
  switch (kind) {
    case ImageKind::seq: {
      const auto before = index_.live();
      auto status = index_.load(no, image, false, [this](std::uint32_t segment, std::uint64_t bytes) {
        lane_.shared().add_live(segment, static_cast<std::int64_t>(bytes));
        usage_->stored_bytes += static_cast<std::int64_t>(bytes);
      });
      lane_.shared().messages += static_cast<std::int64_t>(index_.live() - before);
      return status;
    }
    case ImageKind::lease:
      if (auto* c = consumer(number)) return c->leases().load(no, image, false);
      return {};
    case ImageKind::dedup:
      return dedup_ ? dedup_->load(no, image) : Status();
    case ImageKind::meta:
      break;
  }
  ByteReader r(image);
  if (r.u8() != 1) return corrupt();
  const Seq last = r.varint();
  index_.set_last(std::max(index_.last(), last));
  next_seq_ = std::max(next_seq_, last + 1);
  const auto count = r.varint();
  for (std::uint64_t i = 0; i < count && !r.failed(); ++i) {
    auto* c = consumer(static_cast<std::uint32_t>(r.varint()));
    const Seq cursor = r.varint();
    if (c != nullptr) c->replay_cursor(cursor);
  }
  return r.failed() ? Status(corrupt()) : Status();
}

// The chunk that the next message goes to is always in memory.
Status Stream::images_loaded() {
  next_seq_ = std::max(next_seq_, index_.last() + 1);
  if (auto status = ensure_now(ImageKind::seq, 0, index_.last()); !status) return status;
  for (const auto& c : consumers_) {
    if (auto status = ensure_now(ImageKind::lease, c->number(), index_.last()); !status) return status;
  }
  return {};
}

bool Stream::collect_dirty(std::size_t max, store::WriteSet& out, std::vector<std::function<void()>>& written) {
  struct Written {
    ImageKind kind;
    std::uint32_t consumer;
    ChunkNo no;
    std::uint64_t version;
  };
  std::vector<Written> done;
  std::vector<ChunkImage> images;
  bool more = false;
  marked_ = false;
  const auto take = [&](ImageKind kind, std::uint32_t number) {
    for (auto& image : images) {
      auto key = image_key(kind, id(), number, image.no);
      done.push_back({kind, number, image.no, image.version});
      if (image.erase) {
        out.erase(std::move(key));
      } else {
        out.put(std::move(key), std::move(image.bytes));
      }
    }
    more = more || images.size() >= max;
    images.clear();
  };
  index_.collect_dirty(max, images);
  take(ImageKind::seq, 0);
  for (const auto& c : consumers_) {
    c->leases().collect_dirty(max, images);
    take(ImageKind::lease, c->number());
  }
  if (dedup_) {
    dedup_->collect_dirty(max, images, lane_.now_ms(), index_.last());
    take(ImageKind::dedup, 0);
  }
  if (meta_dirty_ || !done.empty()) out.put(image_key(ImageKind::meta, id(), 0, 0), encode_meta());
  meta_dirty_ = false;
  if (done.empty()) return false;
  auto* lane = &lane_;
  written.push_back([lane, stream_id = id(), done = std::move(done)] {
    auto* self = lane->stream(stream_id);
    if (self == nullptr) return;
    for (const auto& w : done) {
      auto* c = w.kind == ImageKind::lease ? self->consumer(w.consumer) : nullptr;
      if (w.kind == ImageKind::seq) self->index_.mark_written(w.no, w.version);
      if (c != nullptr) c->leases().mark_written(w.no, w.version);
      if (w.kind == ImageKind::dedup && self->dedup_) self->dedup_->mark_written(w.no, w.version);
    }
  });
  return more;
}

void Stream::collect_failed() {
  index_.collect_failed();
  for (const auto& c : consumers_) c->leases().collect_failed();
  if (dedup_) dedup_->collect_failed();
  changed();
}

void Stream::evict(std::size_t keep) {
  index_.evict(keep);
  for (const auto& c : consumers_) c->leases().evict(keep);
}

std::size_t Stream::resident_chunks() const {
  std::size_t n = index_.resident_chunks();
  for (const auto& c : consumers_) n += c->leases().resident_chunks();
  return n;
}

// ---- cleaning ----------------------------------------------------------------------------------

void Stream::still_live(std::vector<std::pair<Seq, journal::Place>> records,
                        std::function<void(std::vector<std::pair<Seq, journal::Place>>)> done) {
  std::vector<std::pair<Seq, journal::Place>> live;
  // One chunk at a time: cleaning must not need more memory than a chunk.
  std::size_t i = 0;
  for (; i < records.size() && index_.resident(records[i].first); ++i) {
    const auto entry = index_.find(records[i].first);
    if (entry && entry->place == records[i].second) live.push_back(records[i]);
  }
  if (i == records.size()) {
    done(std::move(live));
    return;
  }
  const auto chunk = chunk_of(records[i].first);
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(i));
  page_in(ImageKind::seq, 0, chunk,
          [this, records = std::move(records), live = std::move(live), done = std::move(done)](const Status& status) {
            if (!status) {
              // Unknown is treated as live elsewhere: the segment stays.
              done(live);
              return;
            }
            still_live(records, [live, done](std::vector<std::pair<Seq, journal::Place>> rest) {
              auto all = live;
              all.insert(all.end(), rest.begin(), rest.end());
              done(std::move(all));
            });
          });
}

void Stream::relocate(Seq seq, const journal::Place& from, const journal::Place& to, const Task& done) {
  with_resident({seq}, 0, [this, seq, from, to, done](const Status& status) {
    if (status && index_.relocate(seq, from, to)) {
      lane_.shared().add_live(from.segment, -static_cast<std::int64_t>(from.length));
      lane_.shared().add_live(to.segment, to.length);
      lane_.shared().moved_records.fetch_add(1, std::memory_order_relaxed);
      changed();
    }
    done();
  });
}

}  // namespace switchyard::stream
