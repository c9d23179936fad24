#include "kernel/journal/preparer.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <utility>

#include "kernel/base/log.h"

namespace switchyard::journal {
namespace {

constexpr std::int64_t kRetryMs = 1000;
constexpr std::uint32_t kZeroChunk = 1u << 20;
// A long run of dirty pages would make the committer's next sync wait behind it.
constexpr std::uint32_t kSyncEvery = 8u << 20;

Status write_one(File& file, std::uint64_t offset, std::string_view bytes) {
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return file.write(offset, {&part, 1});
}

}  // namespace

std::uint64_t random_salt() {
  std::uint64_t salt = 0;
  while (::getrandom(&salt, sizeof salt, 0) != sizeof salt) {
    if (errno == EINTR) continue;
    std::random_device device;  // A kernel without the call.
    return (std::uint64_t{device()} << 32) | device();
  }
  return salt;
}

void Preparer::start() {
  stopping_ = false;
  look_ = true;
  thread_ = std::thread([this] { run(); });
}

void Preparer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  done_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Preparer::wake() {
  {
    const std::lock_guard lock(mutex_);
    look_ = true;
  }
  work_.notify_one();
}

void Preparer::retry() {
  const std::int64_t now = clock_.mono_ms();
  {
    const std::lock_guard lock(mutex_);
    if (now - failed_at_ms_ < kRetryMs) return;
    failed_at_ms_ = now;
    look_ = true;
  }
  work_.notify_one();
}

Status Preparer::prepare_now(std::uint64_t min_bytes) { return make_one(min_bytes); }

bool Preparer::wait_for_attempt(std::unique_lock<std::mutex>& lock, Status& failure) {
  if (stopping_ || !thread_.joinable()) {
    failure = Error{Code::stopping, "the journal is stopping"};
    return false;
  }
  // While short of space the last failure answers at once; retry() says when to look again.
  if (short_of_space_) {
    failure = trouble_;
    return false;
  }
  look_ = true;
  work_.notify_one();
  done_.wait(lock);
  return true;
}

Result<std::shared_ptr<Segment>> Preparer::next(std::uint64_t min_bytes) {
  std::unique_lock lock(mutex_);
  Status failure;
  do {
    // The set has its own lock, which may be taken inside this one but never the other way round.
    if (auto segment = segments_.take_ready(min_bytes)) {
      asked_ = 0;
      look_ = true;
      work_.notify_one();  // Makes the one after it.
      return segment;
    }
    asked_ = min_bytes;
  } while (wait_for_attempt(lock, failure));
  asked_ = 0;
  return std::move(failure).error();
}

Status Preparer::wait_for_room(std::uint64_t ready_bytes) {
  std::unique_lock lock(mutex_);
  Status failure;
  do {
    if (segments_.ready_bytes() >= ready_bytes) {
      asked_room_ = 0;
      return {};
    }
    asked_room_ = ready_bytes;
  } while (wait_for_attempt(lock, failure));
  asked_room_ = 0;
  return failure;
}

void Preparer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return look_ || stopping_; });
    if (stopping_) return;
    look_ = false;
    const std::uint64_t asked = asked_;
    const std::uint64_t asked_room = asked_room_;
    lock.unlock();
    Status made;
    bool tried = false;
    while (made.ok() && wants_more(asked, asked_room)) {
      made = make_one(asked);
      tried = true;
      done_.notify_all();
    }
    remove_surplus();
    lock.lock();
    if (made.code() == Code::stopping) return;  // No trouble: what was half made is gone again.
    if (!made.ok()) {
      if (!short_of_space_) {
        log::warn("journal.no_space_for_segments",
                  {{"code", code_name(made.code())}, {"reason", made.error().message}});
      }
      trouble_ = made.error();
      failed_at_ms_ = clock_.mono_ms();
      short_of_space_ = true;
    } else if (short_of_space_) {
      if (tried) log::info("journal.space_returned");
      short_of_space_ = false;
    }
    done_.notify_all();
  }
}

bool Preparer::wants_more(std::uint64_t asked, std::uint64_t asked_room) const {
  if (asked > 0 && !segments_.ready_fits(asked)) return true;
  const std::uint64_t ready = segments_.ready_bytes();
  if (ready == 0 || ready < asked_room) return true;
  // A segment beyond the reserve, so that ordinary batches need not wait for it.  An eighth less,
  // because headers take their part of a segment that is as large as it should be.
  const std::uint64_t reserve = segments_.options().reserve_bytes;
  return ready < reserve + std::min<std::uint64_t>(segments_.wanted_bytes(), reserve) - reserve / 8;
}

