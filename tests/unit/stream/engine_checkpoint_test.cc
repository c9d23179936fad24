// A checkpoint reaches the store in pieces: what is there when it ends in the middle.
#include "tests/unit/stream/engine_race.h"

namespace switchyard::stream {
namespace {

class EngineCheckpoint : public EngineRace {
 protected:
  static constexpr std::size_t kStreams = 80;  // More images than one turn collects.

  EngineCheckpoint() { options_.checkpoint_piece_bytes = 1; }
  void fill_streams() {
    open();
    for (std::size_t s = 0; s < kStreams; ++s) {
      ids_.push_back(create("s" + std::to_string(s), work_queue()));
      put(ids_.back(), "gone");
      put(ids_.back(), "stays " + std::to_string(s));
    }
  }
  // The first message of every stream goes away, a new one comes.
  void change_streams() {
    for (const auto id : ids_) {
      ack(id, tokens_of(fetch(id, 1)));
      put(id, "new");
    }
  }
  void expect_changed() {
    for (std::size_t s = 0; s < kStreams; ++s) {
      EXPECT_EQ(bodies(read(ids_[s], 1, 10)), (Bodies{"stays " + std::to_string(s), "new"}));
      EXPECT_EQ(bodies(fetch(ids_[s], 10)), (Bodies{"stays " + std::to_string(s), "new"}));
    }
  }
  // Runs a checkpoint of which only the first `pieces` writes succeed.
  void checkpoint_that_fails_after(std::size_t pieces) {
    faults_.writes.close();
    bool done = false;
    engine_->checkpoint([&] { done = true; });
    for (std::size_t i = 0; i < pieces; ++i) {
      until([&] { return faults_.writes.waiting() == 1; });
      // Not waiting() == 0: the next piece may be at the gate before anybody looks.
      const auto passed = faults_.writes.passed();
      faults_.writes.admit_one();
      until([&] { return faults_.writes.passed() > passed; });
    }
    until([&] { return done || faults_.writes.waiting() == 1; });
    ASSERT_FALSE(done) << "the checkpoint had only " << pieces << " writes";
    faults_.fail_writes = true;
    faults_.writes.open();
    until([&] { return done; });
    faults_.fail_writes = false;
  }

  std::vector<StreamId> ids_;
};

TEST_F(EngineCheckpoint, a_crash_between_its_pieces_loses_and_revives_nothing) {
  fill_streams();
  checkpoint();
  for (std::size_t pieces = 1; pieces <= 3; ++pieces) {
    change_streams();
    checkpoint_that_fails_after(pieces);
    reopen();
    for (std::size_t s = 0; s < kStreams; ++s) {
      Bodies expected(std::min<std::size_t>(pieces, 2), "new");
      if (pieces == 1) expected.insert(expected.begin(), "stays " + std::to_string(s));
      ASSERT_EQ(bodies(read(ids_[s], 1, 10)), expected) << "stream " << s << " after " << pieces << " pieces";
    }
  }
}

TEST_F(EngineCheckpoint, what_came_after_the_piece_that_failed_comes_with_the_next_one) {
  fill_streams();
  change_streams();
  checkpoint_that_fails_after(1);
  checkpoint();
  EXPECT_EQ(engine_->stats().checkpoints, 1u);
  reopen();
  expect_changed();
}

TEST_F(EngineCheckpoint, messages_that_come_and_go_while_its_pieces_are_written_are_right_after_a_start) {
  fill_streams();
  faults_.writes.close();
  bool done = false;
  engine_->checkpoint([&] { done = true; });
  until([&] { return faults_.writes.waiting() == 1; });
  change_streams();
  faults_.writes.open();
  until([&] { return done; });
  EXPECT_EQ(engine_->stats().checkpoints, 1u);
  reopen();
  expect_changed();
}

}  // namespace
}  // namespace switchyard::stream
