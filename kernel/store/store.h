// Store is the embedded database behind the checkpoints: index chunks, dedup blocks and key-value
// images, written from state that is already in the journal.
//
// LevelDB sits behind this header and nowhere else.  Only the store thread writes it, so lanes never
// wait for a compaction.  Nothing here is the truth: after a crash the journal is replayed from the
// last synced checkpoint, and every image may be a little newer than that.
//
// Failure: LevelDB's text with the folder's path; a full disk is Code::quota, damage Code::corrupt.  A
// failed write may still have happened in part of its keys or none; the next write tries the disk anew.
//
// Thread: the *_now calls before start() on the opening thread or on the store thread; the rest from
// any thread, answers on the given lane.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/base/executor.h"
#include "kernel/base/result.h"
#include "kernel/journal/file.h"

namespace switchyard::store {

// Puts and erases that reach the database together.
class WriteSet {
 public:
  void put(std::string key, std::string value) {
    bytes_ += key.size() + value.size();
    entries_.push_back({std::move(key), std::move(value), false});
  }
  void erase(std::string key) { entries_.push_back({std::move(key), {}, true}); }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }  // Of what is put.

  struct Entry {
    std::string key, value;
    bool erased;
  };
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::size_t bytes_ = 0;
};

struct Options {
  std::string directory;
  std::size_t write_buffer_bytes = 4u << 20;  // Twice this is in memory while one is written out.
  std::size_t block_cache_bytes = 4u << 20;
  journal::FileSystem* files = nullptr;  // Null = the real disk.
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> open(const Options& options);
  virtual ~Store() = default;

  // ---- before start(), or on the store thread ----
  virtual Result<std::string> get_now(std::string_view key) = 0;  // Code::not_found.
  // Visits keys with this prefix in order until the visitor returns false.
  using Visitor = std::function<bool(std::string_view key, std::string_view value)>;
  virtual Status scan_now(std::string_view prefix, const Visitor& visit) = 0;
  // With `sync` this write and all before it are durable; without, it may be so only with the next.
  virtual Status write_now(const WriteSet& writes, bool sync) = 0;
  // Erases every key with this prefix, in bounded batches.
  virtual Status erase_prefix_now(std::string_view prefix) = 0;

  virtual void start() = 0;
  virtual void stop() = 0;  // Finishes what is queued.

  // ---- any thread; executed in the order of the calls ----
  virtual void write(WriteSet writes, bool sync, Executor& reply_to, std::function<void(Status)> done) = 0;
  virtual void get(std::string key, Executor& reply_to, std::function<void(Result<std::string>)> done) = 0;
  // Runs on the store thread, in order with the writes: checkpoints and cleaning live there.
  virtual void run(Task task) = 0;
};

}  // namespace switchyard::store
