#include "kernel/stream/checkpointer.h"

#include <atomic>
#include <utility>

#include "kernel/base/log.h"

namespace switchyard::stream {
namespace {

constexpr std::int64_t kTickMs = 250;

}  // namespace

std::string encode_position(const journal::Position& position) {
  std::string out;
  ByteWriter w(out);
  w.u32(position.segment);
  w.u32(position.offset);
  w.u64(position.next_batch);
  return out;
}

bool decode_position(std::string_view in, journal::Position& out) {
  ByteReader r(in);
  out.segment = r.u32();
  out.offset = r.u32();
  out.next_batch = r.u64();
  return !r.failed() && r.empty();
}

struct Checkpointer::Run {
  journal::Position position;
  std::vector<std::shared_ptr<LaneEngine::Collected>> lanes;
  store::WriteSet kv;
};

void Checkpointer::start() {
  last_ = shared_.journal->committed();
  last_bytes_ = shared_.journal->stats().bytes_written;
  last_ms_ = shared_.now_ms();
  tick();
}

void Checkpointer::tick() {
  const auto now_ms = shared_.now_ms();
  const bool changed = !(shared_.journal->committed() == last_);
  const auto bytes = shared_.journal->stats().bytes_written - last_bytes_;
  const bool due =
      now_ms - last_ms_ >= shared_.options.checkpoint_interval_ms || bytes >= shared_.options.checkpoint_bytes;
  if (changed && due && !running_ && !shared_.journal->failed()) begin();
  shared_.lanes[0]->call_at(now_ms + kTickMs, [this] { tick(); });
}

void Checkpointer::run(Task done) {
  waiting_.push_back(std::move(done));
  if (!running_) begin();
}

// Runs `step` on every lane; each calls the task it is given when it is through; `after` on lane 0.
void Checkpointer::each_lane(const std::function<void(LaneEngine&, Task)>& step, Task after) {
  auto left = std::make_shared<std::atomic<std::size_t>>(shared_.lanes.size());
  for (const auto& lane : shared_.lanes) {
    shared_.executors[lane->index()]->post([this, &lane = *lane, step, left, after] {
      step(lane, [this, left, after] {
        if (left->fetch_sub(1) == 1) shared_.executors[0]->post(after);
      });
    });
  }
}

void Checkpointer::begin() {
  running_ = true;
  auto run = std::make_shared<Run>();
  run->position = shared_.journal->committed();
  run->lanes.resize(shared_.lanes.size());
  last_bytes_ = shared_.journal->stats().bytes_written;
  last_ms_ = shared_.now_ms();
  const auto pass = [](LaneEngine&, const Task& done) { done(); };
  each_lane(pass, [this, run, pass] {
    each_lane(pass, [this, run] {
      each_lane(
          [this, run](LaneEngine& lane, Task done) {
            if (lane.index() == 0) kv_.collect_dirty(run->kv);
            lane.collect([run, index = lane.index(), done = std::move(done)](auto collected) {
              run->lanes[index] = std::move(collected);
              done();
            });
          },
          [this, run] { shared_.store->run([this, run] { write(run); }); });
    });
  });
}

// [store thread]
void Checkpointer::write(std::shared_ptr<Run> run) {
  Status status = write_images(shared_, run->kv);
  for (const auto& lane : run->lanes) {
    if (status) status = lane->status;
    if (status) status = write_images(shared_, std::exchange(lane->writes, {}));
  }
  if (status) {
    store::WriteSet position;
    position.put(std::string(kPositionKey), encode_position(run->position));
    status = shared_.store->write_now(position, true);
  }
  if (status) {
    shared_.journal->checkpointed(run->position);
    shared_.checkpoints.fetch_add(1, std::memory_order_relaxed);
  }
  shared_.executors[0]->post([this, run, status] { finish(run, status); });
}

void Checkpointer::finish(std::shared_ptr<Run> run, const Status& status) {
  if (status) {
    last_ = run->position;
  } else {
    log::error("checkpoint.failed", {{"why", status.error().message}});
    kv_.collect_failed(run->kv);
  }
  each_lane(
      [run, written = status.ok()](LaneEngine& lane, const Task& done) {
        lane.collected(*run->lanes[lane.index()], written);
        done();
      },
      [this] {
        cleaner_.run([this] {
          running_ = false;
          auto waiting = std::exchange(waiting_, {});
          for (auto& done : waiting) done();
        });
      });
}

}  // namespace switchyard::stream
