// SimulatedDisk is a FileSystem in memory that loses power.
//
// Written bytes stay apart from synced ones until sync() succeeds.  At a crash each 512-byte sector of
// every unsynced write survives or not on its own, so writes are dropped, torn and reordered; file
// sizes and directory changes that were not synced may vanish too.  A failed sync marks pages clean
// without writing them, as Linux does: they can be read until power is lost, and a later sync does
// not save them.
//
// Reusable: anything above kernel/journal/file.h can be tested on it.
//
// Thread: any, one lock.  reboot() and the other test controls while no file is in use.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/journal/file.h"

namespace switchyard::test {

class SimulatedDisk final : public journal::FileSystem {
 public:
  static constexpr std::uint64_t kNever = UINT64_MAX;
  static constexpr std::size_t kSector = 512;

  // ---- FileSystem ----
  Status make_directory(const std::string&) override {
    const std::lock_guard lock(mutex_);
    return change();
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::lock_guard lock(mutex_);
    if (crashed_) return powerless();
    std::vector<std::string> names;
    for (const auto& [path, inode] : entries_) {
      if (parent(path) == directory) names.push_back(path.substr(directory.size() + 1));
    }
    return names;
  }

  Result<std::unique_ptr<journal::File>> open(const std::string& path, bool create) override {
    const std::lock_guard lock(mutex_);
    if (crashed_) return powerless();
    auto at = entries_.find(path);
    if (at == entries_.end()) {
      if (!create) return Error{Code::not_found, "cannot open " + path + ": no such file"};
      if (Status s = change(); !s.ok()) return std::move(s).error();
      at = entries_.emplace(path, std::make_shared<Inode>()).first;
      pending_.push_back({Change::create, path, "", at->second});
    }
    return std::unique_ptr<journal::File>(std::make_unique<Handle>(*this, at->second, path));
  }

  Status rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    if (Status s = change(); !s.ok()) return s;
    const auto at = entries_.find(from);
    if (at == entries_.end()) return Error{Code::not_found, "cannot rename " + from + ": no such file"};
    const auto inode = at->second;
    entries_.erase(at);
    entries_[to] = inode;
    pending_.push_back({Change::rename, from, to, inode});
    return {};
  }

