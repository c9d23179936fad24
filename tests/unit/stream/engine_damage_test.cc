// What a start says when the store or segments behind the checkpoint are gone or damaged.
#include <filesystem>
#include <fstream>

#include "tests/unit/stream/engine_fixture.h"

namespace switchyard::stream {
namespace {

class EngineDamage : public EngineFixture {
 protected:
  EngineDamage() {
    options_.journal.first_segment_bytes = options_.journal.max_segment_bytes = 64u << 10;
    options_.journal.reserve_bytes = 64u << 10;
  }
  // Four segments and more; what came first goes away when `recycle`, so that the journal starts later.
  void fill(bool recycle) {
    open();
    id_ = create("orders", work_queue());
    for (int i = 0; i < 15; ++i) put(id_, "old " + std::string(20'000, 'o'));
    if (recycle) {
      purge(id_);
      checkpoint();
    }
    for (int i = 0; i < 15; ++i) put(id_, "new " + std::string(20'000, 'n'));
    checkpoint();
    crash();
    ASSERT_EQ(std::filesystem::exists(segment(1)), !recycle);
  }
  std::filesystem::path segment(std::uint32_t number) const {
    std::string digits = std::to_string(number);
    return folder_ / "journal" / (std::string(10 - digits.size(), '0') + digits + ".seg");
  }
  std::vector<std::string> journal_files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "journal")) {
      if (entry.path().extension() == ".seg") names.push_back(entry.path().filename());
    }
    return names;
  }
  static bool has(const Status& status, std::string_view text) {
    return !status && status.error().message.find(text) != std::string::npos;
  }
  StreamId id_ = 0;
};

TEST_F(EngineDamage, a_lost_store_is_named_and_not_the_journal) {
  fill(true);
  std::filesystem::remove_all(folder_ / "store");
  const auto before = journal_files();
  for (const auto mode : {journal::OnDamage::refuse, journal::OnDamage::quarantine}) {
    options_.journal.on_damage = mode;
    const auto refused = try_open();
    ASSERT_EQ(refused.code(), Code::corrupt);
    EXPECT_TRUE(has(refused, "store " + (folder_ / "store").string() + " is damaged")) << refused.error().message;
    EXPECT_FALSE(has(refused, "quarantine")) << refused.error().message;
    crash();
  }
  EXPECT_EQ(journal_files(), before);
}

TEST_F(EngineDamage, an_older_store_is_named_and_not_the_journal) {
  open();
  create("before", work_queue());
  checkpoint();
  crash();
  std::filesystem::copy(folder_ / "store", folder_ / "older", std::filesystem::copy_options::recursive);
  fill(true);
  std::filesystem::remove_all(folder_ / "store");
  std::filesystem::rename(folder_ / "older", folder_ / "store");
  options_.journal.on_damage = journal::OnDamage::quarantine;
  const auto refused = try_open();
  EXPECT_TRUE(has(refused, "store " + (folder_ / "store").string() + " is damaged"));
  EXPECT_FALSE(has(refused, "quarantine"));
}

TEST_F(EngineDamage, a_store_that_is_lost_before_anything_was_given_back_costs_nothing) {
  open();
  id_ = create("orders", work_queue());
  put(id_, "kept");
  checkpoint();
  crash();
  std::filesystem::remove_all(folder_ / "store");
  open();
  EXPECT_EQ(read(id_, 1, 10).size(), 1u);
}

TEST_F(EngineDamage, a_lost_segment_behind_the_checkpoint_is_named_with_its_streams) {
  fill(false);
  std::filesystem::remove(segment(2));
  const auto refused = try_open();
  EXPECT_EQ(refused.code(), Code::corrupt);
  EXPECT_TRUE(has(refused, "journal segment 2 is missing"));
  EXPECT_TRUE(has(refused, "stream 'orders' of namespace 7"));
  EXPECT_TRUE(has(refused, "storage.on_damage: quarantine"));
  crash();
  options_.journal.on_damage = journal::OnDamage::quarantine;
  open();
  ASSERT_EQ(report_.damage.size(), 1u);
  EXPECT_EQ(report_.damage[0].segment, 2u);
  EXPECT_EQ(put(id_, "goes on"), 31u);
}

TEST_F(EngineDamage, a_truncated_segment_behind_the_checkpoint_is_named) {
  fill(false);
  std::filesystem::resize_file(segment(2), 30'000);
  EXPECT_TRUE(has(try_open(), "journal segment 2 has 30000 bytes instead of 65536"));
}

}  // namespace
}  // namespace switchyard::stream
