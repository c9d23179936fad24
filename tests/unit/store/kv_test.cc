#include "kernel/store/kv.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/store/record.h"
#include "tests/unit/store/fake_journal.h"

namespace switchyard::store {
namespace {

// A store in memory: the images of the last checkpoint.
class MemoryStore final : public Store {
 public:
  Result<std::string> get_now(std::string_view key) override {
    const auto it = entries.find(key);
    if (it == entries.end()) return Error{Code::not_found, "no such key"};
    return it->second;
  }
  Status scan_now(std::string_view prefix, const Visitor& visit) override {
    for (auto it = entries.lower_bound(prefix); it != entries.end() && it->first.rfind(prefix, 0) == 0; ++it) {
      if (!visit(it->first, it->second)) break;
    }
    return {};
  }
  Status write_now(const WriteSet& writes, bool) override {
    for (const auto& e : writes.entries()) {
      if (e.erased) {
        entries.erase(e.key);
      } else {
        entries[e.key] = e.value;
      }
    }
    return {};
  }
  Status erase_prefix_now(std::string_view) override { return {}; }
  void start() override {}
  void stop() override {}
  void write(WriteSet, bool, Executor&, std::function<void(Status)>) override {}
  void get(std::string, Executor&, std::function<void(Result<std::string>)>) override {}
  void run(Task) override {}

  std::map<std::string, std::string, std::less<>> entries;
};

class KvTest : public testing::Test {
 protected:
  static constexpr std::size_t kLanes = 3;
  KvTest() { reopen(); }

  // The process starts again: images, then the journal after them.
  void reopen() {
    log.reset();
    kv = std::make_unique<Kv>(kLanes);
    ASSERT_TRUE(kv->load(store));
    for (const auto& payload : journal.durable) replay(payload);
    lanes.clear();
    std::vector<Executor*> executors;
    for (std::size_t i = 0; i < kLanes; ++i) {
      lanes.push_back(std::make_unique<ManualExecutor>(clock, i));
      executors.push_back(lanes.back().get());
    }
    log = std::make_unique<LaneLog>(journal, *lanes[0], 1u << 20);
    kv->start(executors, *log);
  }
  void replay(std::string_view payload) {
    while (!payload.empty()) {
      ByteReader header(payload);
      header.u32();
      const std::size_t length = journal::kRecordHeaderBytes + header.u32();
      ByteReader body(payload.substr(journal::kRecordHeaderBytes, length - journal::kRecordHeaderBytes));
      const auto type = static_cast<RecordType>(body.u8());
      if (type == RecordType::kv_put) kv->replay_put(body);
      if (type == RecordType::kv_erase) kv->replay_erase(body);
      if (type == RecordType::kv_erase_prefix) kv->replay_erase_prefix(body);
      payload.remove_prefix(length);
    }
  }
  void checkpoint() {
    WriteSet writes;
    kv->collect_dirty(writes);
    ASSERT_TRUE(store.write_now(writes, true));
    journal.durable.clear();
  }
  void turn() {
    for (const auto& lane : lanes) lane->run();
  }
  void settle() {
    for (int i = 0; i < 6; ++i) {
      turn();
      journal.finish_all(*log);
    }
  }
  struct Answer {
    std::optional<Result<std::uint64_t>> result;
    Code code() const { return result ? result->code() : Code::timeout; }
    std::uint64_t revision() const { return **result; }
  };
  std::shared_ptr<Answer> commit(std::size_t lane, std::vector<KvOp> ops) {
    auto answer = std::make_shared<Answer>();
    kv->commit(lane, std::move(ops), [answer](Result<std::uint64_t> result) {
      EXPECT_FALSE(answer->result) << "a completion ran twice";
      answer->result = std::move(result);
    });
    return answer;
  }
  std::shared_ptr<Answer> put(std::size_t lane, const std::string& key, const std::string& value,
                              std::uint64_t expect = KvOp::kAny) {
    return commit(lane, {{key, value, expect}});
  }
  std::shared_ptr<Answer> erase(std::size_t lane, const std::string& key, std::uint64_t expect = KvOp::kAny) {
    return commit(lane, {{key, std::nullopt, expect}});
  }
  std::string get(std::size_t lane, const std::string& key) {
    const auto* entry = kv->get(lane, key);
    return entry != nullptr ? *entry->value : "(none)";
  }

