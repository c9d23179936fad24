#include "kernel/store/leveldb_store.h"

#include <leveldb/write_batch.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/store/file_env.h"
#include "kernel/store/write_log_check.h"

namespace switchyard::store {
namespace {

constexpr std::size_t kEraseBatch = 1000;  // Keys per batch of erase_prefix_now().
constexpr int kOpenFiles = 256;

leveldb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

// LevelDB would write an ever growing LOG file; its news are debug lines of ours.
class QuietLogger final : public leveldb::Logger {
 public:
  void Logv(const char* format, std::va_list arguments) override {
    if (!log::enabled(log::Level::debug)) return;
    char text[512];
    std::vsnprintf(text, sizeof text, format, arguments);
    log::debug("store.leveldb", {{"text", text}});
  }
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const Options& options) {
  auto store = std::make_unique<LevelDbStore>(options);
  if (auto status = store->open_database(); !status) return status.error();
  return std::unique_ptr<Store>(std::move(store));
}

LevelDbStore::LevelDbStore(const Options& options)
    : options_(options),
      real_disk_(options.files == nullptr ? journal::make_posix_file_system() : nullptr),
      files_(options.files == nullptr ? *real_disk_ : *options.files),
      env_(make_file_env(files_, real_disk_ != nullptr)),
      logger_(std::make_unique<QuietLogger>()),
      cache_(leveldb::NewLRUCache(options.block_cache_bytes)) {}

LevelDbStore::~LevelDbStore() { stop(); }

Status LevelDbStore::open_database() {
  db_.reset();  // Only one handle may hold the folder's lock.
  if (auto status = files_.make_directory(options_.directory); !status) return status;
  if (auto status = check_write_logs(files_, options_.directory); !status) return status;
  leveldb::Options options;
  options.env = env_.get();
  options.create_if_missing = true;
  options.compression = leveldb::kNoCompression;
  options.write_buffer_size = options_.write_buffer_bytes;
  options.block_cache = cache_.get();
  options.info_log = logger_.get();
  options.max_open_files = kOpenFiles;
  leveldb::DB* db = nullptr;
  const auto status = leveldb::DB::Open(options, options_.directory, &db);
  if (!status.ok()) return failure(status, "open");
  db_.reset(db);
  broken_ = false;
  return {};
}

Status LevelDbStore::failure(const leveldb::Status& status, std::string_view what) const {
  const std::string text = status.ToString();
  const std::string where = "cannot " + std::string(what) + " store " + options_.directory + ": " + text;
  if (status.IsNotFound()) return Error{Code::not_found, where};
  if (status.IsCorruption()) return Error{Code::corrupt, where + "; restore the data folder from a copy"};
  if (text.find(std::strerror(ENOSPC)) != std::string::npos || text.find(std::strerror(EDQUOT)) != std::string::npos) {
    return Error{Code::quota, where + "; free space on its disk"};
  }
  return Error{Code::io, where};
}

Status LevelDbStore::healthy() { return broken_ || db_ == nullptr ? open_database() : Status(); }

Result<std::string> LevelDbStore::get_now(std::string_view key) {
  if (auto status = healthy(); !status) return std::move(status).error();
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  std::string value;
  const auto status = db_->Get(options, slice(key), &value);
  if (status.IsNotFound()) return Error{Code::not_found, "no such key in store " + options_.directory};
  if (!status.ok()) return failure(status, "read").error();
  return value;
}

Status LevelDbStore::scan_now(std::string_view prefix, const Visitor& visit) {
  if (auto status = healthy(); !status) return status;
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(options));
  for (it->Seek(slice(prefix)); it->Valid() && it->key().starts_with(slice(prefix)); it->Next()) {
    if (!visit(view(it->key()), view(it->value()))) return {};
  }
  return it->status().ok() ? Status() : failure(it->status(), "read");
}

// `sync` or not, every write is synced.  LevelDB changes to a new log file when its buffer is full and
// never syncs the old one, so a later synced write would not make an unsynced one before it durable.
// Writes are few: some per checkpoint.
Status LevelDbStore::write_now(const WriteSet& writes, bool /*sync*/) {
  if (auto status = healthy(); !status) return status;
  leveldb::WriteBatch batch;
  for (const auto& entry : writes.entries()) {
    if (entry.erased) {
      batch.Delete(entry.key);
    } else {
      batch.Put(entry.key, entry.value);
    }
  }
  leveldb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, &batch);
  if (status.ok()) return {};
  broken_ = true;
  return failure(status, "write");
}

Status LevelDbStore::erase_prefix_now(std::string_view prefix) {
  for (;;) {
    WriteSet erasures;
    auto status = scan_now(prefix, [&](std::string_view key, std::string_view) {
      erasures.erase(std::string(key));
      return erasures.size() < kEraseBatch;
    });
    if (!status || erasures.empty()) return status;
    if (status = write_now(erasures, false); !status) return status;
    if (erasures.size() < kEraseBatch) return {};
  }
}

void LevelDbStore::start() {
  thread_ = std::thread([this] { work(); });
}

void LevelDbStore::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  std::deque<Job> left;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    left.swap(jobs_);
  }
  // Only when start() was never called.
  for (auto& job : left) {
    if (job.refuse) job.refuse();
  }
}

void LevelDbStore::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) {
      stopped_ = true;
      return;
    }
    std::deque<Job> batch;
    batch.swap(jobs_);
    lock.unlock();
    for (auto& job : batch) job.execute();
    lock.lock();
  }
}

void LevelDbStore::enqueue(Job job) {
  std::unique_lock lock(mutex_);
  if (stopped_) {
    lock.unlock();
    if (job.refuse) job.refuse();
    return;
  }
  const bool wake = jobs_.empty();
  jobs_.push_back(std::move(job));
  lock.unlock();
  if (wake) wake_.notify_one();
}

void LevelDbStore::write(WriteSet writes, bool sync, Executor& reply_to, std::function<void(Status)> done) {
  // Shared: one of the two halves of the job uses them.
  auto answer = std::make_shared<std::function<void(Status)>>(std::move(done));
  const auto reply = [&reply_to, answer](Status status) {
    if (*answer) reply_to.post([answer, status = std::move(status)] { (*answer)(status); });
  };
  enqueue({[this, reply, sync, writes = std::move(writes)] { reply(write_now(writes, sync)); },
           [reply] {
             reply(Error{Code::stopping, "the store has stopped"});
           }});
}

void LevelDbStore::get(std::string key, Executor& reply_to, std::function<void(Result<std::string>)> done) {
  auto answer = std::make_shared<std::function<void(Result<std::string>)>>(std::move(done));
  const auto reply = [&reply_to, answer](Result<std::string> result) {
    if (*answer) reply_to.post([answer, result = std::move(result)]() mutable { (*answer)(std::move(result)); });
  };
  enqueue({[this, reply, key = std::move(key)] { reply(get_now(key)); },
           [reply] {
             reply(Error{Code::stopping, "the store has stopped"});
           }});
}

void LevelDbStore::run(Task task) { enqueue({std::move(task), nullptr}); }

}  // namespace switchyard::store
