// Kv holds the small durable records of the whole server: namespaces, credentials, stream
// definitions, plugin records.  Keys are bytes; rooms and plugins own prefixes.
//
// Lane 0 is the authority: it checks conditions, writes to the journal and, once durable, applies the
// change on every lane before the caller is answered, so a reader on any connection sees its own
// writes and a read costs one look-up in the lane's own copy.  Watches run on each lane as a change
// is applied there, also while the journal is replayed.
//
// The revision of a change is its number in the order of all changes; the revision that created a
// record is a name that is never reused (stream ids are made of it).
//
// Failure: Code::conflict when a condition does not hold, Code::not_found for a record whose owner was just
// erased with its prefix, otherwise what the journal said; nothing of
// a refused commit is applied.
//
// Thread: commit() on any lane; get/scan/watch on the lane that is named.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/executor.h"
#include "kernel/base/result.h"
#include "kernel/store/lane_log.h"
#include "kernel/store/store.h"

namespace switchyard::store {

struct KvEntry {
  std::shared_ptr<const std::string> value;
  std::uint64_t revision = 0;  // Of the last change.
  std::uint64_t created = 0;   // Of the change that created it; never reused.
};

struct KvOp {
  static constexpr std::uint64_t kAny = ~0ull;
  std::string key;
  std::optional<std::string> value;      // No value erases.
  std::uint64_t expect_revision = kAny;  // 0 = must not exist.
  // `key` is a prefix, without value: everything under it goes, in one record of the journal however much
  // that is.  Its condition is none, or 0: nothing must be there.  Changes under the prefix that other lanes sent
  // before they saw it are refused with Code::not_found.
  bool prefix = false;
};

class Kv {
 public:
  // Called on each lane for each applied change; `entry` is null when the record is gone.
  using Watch = std::function<void(std::string_view key, const KvEntry* entry)>;

  explicit Kv(std::size_t lanes);
  ~Kv();

  // ---- start-up [control], in this order; replay() between load() and start() ----
  Status load(Store& store);
  void replay_put(ByteReader& body);
  void replay_erase(ByteReader& body);
  void replay_erase_prefix(ByteReader& body);
  // logs[i] writes for lane i; only logs[0] is used, the authority's.
  void start(std::vector<Executor*> lanes, LaneLog& authority_log);

  // [control, before start(), or on that lane] Future changes under `prefix`; replays the present ones.
  void watch(std::size_t lane, std::string prefix, Watch watch);

  // ---- reads [lane] ----
  const KvEntry* get(std::size_t lane, std::string_view key) const;
  // Visits keys with `prefix` that are >= from, in order, until the visitor returns false.
  void scan(std::size_t lane, std::string_view prefix, std::string_view from,
            const std::function<bool(std::string_view key, const KvEntry& entry)>& visit) const;

  // ---- writes [any lane] ----
  // All or nothing.  `done` runs on `lane` after every lane has applied the change, with its revision.
  using Done = std::function<void(Result<std::uint64_t>)>;
  void commit(std::size_t lane, std::vector<KvOp> ops, Done done);

  // ---- checkpoint [lane 0] ----
  void collect_dirty(WriteSet& out);
  // Those writes did not reach the store: they stay dirty.
  void collect_failed(const WriteSet& writes);
  bool dirty() const { return !dirty_.empty(); }

 private:
  struct CommitOp;
  struct RefusedOp;
  struct Change {
    std::string key;
    std::optional<KvEntry> entry;
  };
  struct Lane {
    std::map<std::string, KvEntry, std::less<>> entries;
    std::vector<std::pair<std::string, Watch>> watches;
  };
  void commit_on_authority(std::size_t reply_lane, std::vector<KvOp> ops, Done done);
  // What `op` erases, given everything that was submitted.
  std::vector<std::string> keys_under(std::string_view prefix) const;
  bool fenced(std::string_view key) const;
  void unfence(std::uint64_t revision);
  void refuse(std::size_t reply_lane, Done done, Error error);
  void apply(std::size_t lane, const std::vector<Change>& changes);
  void publish(std::shared_ptr<const std::vector<Change>> changes, std::uint64_t revision, std::size_t reply_lane,
               Done done);

  std::vector<Lane> lanes_;
  std::vector<Executor*> executors_;
  LaneLog* log_ = nullptr;
  // Authority only: records written but not yet applied, by key; null = being erased.
  std::map<std::string, std::pair<std::optional<KvEntry>, std::uint32_t>, std::less<>> submitted_;
  // Authority only: prefixes erased by a change (its revision) that some lane may not have seen yet.
  std::vector<std::pair<std::uint64_t, std::string>> fences_;
  std::uint64_t last_revision_ = 0;
  std::set<std::string, std::less<>> dirty_;
};

}  // namespace switchyard::store
