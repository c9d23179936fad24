#include "kernel/store/kv.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "kernel/store/record.h"

namespace switchyard::store {
namespace {

constexpr std::uint16_t kShard = 0;  // Definitions of all namespaces share one order.
constexpr char kImagePrefix = 'k';

std::string encode_entry(const KvEntry& entry) {
  std::string out;
  ByteWriter w(out);
  w.varint(entry.revision);
  w.varint(entry.created);
  w.bytes(*entry.value);
  return out;
}

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

}  // namespace

struct Kv::CommitOp final : LaneLog::Op {
  Kv& kv;
  std::shared_ptr<std::vector<Change>> changes;
  std::uint64_t revision;
  std::size_t reply_lane;
  Done done;
  CommitOp(Kv& k, std::shared_ptr<std::vector<Change>> c, std::uint64_t r, std::size_t lane, Done d)
      : kv(k), changes(std::move(c)), revision(r), reply_lane(lane), done(std::move(d)) {}

  void complete(const Status& status, std::uint32_t, std::uint32_t) override {
    for (const auto& change : *changes) {
      const auto it = kv.submitted_.find(change.key);
      if (it != kv.submitted_.end() && --it->second.second == 0) kv.submitted_.erase(it);
    }
    if (!status) {
      kv.unfence(revision);
      kv.executors_[reply_lane]->post([done = std::move(done), status] { done(Error(status.error())); });
      return;
    }
    kv.publish(changes, revision, reply_lane, std::move(done));
  }
};

// Says no in its turn: by then the change that it lost to is applied, or was refused itself.
struct Kv::RefusedOp final : LaneLog::Op {
  Executor& reply_to;
  Done done;
  Error error;
  RefusedOp(Executor& executor, Done d, Error e) : reply_to(executor), done(std::move(d)), error(std::move(e)) {}

  void complete(const Status&, std::uint32_t, std::uint32_t) override {
    reply_to.post([done = std::move(done), error = std::move(error)] { done(error); });
  }
};

Kv::Kv(std::size_t lanes) : lanes_(lanes) {}
Kv::~Kv() = default;

Status Kv::load(Store& store) {
  bool malformed = false;
  auto status = store.scan_now(std::string(1, kImagePrefix), [&](std::string_view key, std::string_view value) {
    ByteReader r(value);
    KvEntry entry;
    entry.revision = r.varint();
    entry.created = r.varint();
    entry.value = std::make_shared<const std::string>(r.bytes(r.remaining()));
    malformed = malformed || r.failed();
    last_revision_ = std::max(last_revision_, entry.revision);
    const Change change{std::string(key.substr(1)), std::move(entry)};
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) apply(lane, {change});
    return !malformed;
  });
  if (!status) return status;
  if (malformed)
    return Error{Code::corrupt, "the store holds a key-value image that cannot be decoded; run switchyard fsck"};
  // Images follow the journal, so loading them makes nothing dirty.
  dirty_.clear();
  auto revision = store.get_now("r");
  if (revision) {
    ByteReader r(*revision);
    last_revision_ = std::max(last_revision_, r.varint());
  } else if (revision.code() != Code::not_found) {
    return Error(revision.error());
  }
  return {};
}

void Kv::replay_put(ByteReader& body) {
  Change change;
  KvEntry entry;
  entry.revision = body.varint();
  entry.created = body.varint();
  change.key = body.string();
  entry.value = std::make_shared<const std::string>(body.string());
  last_revision_ = std::max(last_revision_, entry.revision);
  change.entry = std::move(entry);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) apply(lane, {change});
}

void Kv::replay_erase(ByteReader& body) {
  Change change;
  last_revision_ = std::max(last_revision_, body.varint());
  change.key = body.string();
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) apply(lane, {change});
}

void Kv::replay_erase_prefix(ByteReader& body) {
  last_revision_ = std::max(last_revision_, body.varint());
  std::vector<Change> changes;
  for (auto& key : keys_under(body.string())) changes.push_back({std::move(key), std::nullopt});
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) apply(lane, changes);
}

