#include "tests/unit/journal/power_loss_world.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace switchyard::journal {
namespace {

// Calls f(record offset, record length, body) for each record of a payload.
template <class F>
void for_each_record(std::string_view payload, F&& f) {
  for (std::size_t at = 0; at + kRecordHeaderBytes <= payload.size();) {
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, payload.data() + at + 4, 4);
    const std::size_t length = std::min<std::size_t>(bytes + kRecordHeaderBytes, payload.size() - at);
    std::string_view body;
    f(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length),
      open_record(payload.substr(at, length), body) ? body : std::string_view("?"));
    at += length;
  }
}

}  // namespace

PowerLossWorld::PowerLossWorld(std::uint64_t seed, bool disk_lies) : random_(seed) {
  disk_.lie_about_syncs(disk_lies);
  options_.directory = "/j";
  options_.first_segment_bytes = 16u << 10;
  options_.max_segment_bytes = 32u << 10;
  options_.reserve_bytes = 8u << 10;
  options_.max_batch_bytes = 64u << 10;
  options_.max_group_bytes = 24u << 10;
}

std::string PowerLossWorld::point() {
  if (std::string wrong = restart(); !wrong.empty()) return wrong;
  work();
  die();
  return {};
}

std::string PowerLossWorld::restart() {
  // Killed again and again while recovering, until one attempt is left alone.
  for (int attempt = 0; below(3) == 0 && attempt < 4; ++attempt) {
    disk_.crash_after(below(8));
    const std::string wrong = open_once();
    if (!disk_.crashed()) {
      disk_.crash_after(test::SimulatedDisk::kNever);
      return wrong;
    }
    journal_.reset();
    ++counts_.killed_in_recovery;
    below(2) == 0 ? disk_.kill_process() : disk_.reboot(random_);
  }
  return open_once();
}

std::string PowerLossWorld::open_once() {
  replayed_.clear();
  captured_.reset();
  live_ = durable_.live;
  RecoveryReport report;
  auto opened = Journal::open(
      disk_, options_, clock_, durable_.position,
      [this](const Replayed& r) {
        replayed_.emplace_back(r.batch, std::vector<std::string>());
        for_each_record(r.payload, [&](std::uint32_t, std::uint32_t, std::string_view body) {
          replayed_.back().second.emplace_back(body);
        });
        apply(r.segment, r.payload_offset, r.payload, live_, false);
        return Status();
      },
      report);
  if (!opened) return disk_.crashed() ? "" : "refused to open: " + opened.error().message;
  journal_ = std::move(*opened);
  if (report.dropped_tail_bytes > 0) ++counts_.tails_dropped;
  if (std::string wrong = check_replay(durable_.position.next_batch); !wrong.empty()) return wrong;
  for (const auto& [id, message] : live_) journal_->add_live(message.place.segment, message.place.length);
  journal_->start({&lane_}, {[this](std::span<Committed> results) { on_completed(results); }});
  return check_live();
}

std::string PowerLossWorld::check_replay(std::size_t first_batch) {
  std::size_t batch = first_batch;
  for (const auto& [number, bodies] : replayed_) {
    if (number != batch) return "batch " + std::to_string(number) + " where " + std::to_string(batch) + " belongs";
    if (batch > sent_.size()) return "batch " + std::to_string(batch) + " was never sent";
    if (sent_[batch - 1].bodies != bodies) return "batch " + std::to_string(batch) + " is not what was sent";
    if (!sent_[batch - 1].acknowledged) ++counts_.unacknowledged_kept;
    ++batch;
  }
  for (std::size_t i = batch; i <= sent_.size(); ++i) {
    if (sent_[i - 1].acknowledged) return "acknowledged batch " + std::to_string(i) + " is lost";
  }
  // What was shown stays, what was not shown is gone for good.
  sent_.resize(batch - 1);
  for (Sent& sent : sent_) sent.acknowledged = true;
  resolved_ = sent_.size();
  return {};
}

std::string PowerLossWorld::check_live() {
  auto reader = journal_->make_reader(lane_, 128u << 10);
  for (const auto& [id, message] : live_) {
    RecordRef ref;
    Status status;
    if (!reader->try_get(message.place, ref, status)) return "a read had to wait for memory";
    if (disk_.crashed()) return {};
    if (!status.ok()) return "message " + std::to_string(id) + " cannot be read: " + status.error().message;
    if (ref.body != message.body) return "message " + std::to_string(id) + " has another body";
  }
  return {};
}

