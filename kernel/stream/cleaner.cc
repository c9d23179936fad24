#include "kernel/stream/cleaner.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/stream/records.h"

namespace switchyard::stream {
namespace {

constexpr std::size_t kMaxVictims = 4;  // A round: the next checkpoint brings the next round.

using Candidate = LaneEngine::Candidate;

bool by_stream(const Candidate& a, const Candidate& b) {
  return std::pair(a.stream, a.seq) < std::pair(b.stream, b.seq);
}

}  // namespace

struct Cleaner::Job {
  std::vector<std::uint32_t> victims;
  std::size_t next = 0;
  std::uint32_t victim = 0;
  std::vector<Candidate> live;
  Task done;
};

void Cleaner::run(Task done) {
  auto job = std::make_shared<Job>();
  job->done = [this, done = std::move(done)] { shared_.executors[0]->post(done); };
  shared_.store->run([this, job] {
    job->victims = shared_.journal->pick_victims();
    if (job->victims.size() > kMaxVictims) job->victims.resize(kMaxVictims);
    clean_next(job);
  });
}

// [store thread]
void Cleaner::clean_next(std::shared_ptr<Job> job) {
  if (job->next == job->victims.size()) {
    job->done();
    return;
  }
  job->victim = job->victims[job->next++];
  job->live.clear();
  scan(std::move(job));
}

// [store thread] Lists the messages of the victim and asks their lanes which are still there.
void Cleaner::scan(std::shared_ptr<Job> job) {
  std::vector<std::vector<Candidate>> by_lane(shared_.lanes.size());
  auto status = shared_.journal->scan(job->victim, [&](const journal::Place& place, std::string_view body) {
    MessageRecord message;
    if (!decode_message(body, message)) return;  // Control records die with their segment.
    by_lane[shared_.owner(message.stream)].push_back({message.stream, message.seq, place});
  });
  if (!status) {
    // Its last message may have left since it was chosen, and the journal taken it back.
    if (status.code() != Code::not_found) {
      log::error("journal.clean_failed", {{"segment", job->victim}, {"why", status.error().message}});
    }
    clean_next(job);
    return;
  }
  auto left = std::make_shared<std::atomic<std::size_t>>(by_lane.size());
  for (std::size_t i = 0; i < by_lane.size(); ++i) {
    std::sort(by_lane[i].begin(), by_lane[i].end(), by_stream);
    shared_.executors[i]->post([this, i, job, left, candidates = std::move(by_lane[i])] {
      shared_.lanes[i]->still_live(candidates, [this, job, left](std::vector<Candidate> live) {
        shared_.store->run([this, job, left, live = std::move(live)] {
          job->live.insert(job->live.end(), live.begin(), live.end());
          if (left->fetch_sub(1) == 1) copy(job);
        });
      });
    });
  }
}

// [store thread]
void Cleaner::copy(std::shared_ptr<Job> job) {
  auto& live = job->live;
  if (live.empty()) {
    clean_next(job);
    return;
  }
  std::sort(live.begin(), live.end(), by_stream);
  std::unordered_map<std::uint32_t, std::size_t> index_of;  // By offset in the victim.
  for (std::size_t i = 0; i < live.size(); ++i) index_of[live[i].place.offset] = i;
  std::vector<std::string> bodies(live.size());
  std::size_t found = 0;
  auto status = shared_.journal->scan(job->victim, [&](const journal::Place& place, std::string_view body) {
    const auto it = index_of.find(place.offset);
    if (it == index_of.end()) return;
    bodies[it->second] = body;
    ++found;
  });
  if (status && found != live.size()) {
    status = Error{Code::corrupt, std::to_string(live.size() - found) + " live records can no longer be read"};
  }
  std::vector<std::string_view> views(bodies.begin(), bodies.end());
  auto places =
      status ? shared_.journal->write_cold(views) : Result<std::vector<journal::Place>>(Error(status.error()));
  if (!places) {
    log::error("journal.clean_failed", {{"segment", job->victim}, {"why", places.error().message}});
    clean_next(job);
    return;
  }
  move(std::move(job), std::move(*places));
}

// [store thread] The lanes adopt the new places; the cold segment is pinned until they have.
void Cleaner::move(std::shared_ptr<Job> job, std::vector<journal::Place> places) {
  auto left = std::make_shared<std::atomic<std::size_t>>(shared_.lanes.size());
  auto shared_places = std::make_shared<const std::vector<journal::Place>>(std::move(places));
  for (std::size_t lane = 0; lane < shared_.lanes.size(); ++lane) {
    shared_.executors[lane]->post([this, lane, job, left, shared_places] {
      std::vector<std::pair<Candidate, journal::Place>> moves;
      for (std::size_t i = 0; i < job->live.size(); ++i) {
        if (shared_.owner(job->live[i].stream) == lane) moves.emplace_back(job->live[i], (*shared_places)[i]);
      }
      shared_.lanes[lane]->relocate(moves, [this, job, left, shared_places] {
        if (left->fetch_sub(1) != 1) return;
        shared_.store->run([this, job, shared_places] {
          shared_.journal->unpin(shared_places->front().segment);
          shared_.cleaned_segments.fetch_add(1, std::memory_order_relaxed);
          clean_next(job);
        });
      });
    });
  }
}

}  // namespace switchyard::stream