void Kv::start(std::vector<Executor*> lanes, LaneLog& authority_log) {
  executors_ = std::move(lanes);
  log_ = &authority_log;
}

void Kv::watch(std::size_t lane, std::string prefix, Watch watch) {
  scan(lane, prefix, prefix, [&](std::string_view key, const KvEntry& entry) {
    watch(key, &entry);
    return true;
  });
  lanes_[lane].watches.emplace_back(std::move(prefix), std::move(watch));
}

const KvEntry* Kv::get(std::size_t lane, std::string_view key) const {
  const auto& entries = lanes_[lane].entries;
  const auto it = entries.find(key);
  return it == entries.end() ? nullptr : &it->second;
}

void Kv::scan(std::size_t lane, std::string_view prefix, std::string_view from,
              const std::function<bool(std::string_view, const KvEntry&)>& visit) const {
  const auto& entries = lanes_[lane].entries;
  for (auto it = entries.lower_bound(std::max(prefix, from)); it != entries.end(); ++it) {
    if (!starts_with(it->first, prefix) || !visit(it->first, it->second)) return;
  }
}

void Kv::commit(std::size_t lane, std::vector<KvOp> ops, Done done) {
  if (lane == 0) {
    commit_on_authority(0, std::move(ops), std::move(done));
    return;
  }
  executors_[0]->post([this, lane, ops = std::move(ops), done = std::move(done)]() mutable {
    commit_on_authority(lane, std::move(ops), std::move(done));
  });
}

std::vector<std::string> Kv::keys_under(std::string_view prefix) const {
  std::set<std::string> keys;
  scan(0, prefix, prefix, [&](std::string_view key, const KvEntry&) {
    keys.emplace(key);
    return true;
  });
  for (auto it = submitted_.lower_bound(prefix); it != submitted_.end() && starts_with(it->first, prefix); ++it) {
    if (it->second.first) {
      keys.insert(it->first);
    } else {
      keys.erase(it->first);
    }
  }
  return {keys.begin(), keys.end()};
}

bool Kv::fenced(std::string_view key) const {
  return std::any_of(fences_.begin(), fences_.end(), [&](const auto& f) { return starts_with(key, f.second); });
}

void Kv::unfence(std::uint64_t revision) {
  std::erase_if(fences_, [revision](const auto& fence) { return fence.first == revision; });
}

void Kv::refuse(std::size_t reply_lane, Done done, Error error) {
  log_->commit(kShard, std::make_unique<RefusedOp>(*executors_[reply_lane], std::move(done), std::move(error)), true);
}

void Kv::commit_on_authority(std::size_t reply_lane, std::vector<KvOp> ops, Done done) {
  // What the record will be once everything submitted is durable.
  const auto current = [this](std::string_view key) -> const KvEntry* {
    if (const auto it = submitted_.find(key); it != submitted_.end()) {
      return it->second.first ? &*it->second.first : nullptr;
    }
    return get(0, key);
  };
  std::size_t bytes = 0;
  for (const auto& op : ops) {
    bytes += op.key.size() + (op.value ? op.value->size() : 0) + 64;
    if (op.value && fenced(op.key)) {
      return refuse(reply_lane, std::move(done),
                    Error{Code::not_found, "what the record belongs to was deleted in the meantime"});
    }
    if (op.expect_revision == KvOp::kAny) continue;
    const auto* entry = op.prefix ? nullptr : current(op.key);
    if (op.prefix ? keys_under(op.key).empty() : (entry != nullptr ? entry->revision : 0) == op.expect_revision)
      continue;
    return refuse(reply_lane, std::move(done),
                  Error{Code::conflict, "the record was changed in the meantime; read it again and retry"});
  }
  const bool erases = std::all_of(ops.begin(), ops.end(), [](const KvOp& op) { return !op.value; });
  const std::uint64_t revision = ++last_revision_;
  auto changes = std::make_shared<std::vector<Change>>();
  log_->reserve(kShard, bytes, erases);
  const auto submit = [&](Change change) {
    auto& slot = submitted_[change.key];
    slot.first = change.entry;
    ++slot.second;
    changes->push_back(std::move(change));
  };
  for (auto& op : ops) {
    auto w = log_->begin(kShard);
    if (op.prefix) {
      w.u8(static_cast<std::uint8_t>(RecordType::kv_erase_prefix));
      w.varint(revision);
      w.string(op.key);
      log_->end();
      for (auto& key : keys_under(op.key)) submit({std::move(key), std::nullopt});
      fences_.emplace_back(revision, std::move(op.key));
      continue;
    }
    Change change{std::move(op.key), std::nullopt};
    const auto* before = current(change.key);
    if (op.value) {
      const std::uint64_t created = before != nullptr ? before->created : revision;
      change.entry = KvEntry{std::make_shared<const std::string>(std::move(*op.value)), revision, created};
      w.u8(static_cast<std::uint8_t>(RecordType::kv_put));
      w.varint(revision);
      w.varint(created);
      w.string(change.key);
      w.string(*change.entry->value);
    } else {
      w.u8(static_cast<std::uint8_t>(RecordType::kv_erase));
      w.varint(revision);
      w.string(change.key);
    }
    log_->end();
    submit(std::move(change));
  }
  log_->commit(kShard, std::make_unique<CommitOp>(*this, std::move(changes), revision, reply_lane, std::move(done)),
               erases);
}