std::vector<std::string> PowerLossWorld::random_bodies() {
  std::vector<std::string> bodies;
  for (std::uint64_t n = 1 + below(3); n > 0; --n) {
    const std::uint64_t id = next_id_++;
    std::string body;
    if (!live_.empty() && below(100) < 55) {
      body = "D" + std::to_string(std::next(live_.begin(), static_cast<long>(below(live_.size())))->first);
    } else {
      body = "M" + std::to_string(id) + ":";
      const std::uint64_t bytes = below(12) == 0 ? below(20'000) : below(1500);
      for (std::uint64_t i = 0; i < bytes; ++i) body.push_back(static_cast<char>(random_() & 0xff));
    }
    bodies.push_back(std::move(body));
  }
  return bodies;
}

void PowerLossWorld::apply(std::uint32_t segment, std::uint32_t offset, std::string_view payload, Live& live,
                           bool account) {
  for_each_record(payload, [&](std::uint32_t at, std::uint32_t length, std::string_view body) {
    const std::uint64_t id = std::strtoull(std::string(body.substr(1, 20)).c_str(), nullptr, 10);
    if (body[0] == 'M') {
      live[id] = {{segment, offset + at, length}, std::string(body)};
      if (account) journal_->add_live(segment, length);
    } else if (const auto dead = live.find(id); dead != live.end()) {
      const Place place = dead->second.place;
      live.erase(dead);
      if (account) journal_->add_live(place.segment, -std::int64_t{place.length});
    }
  });
}

void PowerLossWorld::on_completed(std::span<Committed> results) {
  for (const Committed& result : results) {
    ++answered_;
    if (!result.status.ok() && result.status.code() != Code::unknown_outcome) {
      sent_.erase(sent_.begin() + static_cast<long>(resolved_));  // Refused: it must never be seen again.
      continue;
    }
    Sent& sent = sent_[resolved_++];
    if (!result.status.ok()) continue;
    sent.acknowledged = true;
    ++counts_.acknowledged;
    apply(result.segment, result.payload_offset, *result.payload, live_, true);
  }
}

void PowerLossWorld::submit_some() {
  for (std::uint64_t n = 1 + below(4); n > 0; --n) {
    sent_.push_back({random_bodies(), false});
    BatchBuilder builder;
    for (const std::string& body : sent_.back().bodies) {
      builder.begin();
      builder.writer().bytes(body);
      builder.end();
    }
    Submission submission;
    submission.records = builder.records();
    submission.payload = builder.take();
    ++submitted_;
    journal_->submit(0, std::move(submission));
  }
}

// The position comes first: what was committed before it has been posted to the lane by then, so a
// state taken after the lane's mail of that moment holds at least everything up to it.
void PowerLossWorld::snapshot_captured() {
  const Position position = journal_->committed();
  bool drained = false;
  lane_.post([&] { drained = true; });
  if (lane_.run_until([&] { return drained; })) captured_ = Snapshot{position, live_};
}

void PowerLossWorld::snapshot_durable() {
  if (!captured_) return;
  durable_ = std::move(*captured_);
  captured_.reset();
  journal_->checkpointed(durable_.position);
  ++counts_.checkpoints;
}

// Copies what is live in one old segment into a cold one.
void PowerLossWorld::clean() {
  std::set<std::uint32_t> segments;
  for (const auto& [id, message] : live_) {
    if (message.place.segment < durable_.position.segment) segments.insert(message.place.segment);
  }
  if (segments.empty()) return;
  const std::uint32_t victim = *std::next(segments.begin(), static_cast<long>(below(segments.size())));
  std::vector<std::uint64_t> ids;
  std::vector<std::string> bodies;
  const Status scanned = journal_->scan(victim, [&](const Place& place, std::string_view body) {
    for (const auto& [id, message] : live_) {
      if (!(message.place == place)) continue;
      ids.push_back(id);
      bodies.emplace_back(body);
    }
  });
  if (!scanned.ok() || ids.empty()) return;
  const std::vector<std::string_view> views(bodies.begin(), bodies.end());
  auto places = journal_->write_cold(views);
  if (!places) return;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Place& place = live_.at(ids[i]).place;
    journal_->add_live((*places)[i].segment, (*places)[i].length);
    journal_->add_live(place.segment, -std::int64_t{place.length});
    place = (*places)[i];
  }
  journal_->unpin(places->front().segment);
}

void PowerLossWorld::work() {
  const bool sync_fails = below(8) == 0;
  if (sync_fails) {
    disk_.fail_syncs_after(below(12));
    ++counts_.failed_syncs;
  } else {
    disk_.crash_after(below(below(4) == 0 ? 300 : 60));
  }
  for (int turn = 0; turn < 400 && !disk_.crashed() && !journal_->failed(); ++turn) {
    const std::uint64_t wanted = below(4) == 0 ? answered_ : submitted_ + 1;
    submit_some();
    if (!lane_.run_until([&] { return answered_ >= wanted; })) return;
    const std::uint64_t what = below(16);
    if (what < 3) snapshot_captured();
    if (what >= 3 && what < 6) snapshot_durable();
    if (what == 6) clean();
    clock_.advance_ms(100);
  }
}

void PowerLossWorld::die() {
  const Stats stats = journal_->stats();
  counts_.recycled += stats.segments_recycled;
  counts_.cleaned += stats.segments_cleaned;
  // An orderly stop, a stop whose answers still arrive, or none of it in time.
  if (below(4) == 0) disk_.crash_after(below(3));
  journal_->stop();
  (void)lane_.run_until([&] { return answered_ >= submitted_; });
  journal_.reset();
  below(3) == 0 ? disk_.kill_process() : disk_.reboot(random_);
}

}  // namespace switchyard::journal