void Preparer::remove_surplus() {
  for (const Spare& spare : segments_.take_surplus()) {
    // If the removal does not survive a power cut, the file comes back as what it is: dead.
    const Status removed = segments_.files().remove(segments_.path(spare.name));
    if (!removed.ok()) log::warn("journal.remove_failed", {{"file", spare.name}, {"reason", removed.error().message}});
  }
}

Status Preparer::make_one(std::uint64_t min_bytes) {
  const Options& options = segments_.options();
  const std::uint64_t wanted = segments_.wanted_bytes();
  const std::uint64_t floor = std::max<std::uint64_t>(min_bytes, wanted / 2);
  Spare spare = segments_.take_spare(floor, std::max<std::uint64_t>(floor, wanted * 4));
  if (!spare.name.empty()) return recycle(std::move(spare));

  std::uint64_t bytes = std::max(wanted, round_up(min_bytes, kPageBytes));
  while (true) {
    Status made = create(static_cast<std::uint32_t>(bytes));
    if (made.ok() || made.code() != Code::quota) return made;
    // A smaller one may still fit on the disk.
    const std::uint64_t half = round_up(bytes / 2, kPageBytes);
    if (half < std::max<std::uint64_t>(min_bytes, options.first_segment_bytes) || half >= bytes) {
      spare = segments_.take_spare(min_bytes, UINT32_MAX);
      return spare.name.empty() ? made : recycle(std::move(spare));
    }
    bytes = half;
  }
}

Status Preparer::recycle(Spare spare) {
  FileSystem& files = segments_.files();
  // A segment's name must never stand on a header that is being written: first the file loses its
  // old name for good, then it gets a new header, then a new name.
  if (const std::uint32_t number = parse_segment_name(spare.name); number != 0) {
    const std::string name = spare_name(number);
    if (Status s = files.rename(segments_.path(spare.name), segments_.path(name)); !s.ok()) return s;
    if (Status s = files.sync_directory(segments_.options().directory); !s.ok()) return s;
    spare.name = name;
  }
  auto file = files.open(segments_.path(spare.name), false);
  if (!file) return std::move(file).error();
  Status s = christen(std::move(*file), spare.name, spare.bytes);
  if (s.ok()) {
    recycled_.fetch_add(1, std::memory_order_relaxed);
  } else {
    (void)files.remove(segments_.path(spare.name));  // A file that cannot be written is no spare.
  }
  return s;
}

Status Preparer::create(std::uint32_t bytes) {
  FileSystem& files = segments_.files();
  const std::string name(kFreshName);
  auto file = files.open(segments_.path(name), true);
  if (!file) return std::move(file).error();
  Status s = fill_with_zeros(**file, bytes);
  if (s.ok()) s = christen(std::move(*file), name, bytes);
  if (!s.ok()) {
    (void)files.remove(segments_.path(name));  // Gives the space back; the first error is the one to tell.
    return s;
  }
  created_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Status Preparer::fill_with_zeros(File& file, std::uint32_t bytes) {
  std::uint32_t unsynced = 0;
  for (std::uint32_t at = 0; at < bytes;) {
    if (stopping_.load(std::memory_order_relaxed)) return Error{Code::stopping, "the journal is stopping"};
    const std::uint32_t n = std::min(kZeroChunk, bytes - at);
    if (Status s = file.write_zeros(at, n); !s.ok()) return s;
    at += n;
    unsynced += n;
    if (unsynced < kSyncEvery) continue;
    if (Status s = file.sync(); !s.ok()) return s;
    unsynced = 0;
  }
  return {};
}

Status Preparer::christen(std::unique_ptr<File> file, const std::string& name, std::uint32_t bytes) {
  SegmentHeader header;
  header.number = segments_.take_number();
  if (header.number == 0) return Error{Code::io, "journal: all 4294967294 segment numbers are used up"};
  header.salt = random_salt();
  header.bytes = bytes;
  if (Status s = write_one(*file, 0, encode_segment_header(header)); !s.ok()) return s;
  if (Status s = file->sync(); !s.ok()) return s;
  FileSystem& files = segments_.files();
  if (Status s = files.rename(segments_.path(name), segments_.path(segment_name(header.number))); !s.ok()) return s;
  if (Status s = files.sync_directory(segments_.options().directory); !s.ok()) {
    (void)files.remove(segments_.path(segment_name(header.number)));
    return s;
  }
  // Opened again by its new name, which is what later errors should say.
  auto renamed = files.open(segments_.path(segment_name(header.number)), false);
  if (!renamed) return std::move(renamed).error();
  auto segment = std::make_shared<Segment>(header, kSegmentHeaderBytes);
  segment->file = std::move(*renamed);
  segments_.add(std::move(segment), Segment::State::ready);
  return {};
}

}  // namespace switchyard::journal
