// MoveTask is one message move task as it is stored: its order, its progress and its end.
//
// Key-value records of the namespace; value: JSON, a few hundred bytes.
//   moving/<stream id, 16 hex digits>                      the task under way of a dead-letter queue
//   moved/<stream id, 16 hex digits>/<started, 16 hex>     those that have ended, kMaxEnded at most
// The task under way is one key, so that two cannot run on one queue, whatever lanes they were asked on.
//
// Failure: decode_task() answers nothing for a record of another form.
// Thread: plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchyard/plugin.h"

namespace switchyard::sqs {

inline constexpr std::size_t kMaxRunningMoves = 100;  // Per namespace, as at AWS.
inline constexpr std::size_t kMaxEndedMoves = 10;     // Remembered per queue.

inline constexpr std::string_view kMoveRunning = "RUNNING";
inline constexpr std::string_view kMoveCancelling = "CANCELLING";
inline constexpr std::string_view kMoveCancelled = "CANCELLED";
inline constexpr std::string_view kMoveCompleted = "COMPLETED";
inline constexpr std::string_view kMoveFailed = "FAILED";

struct MoveTask {
  std::string id;           // UUID.
  std::string status;       // One of the words above.
  std::string reason;       // Of a failure.
  std::string destination;  // Name of the queue; empty = back to where each message came from.
  sw_stream_id target = 0;  // Of the destination.
  std::int64_t started_ms = 0;
  std::int64_t rate = 0;  // Messages per second; 0 = as fast as they go.
  std::int64_t to_move = 0, moved = 0;
  std::string process;  // Random name of the process that works on it.
};

class Call;
// The queue is being deleted: its tasks, under way or ended, go with it.  Nobody waits for the outcome.
void forget_move_tasks(Call& call, sw_stream_id queue);

inline constexpr std::string_view kMovingPrefix = "moving/";
std::string moving_key(sw_stream_id source);
std::string moved_prefix(sw_stream_id source);
std::string moved_key(sw_stream_id source, const MoveTask& task);
// The stream id of a moving_key(); 0 when it is none.
sw_stream_id source_of_key(std::string_view key);

std::string encode_task(const MoveTask& task);
std::optional<MoveTask> decode_task(std::string_view text);

// What a client gets as TaskHandle, and what it says.
std::string task_handle(std::string_view id, std::string_view source_arn);
bool read_task_handle(std::string_view handle, std::string& id, std::string& source_arn);

}  // namespace switchyard::sqs