  ManualClock clock;
  FakeJournal journal;
  MemoryStore store;
  std::unique_ptr<Kv> kv;
  std::vector<std::unique_ptr<ManualExecutor>> lanes;
  std::unique_ptr<LaneLog> log;
};

TEST_F(KvTest, a_change_is_answered_after_it_is_durable_and_applied_on_every_lane) {
  const auto answer = put(1, "k", "v");
  turn();
  turn();
  EXPECT_FALSE(answer->result) << "not durable yet";
  EXPECT_EQ(get(1, "k"), "(none)");
  journal.finish_all(*log);
  EXPECT_FALSE(answer->result) << "not on every lane yet";
  turn();
  turn();
  ASSERT_EQ(answer->code(), Code::ok);
  for (std::size_t lane = 0; lane < kLanes; ++lane) EXPECT_EQ(get(lane, "k"), "v");
}

TEST_F(KvTest, a_condition_that_does_not_hold_changes_nothing_of_the_commit) {
  put(0, "a", "1");
  settle();
  const auto answer = commit(2, {{"b", "2", KvOp::kAny}, {"a", "3", 0}});
  settle();
  EXPECT_EQ(answer->code(), Code::conflict);
  EXPECT_EQ(get(0, "a"), "1");
  EXPECT_EQ(get(0, "b"), "(none)");
}

TEST_F(KvTest, of_two_creations_on_their_way_one_wins_and_the_other_sees_it) {
  const auto first = put(1, "k", "first", 0);
  const auto second = put(2, "k", "second", 0);
  std::string seen;
  kv->commit(2, {{"k", "third", 0}}, [&](Result<std::uint64_t> result) {
    EXPECT_EQ(result.code(), Code::conflict);
    seen = get(2, "k");
  });
  settle();
  EXPECT_EQ(first->code(), Code::ok);
  EXPECT_EQ(second->code(), Code::conflict);
  EXPECT_EQ(seen, "first") << "who is told of a conflict can read what he lost to";
}

TEST_F(KvTest, a_refused_change_is_applied_nowhere_and_can_be_tried_again) {
  journal.full = true;
  const auto refused = put(1, "k", "v", 0);
  settle();
  EXPECT_EQ(refused->code(), Code::quota);
  for (std::size_t lane = 0; lane < kLanes; ++lane) EXPECT_EQ(get(lane, "k"), "(none)");
  journal.full = false;
  const auto again = put(1, "k", "v", 0);
  settle();
  EXPECT_EQ(again->code(), Code::ok);
}

TEST_F(KvTest, a_full_disk_still_erases) {
  put(0, "k", "v");
  settle();
  journal.full = true;
  const auto gone = erase(0, "k");
  settle();
  const auto mixed = commit(0, {{"k", std::nullopt, KvOp::kAny}, {"other", "v", KvOp::kAny}});
  settle();
  EXPECT_EQ(gone->code(), Code::ok);
  EXPECT_EQ(mixed->code(), Code::quota);
  EXPECT_EQ(get(2, "k"), "(none)");
}

TEST_F(KvTest, revisions_grow_and_the_one_that_created_a_record_stays_with_it) {
  const auto created = put(0, "k", "1");
  settle();
  const auto changed = put(0, "k", "2");
  settle();
  EXPECT_GT(changed->revision(), created->revision());
  EXPECT_EQ(kv->get(0, "k")->created, created->revision());
  EXPECT_EQ(kv->get(0, "k")->revision, changed->revision());
  erase(0, "k");
  settle();
  put(0, "k", "3");
  settle();
  EXPECT_GT(kv->get(0, "k")->created, changed->revision()) << "another record of the same name";
}

TEST_F(KvTest, changes_of_one_key_on_their_way_together_count_as_one_after_the_other) {
  put(0, "k", "1", 0);
  settle();
  const auto revision = kv->get(0, "k")->revision;
  const auto first = put(0, "k", "2", revision);
  const auto stale = put(0, "k", "3", revision);
  settle();
  EXPECT_EQ(first->code(), Code::ok);
  EXPECT_EQ(stale->code(), Code::conflict);
  EXPECT_EQ(get(1, "k"), "2");
}

TEST_F(KvTest, records_survive_a_restart_from_the_journal_alone_from_images_alone_and_from_both) {
  put(0, "a", "1");
  put(0, "b", "2");
  settle();
  reopen();
  EXPECT_EQ(get(2, "a"), "1");
  checkpoint();
  reopen();
  EXPECT_EQ(get(2, "a"), "1");
  erase(0, "a");
  put(0, "c", "3");
  settle();
  reopen();
  EXPECT_EQ(get(1, "a"), "(none)");
  EXPECT_EQ(get(1, "b"), "2");
  EXPECT_EQ(get(1, "c"), "3");
}

TEST_F(KvTest, replay_over_newer_images_ends_the_same) {
  put(0, "k", "1");
  settle();
  put(0, "k", "2");
  erase(0, "gone");
  put(0, "gone", "x");
  erase(0, "gone");
  settle();
  const auto revision = kv->get(0, "k")->revision;
  const auto created = kv->get(0, "k")->created;
  auto records = journal.durable;
  checkpoint();
  journal.durable = records;  // The images were written, the position behind them was not.
  reopen();
  EXPECT_EQ(get(0, "k"), "2");
  EXPECT_EQ(get(0, "gone"), "(none)");
  EXPECT_EQ(kv->get(0, "k")->revision, revision);
  EXPECT_EQ(kv->get(0, "k")->created, created);
}

TEST_F(KvTest, a_revision_is_never_given_twice_even_when_the_newest_record_is_gone) {
  put(0, "k", "1");
  const auto last = erase(0, "k");
  settle();
  const auto revision = last->revision();
  checkpoint();
  reopen();
  const auto next = put(0, "k", "2");
  settle();
  EXPECT_GT(next->revision(), revision);
}

TEST_F(KvTest, what_a_checkpoint_could_not_write_is_collected_again) {
  put(0, "k", "1");
  put(0, "gone", "1");
  settle();
  checkpoint();
  put(0, "k", "2");
  erase(0, "gone");
  settle();
  WriteSet lost;
  kv->collect_dirty(lost);
  kv->collect_failed(lost);
  EXPECT_TRUE(kv->dirty());
  checkpoint();
  reopen();
  EXPECT_EQ(get(0, "k"), "2");
  EXPECT_EQ(get(0, "gone"), "(none)");
}

KvOp everything_under(const std::string& prefix) { return {prefix, std::nullopt, KvOp::kAny, true}; }

TEST_F(KvTest, everything_under_a_prefix_goes_with_one_record_and_stays_gone) {
  for (const auto* key : {"p/1", "p/2", "p", "q/1"}) put(0, key, "x");
  settle();
  put(2, "p/on its way", "x");
  const auto batches = journal.durable.size();
  const auto gone = commit(1, {everything_under("p/"), {"q/1", std::nullopt}});
  settle();
  ASSERT_EQ(gone->code(), Code::ok);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (const auto* key : {"p/1", "p/2", "q/1"}) EXPECT_EQ(get(lane, key), "(none)") << key;
    EXPECT_EQ(get(lane, "p"), "x");
  }
  EXPECT_GT(journal.durable.size(), batches);
  reopen();
  EXPECT_EQ(get(2, "p/1"), "(none)");
  EXPECT_EQ(get(2, "p/on its way"), get(0, "p/on its way"));
  EXPECT_EQ(get(1, "p"), "x");
  checkpoint();
  reopen();
  EXPECT_EQ(get(0, "p/2"), "(none)");
}

TEST_F(KvTest, the_erased_keys_are_those_there_when_the_erasure_is_decided_also_ones_not_yet_durable) {
  const auto made = put(0, "p/1", "x");
  const auto gone = commit(0, {everything_under("p/")});
  settle();
  EXPECT_EQ(made->code(), Code::ok);
  EXPECT_EQ(gone->code(), Code::ok);
  EXPECT_EQ(get(1, "p/1"), "(none)");
  reopen();
  EXPECT_EQ(get(1, "p/1"), "(none)");
}

TEST_F(KvTest, a_lane_that_has_not_seen_the_erasure_cannot_add_to_what_is_gone) {
  put(0, "p/1", "x");
  settle();
  const auto gone = commit(0, {everything_under("p/")});
  lanes[0]->run();
  journal.finish_all(*log);
  lanes[0]->run();
  ASSERT_EQ(get(0, "p/1"), "(none)");
  ASSERT_EQ(get(1, "p/1"), "x") << "lane 1 has not turned yet";
  const auto late = put(1, "p/2", "x", 0);
  settle();
  EXPECT_EQ(late->code(), Code::not_found);
  EXPECT_EQ(get(0, "p/2"), "(none)");
  const auto next = put(1, "p/2", "x", 0);
  settle();
  EXPECT_EQ(next->code(), Code::ok) << "once every lane has seen it the names are free";
  EXPECT_EQ(gone->code(), Code::ok);
}

TEST_F(KvTest, an_erasure_that_the_disk_refused_keeps_nobody_out) {
  put(0, "p/1", "x");
  settle();
  journal.full = true;
  const auto gone = commit(0, {everything_under("p/"), {"other", "x"}});
  settle();
  EXPECT_EQ(gone->code(), Code::quota);
  journal.full = false;
  const auto late = put(1, "p/2", "x", 0);
  settle();
  EXPECT_EQ(late->code(), Code::ok);
  EXPECT_EQ(get(2, "p/1"), "x");
}

TEST_F(KvTest, a_prefix_can_be_asked_to_be_empty) {
  const KvOp nothing_under_p{"p/", std::nullopt, 0, true};
  put(0, "p/1", "x");
  const auto on_its_way = commit(0, {nothing_under_p, {"mark", "too early"}});
  settle();
  EXPECT_EQ(on_its_way->code(), Code::conflict);
  EXPECT_EQ(get(0, "p/1"), "x");
  EXPECT_EQ(get(0, "mark"), "(none)") << "nothing of a refused commit is applied";
  const auto there = commit(1, {nothing_under_p, {"mark", "too early"}});
  settle();
  EXPECT_EQ(there->code(), Code::conflict);
  erase(0, "p/1");
  const auto empty = commit(0, {nothing_under_p, {"mark", "x"}});
  settle();
  EXPECT_EQ(empty->code(), Code::ok);
  EXPECT_EQ(get(2, "mark"), "x");
}

TEST_F(KvTest, a_watch_sees_what_is_there_and_every_change_under_its_prefix) {
  put(0, "a/1", "x");
  put(0, "b/1", "x");
  settle();
  std::vector<std::string> seen;
  kv->watch(2, "a/", [&](std::string_view key, const KvEntry* entry) {
    seen.push_back(std::string(key) + "=" + (entry != nullptr ? *entry->value : "gone"));
  });
  put(0, "a/2", "y");
  erase(1, "a/1");
  put(0, "b/2", "y");
  settle();
  EXPECT_EQ(seen, (std::vector<std::string>{"a/1=x", "a/2=y", "a/1=gone"}));
}

TEST_F(KvTest, a_scan_visits_a_prefix_in_order_from_where_it_is_told_until_it_is_stopped) {
  for (const auto* key : {"a", "p/1", "p/2", "p/3", "q"}) put(0, key, "");
  settle();
  std::vector<std::string> seen;
  const auto visit = [&](std::string_view key, const KvEntry&) {
    seen.emplace_back(key);
    return seen.size() < 2;
  };
  kv->scan(1, "p/", "", visit);
  EXPECT_EQ(seen, (std::vector<std::string>{"p/1", "p/2"}));
  seen.clear();
  kv->scan(1, "p/", "p/3", visit);
  EXPECT_EQ(seen, (std::vector<std::string>{"p/3"}));
}

TEST_F(KvTest, an_image_that_cannot_be_decoded_stops_the_start) {
  store.entries["kbad"] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
  Kv fresh(1);
  EXPECT_EQ(fresh.load(store).code(), Code::corrupt);
}

}  // namespace
}  // namespace switchyard::store