  Status remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (Status s = change(); !s.ok()) return s;
    const auto at = entries_.find(path);
    if (at == entries_.end()) return Error{Code::not_found, "cannot remove " + path + ": no such file"};
    pending_.push_back({Change::remove, path, "", at->second});
    entries_.erase(at);
    return {};
  }

  Status sync_directory(const std::string& directory) override {
    const std::lock_guard lock(mutex_);
    if (Status s = change(); !s.ok()) return s;
    if (lies_of_ && lies_of_(directory)) return {};
    std::vector<Change> rest;
    for (Change& c : pending_) {
      if (parent(c.path) == directory) {
        apply(c);
      } else {
        rest.push_back(std::move(c));
      }
    }
    pending_ = std::move(rest);
    return {};
  }

  // ---- test controls ----
  // Power fails at the n-th change from now (0: at the next one).
  void crash_after(std::uint64_t changes) {
    const std::lock_guard lock(mutex_);
    changes_left_ = changes;
  }
  bool crashed() const {
    const std::lock_guard lock(mutex_);
    return crashed_;
  }
  // Cuts the power if it is still on and starts again with what survived.
  void reboot(std::mt19937_64& random) {
    const std::lock_guard lock(mutex_);
    const double survival = pick_survival(random);
    keep_some_changes(random, survival);
    entries_ = durable_entries_;
    for (auto& [path, inode] : entries_) inode->lose_power(random, survival);
    pending_.clear();
    power_on();
  }
  // The process dies, the machine does not: the page cache stays.
  void kill_process() {
    const std::lock_guard lock(mutex_);
    power_on();
  }

  // From the n-th sync on (0: the next one) each sync of a file fails and its pages become clean unwritten.
  // A `path` limits it to one file.
  void fail_syncs_after(std::uint64_t syncs, const std::string& path = "") {
    const std::lock_guard lock(mutex_);
    syncs_left_ = syncs;
    sync_fault_file_ = path.empty() ? nullptr : entries_.at(path);
  }
  // sync() says yes and does nothing: what a power-loss test must notice.
  void lie_about_syncs(bool lie) {
    const std::lock_guard lock(mutex_);
    lying_ = lie;
  }
  // The same for some files and folders only, by their path.
  void lie_about_syncs_of(std::function<bool(std::string_view path)> these) {
    const std::lock_guard lock(mutex_);
    lies_of_ = std::move(these);
  }
  // Bytes all files together may have; writes that need more fail with Code::quota.
  void set_capacity(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    capacity_ = bytes;
  }
  // The n-th write to `path` from now (0: the next one) writes all but its last byte and fails with this code.
  void fail_write_after(std::uint64_t writes, Code code, const std::string& path) {
    const std::lock_guard lock(mutex_);
    writes_left_ = writes;
    write_fault_ = code;
    write_fault_file_ = entries_.at(path);
  }
  // read_nowait() says Code::busy.
  void set_nothing_in_memory(bool cold) {
    const std::lock_guard lock(mutex_);
    cold_ = cold;
  }
  // Called before every sync with the file's path, outside the lock.
  void set_before_sync(std::function<void(const std::string&)> hook) {
    const std::lock_guard lock(mutex_);
    before_sync_ = std::move(hook);
  }

  // ---- looking at and damaging the medium ----
  std::vector<std::string> paths() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [path, inode] : entries_) all.push_back(path);
    return all;
  }
  std::string contents(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(path);
    return at == entries_.end() ? std::string() : at->second->cached;
  }
  void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    for (std::string* copy : {&entries_.at(path)->cached, &entries_.at(path)->durable}) {
      if (copy->size() < offset + bytes.size()) copy->resize(offset + bytes.size(), '\0');
      copy->replace(offset, bytes.size(), bytes);
    }
  }
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
    const std::lock_guard lock(mutex_);
    for (std::string* copy : {&entries_.at(path)->cached, &entries_.at(path)->durable}) {
      if (offset < copy->size()) (*copy)[offset] = static_cast<char>((*copy)[offset] ^ (1u << bit));
    }
  }
  void truncate(const std::string& path, std::uint64_t size) {
    const std::lock_guard lock(mutex_);
    for (std::string* copy : {&entries_.at(path)->cached, &entries_.at(path)->durable}) copy->resize(size, '\0');
  }
  // All files as they are, to be put back later; both need a disk that nobody uses.
  using Image = std::map<std::string, std::string>;
  Image image() const {
    const std::lock_guard lock(mutex_);
    Image all;
    for (const auto& [path, inode] : entries_) all[path] = inode->cached;
    return all;
  }
  void load(const Image& image) {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    pending_.clear();
    for (const auto& [path, bytes] : image) {
      entries_[path] = std::make_shared<Inode>();
      entries_[path]->cached = entries_[path]->durable = bytes;
    }
    durable_entries_ = entries_;
    power_on();
  }
  std::uint64_t used_bytes() const {
    const std::lock_guard lock(mutex_);
    return used();
  }
  std::uint64_t reads() const { return count(reads_); }
  std::uint64_t writes() const { return count(writes_); }
  std::uint64_t syncs() const { return count(syncs_); }

 private:
  struct Inode {
    std::string durable;
    std::string cached;
    struct Write {
      std::uint64_t offset;
      std::string bytes;
    };
    std::vector<Write> unsynced;

    void write(std::uint64_t offset, std::string bytes) {
      if (cached.size() < offset + bytes.size()) cached.resize(offset + bytes.size(), '\0');
      cached.replace(offset, bytes.size(), bytes);
      unsynced.push_back({offset, std::move(bytes)});
    }
    static void put(std::string& medium, std::uint64_t offset, std::string_view bytes) {
      if (medium.size() < offset + bytes.size()) medium.resize(offset + bytes.size(), '\0');
      medium.replace(offset, bytes.size(), bytes);
    }
    void sync() {
      for (const Write& w : unsynced) put(durable, w.offset, w.bytes);
      unsynced.clear();
    }
    void lose_power(std::mt19937_64& random, double survival) {
      std::bernoulli_distribution survives(survival);
      for (const Write& w : unsynced) {
        for (std::size_t at = 0; at < w.bytes.size();) {
          const std::size_t n = std::min(w.bytes.size() - at, kSector - (w.offset + at) % kSector);
          if (survives(random)) put(durable, w.offset + at, std::string_view(w.bytes).substr(at, n));
          at += n;
        }
      }
      unsynced.clear();
      cached = durable;
    }
  };

  struct Change {
    enum Kind { create, rename, remove } kind;
    std::string path;
    std::string to;
    std::shared_ptr<Inode> inode;
  };

  class Handle final : public journal::File {
   public:
    Handle(SimulatedDisk& disk, std::shared_ptr<Inode> inode, std::string path)
        : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), life_(disk.life_) {}

    Status write(std::uint64_t offset, std::span<const iovec> parts) override {
      const std::lock_guard lock(disk_.mutex_);
      if (disk_.crashed_ || life_ != disk_.life_) return powerless();
      std::string bytes;
      for (const iovec& part : parts) bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
      const std::uint64_t end = offset + bytes.size();
      const std::uint64_t growth = end > inode_->cached.size() ? end - inode_->cached.size() : 0;
      if (growth > 0 && disk_.used() + growth > disk_.capacity_) {
        return Error{Code::quota, "cannot write " + path_ + ": no space left on device"};
      }
      ++disk_.writes_;
      if (inode_ == disk_.write_fault_file_ && disk_.writes_left_ != kNever && disk_.writes_left_-- == 0) {
        disk_.writes_left_ = kNever;
        inode_->write(offset, bytes.substr(0, bytes.size() - 1));
        return Error{disk_.write_fault_, "cannot write " + path_ + ": simulated fault"};
      }
      // A write that the power cut interrupts is in flight: some of it may arrive.
      inode_->write(offset, std::move(bytes));
      return disk_.change();
    }

    Status sync() override {
      std::function<void(const std::string&)> hook;
      {
        const std::lock_guard lock(disk_.mutex_);
        hook = disk_.before_sync_;
      }
      if (hook) hook(path_);
      const std::lock_guard lock(disk_.mutex_);
      if (life_ != disk_.life_) return powerless();
      if (Status s = disk_.change(); !s.ok()) return s;
      ++disk_.syncs_;
      if (disk_.lies(path_)) return {};
      if (disk_.sync_fault_file_ == nullptr || disk_.sync_fault_file_ == inode_) {
        if (disk_.syncs_left_ == 0) {
          inode_->unsynced.clear();
          return Error{Code::io, "cannot sync " + path_ + ": input/output error"};
        }
        if (disk_.syncs_left_ != kNever) --disk_.syncs_left_;
      }
      inode_->sync();
      return {};
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<char> out) const override {
      const std::lock_guard lock(disk_.mutex_);
      if (disk_.crashed_ || life_ != disk_.life_) return powerless();
      ++disk_.reads_;
      if (offset >= inode_->cached.size()) return std::size_t{0};
      const std::size_t n = std::min<std::size_t>(out.size(), inode_->cached.size() - offset);
      std::memcpy(out.data(), inode_->cached.data() + offset, n);
      return n;
    }

    Result<std::size_t> read_nowait(std::uint64_t offset, std::span<char> out) const override {
      {
        const std::lock_guard lock(disk_.mutex_);
        if (disk_.cold_) return Error{Code::busy, "not in memory: " + path_};
      }
      return read(offset, out);
    }

    Result<std::uint64_t> size() const override {
      const std::lock_guard lock(disk_.mutex_);
      if (disk_.crashed_ || life_ != disk_.life_) return powerless();
      return std::uint64_t{inode_->cached.size()};
    }

   private:
    SimulatedDisk& disk_;
    const std::shared_ptr<Inode> inode_;
    const std::string path_;
    const std::uint64_t life_;
  };

  static Error powerless() { return {Code::io, "the simulated machine has no power"}; }
  static std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

  Status change() {
    if (crashed_) return powerless();
    if (changes_left_ == 0) {
      crashed_ = true;
      return powerless();
    }
    if (changes_left_ != kNever) --changes_left_;
    return {};
  }

  bool lies(const std::string& path) const { return lying_ || (lies_of_ && lies_of_(path)); }

  void apply(const Change& c) {
    const auto at = durable_entries_.find(c.path);
    const bool there = at != durable_entries_.end() && at->second == c.inode;
    if (c.kind == Change::create) {
      durable_entries_[c.path] = c.inode;
    } else if (there) {
      durable_entries_.erase(at);
      if (c.kind == Change::rename) durable_entries_[c.to] = c.inode;
    }
  }

  // All, nothing and everything between them happen often enough to be tested.
  static double pick_survival(std::mt19937_64& random) {
    constexpr double kChoices[] = {0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0};
    return kChoices[random() % std::size(kChoices)];
  }

  void keep_some_changes(std::mt19937_64& random, double survival) {
    const bool in_order = random() % 2 == 0;
    std::bernoulli_distribution survives(survival);
    for (const Change& c : pending_) {
      if (survives(random)) {
        apply(c);
      } else if (in_order) {
        return;  // A journaling file system: what came later is lost too.
      }
    }
  }

  void power_on() {
    ++life_;
    crashed_ = false;
    changes_left_ = kNever;
    syncs_left_ = kNever;
  }

  std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, inode] : entries_) bytes += inode->cached.size();
    return bytes;
  }

  std::uint64_t count(const std::uint64_t& counter) const {
    const std::lock_guard lock(mutex_);
    return counter;
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Inode>> entries_;  // As a running program sees them.
  std::map<std::string, std::shared_ptr<Inode>> durable_entries_;
  std::vector<Change> pending_;  // Directory changes that were not synced, in order.
  bool crashed_ = false;
  bool lying_ = false;
  std::function<bool(std::string_view)> lies_of_;
  bool cold_ = false;
  std::uint64_t life_ = 0;  // Handles of an earlier life are dead.
  std::uint64_t changes_left_ = kNever;
  std::uint64_t syncs_left_ = kNever;
  std::uint64_t writes_left_ = kNever;
  Code write_fault_ = Code::io;
  std::shared_ptr<Inode> write_fault_file_, sync_fault_file_;
  std::uint64_t capacity_ = UINT64_MAX;
  mutable std::uint64_t reads_ = 0;
  std::uint64_t writes_ = 0;
  std::uint64_t syncs_ = 0;
  std::function<void(const std::string&)> before_sync_;
};

}  // namespace switchyard::test
