// Power is cut under the database alone: what a synced write said is there, whole, after every start.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "kernel/base/log.h"
#include "kernel/store/store.h"
#include "tests/support/simulated_disk.h"

namespace switchyard::store {
namespace {

class StorePowerLoss : public testing::Test {
 protected:
  using Truth = std::map<std::string, std::string>;

  void SetUp() override { log::set_level(log::Level::off); }
  void TearDown() override { log::set_level(log::Level::info); }

  Status open() {
    Options options;
    options.directory = "/db";
    options.write_buffer_bytes = 64u << 10;
    options.files = &disk_;
    auto opened = Store::open(options);
    if (!opened) return opened.error();
    store_ = std::move(*opened);
    return {};
  }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  // One write of several keys; false when the disk took no more.
  bool write() {
    WriteSet writes;
    attempted_ = truth_;
    for (std::uint64_t n = 1 + below(6); n > 0; --n) {
      const std::string key = "k" + std::to_string(below(60));
      if (below(4) == 0) {
        writes.erase(key);
        attempted_.erase(key);
      } else {
        std::string value(below(3) == 0 ? below(9'000) : below(200), static_cast<char>('a' + below(26)));
        value += std::to_string(++written_);
        writes.put(key, value);
        attempted_[key] = value;
      }
    }
    if (!store_->write_now(writes, true)) return false;
    truth_ = attempted_;
    return true;
  }
  Truth read_all() {
    Truth all;
    EXPECT_TRUE(store_->scan_now("k", [&](std::string_view key, std::string_view value) {
      all.emplace(key, value);
      return true;
    }));
    return all;
  }
  // Everything that was written, and the last write wholly or not at all.
  std::string violation() {
    const auto now = read_all();
    if (now != truth_ && now != attempted_) {
      for (const auto& [key, value] : truth_) {
        if (now.count(key) == 0 && attempted_.count(key) != 0) return key + " is lost";
      }
      return "a key has another value, or came back";
    }
    truth_ = attempted_ = now;
    return {};
  }
  std::string point() {
    disk_.crash_after(below(below(4) == 0 ? 200 : 40));
    const auto status = open();
    if (!status && !disk_.crashed()) return status.error().message;
    if (status) {
      if (!disk_.crashed()) opened_whole_ += 1;
      while (write()) {
      }
    }
    store_.reset();
    below(4) == 0 ? disk_.kill_process() : disk_.reboot(random_);
    if (const auto again = open(); !again) return again.error().message;
    auto wrong = violation();
    store_.reset();
    return wrong;
  }

  std::mt19937_64 random_{3};
  test::SimulatedDisk disk_;
  std::unique_ptr<Store> store_;
  Truth truth_, attempted_;
  std::uint64_t written_ = 0, opened_whole_ = 0;
};

TEST_F(StorePowerLoss, at_random_points_every_write_is_there_and_the_last_one_is_whole) {
  constexpr int kPoints = 1'000;
  for (int i = 0; i < kPoints; ++i) ASSERT_EQ(point(), "") << "point " << i;
  std::printf("points=%d writes=%lu starts=%lu\n", kPoints, written_, opened_whole_);
  EXPECT_GT(written_, 1'000u);
}

TEST_F(StorePowerLoss, the_check_notices_a_disk_whose_sync_does_nothing) {
  disk_.lie_about_syncs(true);
  std::string wrong;
  for (int i = 0; i < 200 && wrong.empty(); ++i) wrong = point();
  EXPECT_NE(wrong, "");
}

TEST_F(StorePowerLoss, a_manifest_entry_that_was_cut_off_is_not_damage_but_damage_before_others_is) {
  ASSERT_TRUE(open());
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(write());  // Tables come and go: entries of the manifest.
  store_.reset();
  std::string manifest;
  for (const auto& path : disk_.paths()) {
    if (path.find("MANIFEST") != path.npos) manifest = path;
  }
  const auto image = disk_.image();
  const auto size = image.at(manifest).size();
  ASSERT_GT(size, 200u);
  disk_.overwrite(manifest, size,
                  std::string("\x12\x34\x56\x78\x0b\x00\x01"
                              "only a part",
                              18));
  ASSERT_TRUE(open());
  EXPECT_EQ(violation(), "");
  store_.reset();
  disk_.load(image);
  disk_.flip_bit(manifest, size / 2, 3);
  EXPECT_EQ(open().code(), Code::corrupt);
}

}  // namespace
}  // namespace switchyard::store
