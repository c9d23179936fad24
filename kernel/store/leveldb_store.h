// LevelDbStore is the Store over LevelDB, with one thread of its own.
//
// A failed write leaves LevelDB's log in an unknown state (later records behind a torn one would be
// lost silently), so the database is reopened before the next write: a disk that has room again heals
// without a restart.
//
// Thread: as store.h says; `db_` belongs to the store thread once start() ran.
#pragma once
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "kernel/store/store.h"

namespace switchyard::store {

class LevelDbStore final : public Store {
 public:
  explicit LevelDbStore(const Options& options);
  ~LevelDbStore() override;
  Status open_database();

  Result<std::string> get_now(std::string_view key) override;
  Status scan_now(std::string_view prefix, const Visitor& visit) override;
  Status write_now(const WriteSet& writes, bool sync) override;
  Status erase_prefix_now(std::string_view prefix) override;

  void start() override;
  void stop() override;

  void write(WriteSet writes, bool sync, Executor& reply_to, std::function<void(Status)> done) override;
  void get(std::string key, Executor& reply_to, std::function<void(Result<std::string>)> done) override;
  void run(Task task) override;

 private:
  // What is queued: `execute` runs on the store thread, `refuse` when the store has stopped.
  struct Job {
    Task execute, refuse;
  };
  void enqueue(Job job);
  void work();
  Status healthy();
  Status failure(const leveldb::Status& status, std::string_view what) const;

  const Options options_;
  std::unique_ptr<journal::FileSystem> real_disk_;  // Unless options_.files is another.
  journal::FileSystem& files_;
  std::unique_ptr<leveldb::Env> env_;
  std::unique_ptr<leveldb::Logger> logger_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> db_;
  bool broken_ = false;  // A write failed: reopen first.

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace switchyard::store