void Kv::apply(std::size_t lane, const std::vector<Change>& changes) {
  auto& state = lanes_[lane];
  for (const auto& change : changes) {
    const KvEntry* entry = nullptr;
    if (change.entry) {
      entry = &(state.entries[change.key] = *change.entry);
    } else {
      state.entries.erase(change.key);
    }
    if (lane == 0) dirty_.insert(change.key);
    for (const auto& [prefix, watch] : state.watches) {
      if (starts_with(change.key, prefix)) watch(change.key, entry);
    }
  }
}

// The caller is answered when the last lane has applied the change: read your writes anywhere.
void Kv::publish(std::shared_ptr<const std::vector<Change>> changes, std::uint64_t revision, std::size_t reply_lane,
                 Done done) {
  auto left = std::make_shared<std::atomic<std::size_t>>(lanes_.size());
  auto shared_done = std::make_shared<Done>(std::move(done));
  // A lane that has applied the change sends nothing under the erased prefix any more, and what it sent
  // before arrives here before its note does.
  const bool has_fence =
      std::any_of(fences_.begin(), fences_.end(), [revision](const auto& fence) { return fence.first == revision; });
  auto unseen = std::make_shared<std::size_t>(lanes_.size());
  const auto seen = [this, unseen, revision] {
    if (--*unseen == 0) unfence(revision);
  };
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    auto task = [this, lane, changes, revision, reply_lane, left, shared_done, has_fence, seen] {
      apply(lane, *changes);
      if (has_fence && lane != 0) executors_[0]->post(seen);
      if (has_fence && lane == 0) seen();
      if (left->fetch_sub(1) != 1) return;
      executors_[reply_lane]->post([shared_done, revision] { (*shared_done)(revision); });
    };
    if (lane == 0) {
      task();
    } else {
      executors_[lane]->post(std::move(task));
    }
  }
}

void Kv::collect_dirty(WriteSet& out) {
  for (const auto& key : dirty_) {
    const auto* entry = get(0, key);
    std::string image_key = kImagePrefix + key;
    if (entry != nullptr) {
      out.put(std::move(image_key), encode_entry(*entry));
    } else {
      out.erase(std::move(image_key));
    }
  }
  if (!dirty_.empty()) {
    std::string revision;
    ByteWriter(revision).varint(last_revision_);
    out.put("r", std::move(revision));
  }
  dirty_.clear();
}

void Kv::collect_failed(const WriteSet& writes) {
  for (const auto& entry : writes.entries()) {
    if (entry.key.front() == kImagePrefix) dirty_.insert(entry.key.substr(1));
  }
}

}  // namespace switchyard::store
