// Stream: reading messages back, with and without a lease; counts.
#include <algorithm>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream.h"

namespace switchyard::stream {

// Everything a read needs after the stream itself may have gone away.
struct ReadRun {
  LaneEngine* lane;
  StreamId stream;
  std::string name;
  std::vector<Stream::Wanted> wanted;
  std::vector<journal::RecordRef> records;  // Parallel to wanted; no hold = not read.
  std::vector<std::size_t> gone;            // Of those whose segment went away meanwhile.
  FetchDone done;
};

namespace {

void report_damage(const ReadRun& run, const Stream::Wanted& w, std::string_view why) {
  run.lane->shared().damaged_reads.fetch_add(1, std::memory_order_relaxed);
  log::error(
      "stream.damaged_message",
      {{"stream", run.name}, {"seq", w.seq}, {"segment", w.place.segment}, {"offset", w.place.offset}, {"why", why}});
}

void not_read(ReadRun& run, std::size_t i, const Error& error) {
  run.records[i] = {};
  if (error.code == Code::not_found) {
    run.gone.push_back(i);
  } else {
    report_damage(run, run.wanted[i], error.message);
  }
}

// What is not at hand goes to `missing`.
void read_at_hand(ReadRun& run, std::size_t i, std::vector<std::size_t>& missing) {
  Status status;
  if (!run.lane->reader().try_get(run.wanted[i].place, run.records[i], status)) {
    missing.push_back(i);
  } else if (!status) {
    not_read(run, i, status.error());
  }
}

void hand_over(const ReadRun& run) {
  std::vector<Delivery> deliveries;
  deliveries.reserve(run.wanted.size());
  for (std::size_t i = 0; i < run.wanted.size(); ++i) {
    const auto& w = run.wanted[i];
    if (run.records[i].body.data() == nullptr) continue;
    MessageRecord m;
    if (!decode_message(run.records[i].body, m) || m.seq != w.seq || m.stream != run.stream) {
      report_damage(run, w, "the record is not this message");
      continue;
    }
    Delivery d;
    d.token = {w.seq, w.attempt};
    d.id = m.has_id ? m.id : run.lane->message_id(run.stream, w.seq);
    d.time_ms = m.time_ms;
    d.first_delivered_ms = w.first_ms;
    d.delivered_ms = w.delivered_ms;
    d.key = m.key;
    d.dedup_id = m.dedup_id;
    d.source = m.source;
    d.header_format = m.header_format;
    d.headers = m.headers;
    d.body = m.body;
    d.hold = run.records[i].hold;
    deliveries.push_back(std::move(d));
  }
  run.done(Status(), deliveries);
}

}  // namespace

void Stream::read_records(std::vector<Wanted> wanted, FetchDone done) {
  ReadRun run{&lane_, id(), definition_->name, std::move(wanted), {}, {}, std::move(done)};
  run.records.resize(run.wanted.size());
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < run.wanted.size(); ++i) read_at_hand(run, i, missing);
  if (missing.empty() && run.gone.empty()) {
    hand_over(run);
  } else {
    read_missing(std::make_shared<ReadRun>(std::move(run)), std::move(missing));
  }
}

void Stream::read_missing(std::shared_ptr<ReadRun> run, std::vector<std::size_t> missing) {
  if (missing.empty()) {
    find_again(std::move(run));
    return;
  }
  std::vector<journal::Place> places;
  for (const auto i : missing) places.push_back(run->wanted[i].place);
  auto& reader = lane_.reader();
  reader.get(std::move(places), [run = std::move(run), missing = std::move(missing)](auto records) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (records[i]) {
        run->records[missing[i]] = std::move(*records[i]);
      } else {
        not_read(*run, missing[i], records[i].error());
      }
    }
    auto* self = run->gone.empty() ? nullptr : run->lane->stream(run->stream);
    self != nullptr ? self->find_again(run) : hand_over(*run);
  });
}

// A segment goes when all it held left or moved: that is no damage.  What moved is read where it is now.
void Stream::find_again(std::shared_ptr<ReadRun> run) {
  std::vector<Seq> seqs;
  for (const auto i : run->gone) seqs.push_back(run->wanted[i].seq);
  with_resident(std::move(seqs), 0, [this, run = std::move(run)](const Status& status) {
    std::vector<std::size_t> missing;
    bool moved = false;
    for (const auto i : std::exchange(run->gone, {})) {
      auto& w = run->wanted[i];
      const auto entry = status ? index_.find(w.seq) : std::nullopt;
      if (!status || (entry && entry->place == w.place)) {
        report_damage(*run, w, status ? "its segment is gone" : std::string_view(status.error().message));
      } else if (entry) {
        w.place = entry->place;
        moved = true;
        read_at_hand(*run, i, missing);
      }
    }
    moved && (!missing.empty() || !run->gone.empty()) ? read_missing(run, std::move(missing)) : hand_over(*run);
  });
}

