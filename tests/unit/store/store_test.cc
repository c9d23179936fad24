#include "kernel/store/store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <vector>

#include "kernel/base/clock.h"

namespace switchyard::store {
namespace {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "switchyard-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    store_.reset();
    auto opened = Store::open({folder_ + "/db", 1u << 20, 1u << 20});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  // Everything queued so far has run and its answers have reached the lane.
  void drain() {
    std::promise<void> reached;
    store_->run([&] { reached.set_value(); });
    ASSERT_EQ(reached.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
    lane_.run();
  }
  std::string get_now(const std::string& key) {
    const auto value = store_->get_now(key);
    return value ? *value : "(" + std::string(code_name(value.code())) + ")";
  }

  std::string folder_;
  ManualClock clock_;
  ManualExecutor lane_{clock_};
  std::unique_ptr<Store> store_;
};

WriteSet one(const std::string& key, const std::string& value) {
  WriteSet writes;
  writes.put(key, value);
  return writes;
}

TEST_F(StoreTest, what_was_written_is_there_after_reopening) {
  WriteSet writes;
  writes.put("a", "1");
  writes.put("b", std::string("\0x\xff", 3));
  writes.put("gone", "x");
  ASSERT_TRUE(store_->write_now(writes, true));
  WriteSet more;
  more.erase("gone");
  more.put("a", "2");
  ASSERT_TRUE(store_->write_now(more, true));
  open();
  EXPECT_EQ(get_now("a"), "2");
  EXPECT_EQ(get_now("b"), std::string("\0x\xff", 3));
  EXPECT_EQ(get_now("gone"), "(not_found)");
}

TEST_F(StoreTest, scan_visits_one_prefix_in_byte_order_and_stops_when_told) {
  WriteSet writes;
  for (const char* key : {"p/b", "p/a", "p/\xff", "p", "q/a", "o/z"}) writes.put(key, key);
  ASSERT_TRUE(store_->write_now(writes, false));
  std::vector<std::string> seen;
  ASSERT_TRUE(store_->scan_now("p/", [&](std::string_view key, std::string_view value) {
    EXPECT_EQ(key, value);
    seen.emplace_back(key);
    return true;
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"p/a", "p/b", "p/\xff"}));
  seen.clear();
  ASSERT_TRUE(store_->scan_now("", [&](std::string_view key, std::string_view) {
    seen.emplace_back(key);
    return seen.size() < 2;
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"o/z", "p"}));
}

TEST_F(StoreTest, erasing_a_prefix_leaves_its_neighbours) {
  WriteSet writes;
  for (int i = 0; i < 2500; ++i) writes.put("p/" + std::to_string(i), "x");
  writes.put("p", "left");
  writes.put("p0", "right");
  ASSERT_TRUE(store_->write_now(writes, false));
  ASSERT_TRUE(store_->erase_prefix_now("p/"));
  std::vector<std::string> left;
  ASSERT_TRUE(store_->scan_now("", [&](std::string_view key, std::string_view) {
    left.emplace_back(key);
    return true;
  }));
  EXPECT_EQ(left, (std::vector<std::string>{"p", "p0"}));
}

TEST_F(StoreTest, calls_run_in_order_and_answer_on_the_lane) {
  store_->start();
  std::vector<std::string> events;
  const auto note_get = [&](Result<std::string> value) { events.push_back(value ? *value : "none"); };
  store_->get("k", lane_, note_get);
  store_->write(one("k", "1"), false, lane_, [&](Status status) { events.push_back(status ? "written" : "failed"); });
  store_->get("k", lane_, note_get);
  store_->run([this] { ASSERT_TRUE(store_->write_now(one("k", "2"), false)); });
  store_->get("k", lane_, note_get);
  std::promise<void> reached;
  store_->run([&] { reached.set_value(); });
  reached.get_future().wait();
  EXPECT_TRUE(events.empty()) << "an answer ran outside of the lane";
  lane_.run();
  EXPECT_EQ(events, (std::vector<std::string>{"none", "written", "1", "2"}));
}

TEST_F(StoreTest, stop_finishes_what_is_queued_and_refuses_what_comes_later) {
  store_->start();
  int written = 0;
  for (int i = 0; i < 100; ++i) {
    store_->write(one("k" + std::to_string(i), "v"), false, lane_, [&](Status status) { written += status.ok(); });
  }
  store_->stop();
  Code late_write = Code::ok, late_get = Code::ok;
  store_->write(one("late", "v"), false, lane_, [&](Status status) { late_write = status.code(); });
  store_->get("k0", lane_, [&](Result<std::string> value) { late_get = value.code(); });
  lane_.run();
  EXPECT_EQ(written, 100);
  EXPECT_EQ(late_write, Code::stopping);
  EXPECT_EQ(late_get, Code::stopping);
  open();
  EXPECT_EQ(get_now("k99"), "v");
  EXPECT_EQ(get_now("late"), "(not_found)");
}

TEST_F(StoreTest, calls_before_start_wait_for_it) {
  std::string value;
  store_->write(one("k", "early"), false, lane_, {});
  store_->get("k", lane_, [&](Result<std::string> result) { value = result ? *result : "none"; });
  store_->start();
  drain();
  EXPECT_EQ(value, "early");
}

TEST_F(StoreTest, a_store_that_never_started_refuses_at_stop) {
  Code code = Code::ok;
  store_->write(one("k", "v"), false, lane_, [&](Status status) { code = status.code(); });
  store_->stop();
  lane_.run();
  EXPECT_EQ(code, Code::stopping);
}

TEST_F(StoreTest, a_second_store_on_the_folder_is_refused_by_name) {
  const auto second = Store::open({folder_ + "/db"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.code(), Code::io);
  EXPECT_NE(second.error().message.find(folder_ + "/db"), std::string::npos);
}

TEST_F(StoreTest, a_folder_that_cannot_be_made_is_named) {
  std::ofstream(folder_ + "/file") << "x";
  const auto opened = Store::open({folder_ + "/file/db"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.code(), Code::io);
  EXPECT_NE(opened.error().message.find(folder_ + "/file/db"), std::string::npos);
}

TEST_F(StoreTest, a_flipped_bit_in_a_table_is_reported_as_damage) {
  WriteSet writes;
  for (int i = 0; i < 3000; ++i) writes.put("key" + std::to_string(i), std::string(1000, 'v'));
  ASSERT_TRUE(store_->write_now(writes, true));
  open();  // Replays the log into a table.
  store_.reset();
  std::filesystem::path table;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/db")) {
    if (entry.path().extension() == ".ldb") table = entry.path();
  }
  ASSERT_FALSE(table.empty());
  {
    std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100'000);
    file.put('!');
  }
  open();
  const auto status = store_->scan_now("", [](std::string_view, std::string_view) { return true; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.code(), Code::corrupt);
}

class StoreLogTest : public StoreTest {
 protected:
  // Ten writes of 20 kB: the log then has records in several blocks.
  void write_ten() {
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(
          store_->write_now(one("k" + std::to_string(i), std::string(20'000, static_cast<char>('a' + i))), true));
    }
    find_log();
  }
  void find_log() {
    store_.reset();
    log_.clear();
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/db")) {
      if (entry.path().extension() == ".log") log_ = entry.path();
    }
    ASSERT_FALSE(log_.empty());
  }
  void flip(std::uint64_t offset) {
    std::fstream file(log_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x10));
  }
  std::filesystem::path log_;
};

TEST_F(StoreLogTest, damage_inside_of_the_log_is_named_and_not_skipped) {
  write_ten();
  const auto size = std::filesystem::file_size(log_);
  for (const std::uint64_t offset : {std::uint64_t{3}, std::uint64_t{5}, std::uint64_t{6}, std::uint64_t{9'000},
                                     std::uint64_t{33'000}, size - 41'000}) {
    flip(offset);
    const auto opened = Store::open({folder_ + "/db"});
    ASSERT_FALSE(opened) << offset;
    EXPECT_EQ(opened.code(), Code::corrupt) << offset;
    EXPECT_NE(opened.error().message.find(log_.string() + " is damaged at offset"), std::string::npos);
    flip(offset);
  }
  open();
  EXPECT_EQ(get_now("k9"), std::string(20'000, 'j'));
}

TEST_F(StoreLogTest, damage_before_other_records_of_the_same_block_is_named) {
  constexpr std::uint64_t kRecords = 10;
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    ASSERT_TRUE(store_->write_now(one("k" + std::to_string(i), std::string(50, static_cast<char>('a' + i))), true));
  }
  find_log();
  const auto size = std::filesystem::file_size(log_);
  ASSERT_LT(size, 32'768u);
  ASSERT_EQ(size % kRecords, 0u);
  const auto last = size - size / kRecords;
  for (std::uint64_t offset = 0; offset < last; ++offset) {
    flip(offset);
    const auto opened = Store::open({folder_ + "/db"});
    ASSERT_EQ(opened.code(), Code::corrupt) << offset;
    const auto record = offset / (size / kRecords) * (size / kRecords);
    EXPECT_NE(opened.error().message.find("damaged at offset " + std::to_string(record) + ":"), std::string::npos)
        << opened.error().message;
    flip(offset);
  }
  // The last one cannot be told from a torn tail.
  flip(last + 20);
  open();
  EXPECT_EQ(get_now("k8"), std::string(50, 'i'));
  EXPECT_EQ(get_now("k9"), "(not_found)");
}

TEST_F(StoreLogTest, a_torn_value_that_holds_a_log_of_its_own_is_a_torn_tail) {
  ASSERT_TRUE(store_->write_now(one("inner", "1"), true));
  find_log();
  std::ostringstream inner;
  inner << std::ifstream(log_, std::ios::binary).rdbuf();
  open();
  ASSERT_TRUE(store_->write_now(one("first", "1"), true));
  ASSERT_TRUE(store_->write_now(one("last", inner.str() + std::string(600, 'x')), true));
  find_log();
  flip(std::filesystem::file_size(log_) - 5);
  open();
  EXPECT_EQ(get_now("first"), "1");
  EXPECT_EQ(get_now("last"), "(not_found)");
}

TEST_F(StoreLogTest, a_lost_page_inside_of_the_log_is_damage) {
  write_ten();
  {
    std::fstream file(log_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(32'768);
    file << std::string(32'768, '\0');
  }
  EXPECT_EQ(Store::open({folder_ + "/db"}).code(), Code::corrupt);
}

TEST_F(StoreLogTest, a_torn_tail_loses_only_the_write_that_was_not_finished) {
  write_ten();
  const auto size = std::filesystem::file_size(log_);
  const auto copy = folder_ + "/copy";
  for (const std::uint64_t cut : {1, 6, 7, 8, 1'000, 19'999, 20'010}) {
    std::filesystem::remove_all(copy);
    std::filesystem::copy(folder_ + "/db", copy);
    std::filesystem::resize_file(std::filesystem::path(copy) / log_.filename(), size - cut);
    auto opened = Store::open({copy});
    ASSERT_TRUE(opened) << cut << " " << opened.error().message;
    EXPECT_TRUE((*opened)->get_now("k8")) << cut;
    EXPECT_EQ((*opened)->get_now("k9").code(), Code::not_found) << cut;
  }
}

TEST_F(StoreLogTest, a_last_write_with_pages_missing_in_its_middle_is_a_torn_tail) {
  ASSERT_TRUE(store_->write_now(one("first", "1"), true));
  ASSERT_TRUE(store_->write_now(one("last", std::string(300'000, 'x')), true));
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/db")) {
    if (entry.path().extension() == ".log") log_ = entry.path();
  }
  {
    std::fstream file(log_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(98'304);
    file << std::string(8192, '\0');
  }
  open();
  EXPECT_EQ(get_now("first"), "1");
  EXPECT_EQ(get_now("last"), "(not_found)");
}

// Files of this process may not grow beyond `bytes` for a while: a disk that is full and then is not.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(StoreTest, after_a_failed_write_the_next_one_heals_and_nothing_written_is_lost) {
  ASSERT_TRUE(store_->write_now(one("before", "1"), true));
  {
    const FileSizeLimit full(50'000);
    const Status status = store_->write_now(one("big", std::string(200'000, 'x')), true);
    ASSERT_EQ(status.code(), Code::io);
    EXPECT_NE(status.error().message.find(folder_ + "/db"), std::string::npos) << status.error().message;
    EXPECT_FALSE(store_->write_now(one("big", std::string(200'000, 'x')), true)) << "still full";
  }
  ASSERT_TRUE(store_->write_now(one("after", "2"), true));
  EXPECT_EQ(get_now("before"), "1");
  EXPECT_EQ(get_now("after"), "2");
  open();
  EXPECT_EQ(get_now("before"), "1");
  EXPECT_EQ(get_now("after"), "2");
}

TEST_F(StoreTest, keeps_no_growing_log_file_of_its_own) {
  ASSERT_TRUE(store_->write_now(one("k", "v"), true));
  open();
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/db/LOG"));
}

}  // namespace
}  // namespace switchyard::store
