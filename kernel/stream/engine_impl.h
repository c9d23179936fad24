// What Engine is made of; shared by the engine's own sources.
//
// Thread: see engine.h.
#pragma once
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "kernel/stream/checkpointer.h"
#include "kernel/stream/engine.h"
#include "kernel/stream/lane_engine.h"

namespace switchyard::stream {

struct Engine::Impl {
  Impl(journal::FileSystem& file_system, const Clock& clock, EngineOptions engine_options)
      : files(file_system), kv(engine_options.lanes), next_fetch(engine_options.lanes) {
    shared.options = std::move(engine_options);
    shared.clock = &clock;
  }

  LaneEngine& lane(std::size_t index) { return *shared.lanes[index]; }
  // Runs `task` on the lane of `id` when that is not `lane`; false if it is.
  Executor* elsewhere(std::size_t lane, StreamId id) {
    const auto owner = shared.owner(id);
    return owner == lane ? nullptr : shared.executors[owner];
  }
  Status replay(const journal::Replayed& batch);
  // After the replay: what lies behind the checkpoint was not read, but must be there.
  Status check_live_segments(journal::RecoveryReport& report);

  journal::FileSystem& files;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<journal::Journal> journal;
  store::Kv kv;
  Shared shared;  // After what its lanes point at.
  std::unique_ptr<Checkpointer> checkpointer;
  std::mutex usage_mutex;  // Taken when a stream or namespace appears, never per message.
  std::unordered_map<NamespaceId, std::shared_ptr<NamespaceUsage>> usage;
  std::vector<std::uint64_t> next_fetch;  // By calling lane.
};

}  // namespace switchyard::stream