void Stream::read(Seq from, std::uint32_t max, std::string filter, FetchDone done) {
  if (!filter.empty() && !keys_) {
    lane_.defer([done = std::move(done)] {
      done(Error{Code::invalid, "the stream is not keyed: it cannot be read with a filter"}, {});
    });
    return;
  }
  auto* lane = &lane_;
  lane_.defer([lane, stream_id = id(), from, max, filter = std::move(filter), done = std::move(done)]() mutable {
    if (auto* self = lane->stream(stream_id)) {
      self->collect_read(from, max, std::move(filter), {}, std::move(done));
    } else {
      done(Error{Code::not_found, "the stream was removed"}, {});
    }
  });
}

// Gathers live sequences; a filter walks the postings of the keys that match, never the stream.
void Stream::collect_read(Seq from, std::uint32_t max, std::string filter, std::vector<Wanted> got, FetchDone done) {
  if (!filter.empty()) {
    std::vector<Seq> seqs;
    keys_->match(filter, "", [&](KeyId key, std::string_view) {
      std::uint32_t n = 0;
      for (Seq seq = keys_->next(key, from); seq != 0 && n < max; seq = keys_->next(key, seq + 1), ++n) {
        seqs.push_back(seq);
        std::push_heap(seqs.begin(), seqs.end());
        if (seqs.size() > max) {  // Keep the `max` lowest.
          std::pop_heap(seqs.begin(), seqs.end());
          seqs.pop_back();
        }
      }
      return true;
    });
    std::sort(seqs.begin(), seqs.end());
    read_seqs(std::move(seqs), std::move(done));
    return;
  }
  while (got.size() < max) {
    const auto next = index_.next_live(from);
    if (next.kind == Lookup::need_chunk) {
      page_in(ImageKind::seq, 0, next.chunk,
              [this, from, max, got = std::move(got), done = std::move(done)](const Status& status) {
                if (status) {
                  collect_read(from, max, "", got, done);
                } else {
                  done(status, {});
                }
              });
      return;
    }
    if (next.kind == Lookup::none) break;
    got.push_back({next.seq, 0, 0, index_.find(next.seq)->place});
    from = next.seq + 1;
  }
  read_records(std::move(got), std::move(done));
}

void Stream::read_seqs(std::vector<Seq> seqs, FetchDone done) {
  with_resident(seqs, 0, [this, seqs, done = std::move(done)](const Status& status) {
    if (!status) {
      done(status, {});
      return;
    }
    std::vector<Wanted> wanted;
    for (const auto seq : seqs) {
      if (const auto entry = index_.find(seq)) wanted.push_back({seq, 0, 0, entry->place});
    }
    read_records(std::move(wanted), done);
  });
}

void Stream::read_last(std::string filter, std::string after, std::uint32_t max, FetchDone done) {
  auto* lane = &lane_;
  lane_.defer([lane, stream_id = id(), filter = std::move(filter), after = std::move(after), max,
               done = std::move(done)]() mutable {
    auto* self = lane->stream(stream_id);
    if (self == nullptr || !self->keys_) {
      const bool gone = self == nullptr;
      done(Error{gone ? Code::not_found : Code::invalid, gone ? "the stream was removed" : "the stream is not keyed"},
           {});
      return;
    }
    std::vector<Seq> seqs;
    self->keys_->match(filter.empty() ? std::string_view(">") : std::string_view(filter), after,
                       [&](KeyId key, std::string_view) {
                         if (const auto last = self->keys_->info(key).last; last != 0) seqs.push_back(last);
                         return seqs.size() < max;
                       });
    self->read_seqs(std::move(seqs), std::move(done));
  });
}

Status Stream::state(std::string_view name, StateDone done) {
  Consumer* c = nullptr;
  if (!name.empty()) {
    c = consumer(name);
    if (c == nullptr) return Error{Code::not_found, "the stream has no consumer '" + std::string(name) + "'"};
    // Bounded: what is not yet turned ready now still counts as out.
    for (int i = 0; i < 64 && c->leases().next_due_ms() <= lane_.now_ms() && c->expire(lane_.now_ms()); ++i) {
    }
    c->pump();
  }
  const auto first = index_.next_live(0);
  if (first.kind == Lookup::need_chunk) {
    page_in(ImageKind::seq, 0, first.chunk, [this, name = std::string(name), done = std::move(done)](Status status) {
      if (status) status = state(name, done);
      if (!status) done(status, {});
    });
    return {};
  }
  State state;
  state.messages = index_.live();
  state.bytes = index_.live_bytes();
  state.last_seq = next_seq_ - 1;
  if (first.kind == Lookup::found) {
    state.first_seq = first.seq;
    state.oldest_ms = index_.find(first.seq)->time_ms;
  }
  if (c != nullptr) {
    const auto counts = c->leases().counts();
    state.leased = counts.leased;
    state.delayed = counts.waiting;
    state.available = c->available();
  }
  lane_.defer([done = std::move(done), state] { done(Status(), state); });
  return {};
}

}  // namespace switchyard::stream
