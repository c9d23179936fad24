// JournalRig: a journal on a simulated disk with one test lane, and the shortest words for a test.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kernel/journal/format.h"
#include "kernel/journal/journal.h"
#include "tests/support/blocking_lane.h"
#include "tests/support/simulated_disk.h"

namespace switchyard::journal {

struct JournalRig {
  struct Batch {
    BatchSeq batch;
    std::uint16_t shard;
    Place first;  // Of its first record.
    std::vector<std::string> bodies;
    friend bool operator==(const Batch&, const Batch&) = default;
  };

  JournalRig() {
    options.directory = "/j";
    options.first_segment_bytes = 16u << 10;
    options.max_segment_bytes = 64u << 10;
    options.reserve_bytes = 16u << 10;
    options.max_batch_bytes = 256u << 10;
    options.max_group_bytes = 32u << 10;
  }
  ~JournalRig() { journal.reset(); }

  Status open(const Position& from = {}) {
    journal.reset();
    replayed.clear();
    report = {};
    auto opened = Journal::open(
        disk, options, clock, from,
        [this](const Replayed& r) {
          replayed.push_back({r.batch, r.shard, {}, {}});
          take_apart(r.segment, r.payload_offset, r.payload, replayed.back());
          return Status();
        },
        report);
    if (!opened) return std::move(opened).error();
    journal = std::move(*opened);
    return {};
  }

  void start() {
    journal->start({&lane}, {[this](std::span<Committed> results) {
                     for (Committed& result : results) completed.push_back(std::move(result));
                   }});
  }

  void open_and_start(const Position& from = {}) {
    const Status s = open(from);
    ASSERT_TRUE(s.ok()) << s.error().message;
    start();
  }

  static Submission submission(const std::vector<std::string>& bodies, bool releases_space = false) {
    BatchBuilder builder;
    for (const std::string& body : bodies) {
      builder.begin();
      builder.writer().bytes(body);
      builder.end();
    }
    Submission s;
    s.records = builder.records();
    s.payload = builder.take();
    s.shard = 7;
    s.releases_space = releases_space;
    return s;
  }

  // Waits for the results of `count` submissions.
  std::vector<Committed> wait(std::size_t count) {
    EXPECT_TRUE(lane.run_until([&] { return completed.size() >= count; }));
    return std::exchange(completed, {});
  }

  Committed append_all(const std::vector<std::string>& bodies, bool releases_space = false) {
    journal->submit(0, submission(bodies, releases_space));
    auto results = wait(1);
    return results.empty() ? Committed() : results[0];
  }
  Committed append(const std::string& body) { return append_all({body}); }

  // The place of the first record of a one-record batch.
  static Place place(const Committed& c) {
    return {c.segment, c.payload_offset, static_cast<std::uint32_t>(c.payload->size())};
  }

  Result<std::string> read(Reader& reader, const Place& at) {
    RecordRef ref;
    Status status;
    if (reader.try_get(at, ref, status)) {
      if (!status.ok()) return status.error();
      return std::string(ref.body);
    }
    std::vector<Result<RecordRef>> answers;
    reader.get({at}, [&](std::vector<Result<RecordRef>> results) { answers = std::move(results); });
    EXPECT_TRUE(lane.run_until([&] { return !answers.empty(); }));
    if (answers.empty()) return Error{Code::timeout, "no answer"};
    if (!answers[0]) return answers[0].error();
    return std::string(answers[0]->body);
  }

  std::vector<std::string> bodies() const {
    std::vector<std::string> all;
    for (const Batch& b : replayed) all.insert(all.end(), b.bodies.begin(), b.bodies.end());
    return all;
  }

  // The file that is written now.
  std::string current_path() const { return path(journal->committed().segment); }

  // True as soon as `done` is: for what the journal's own threads finish at their own time.
  static bool eventually(const std::function<bool()>& done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!done()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::string path(std::uint32_t segment) const { return options.directory + "/" + segment_name(segment); }

  static void take_apart(std::uint32_t segment, std::uint32_t offset, std::string_view payload, Batch& out) {
    for (std::size_t at = 0; at < payload.size();) {
      std::uint32_t length = 0;
      ASSERT_GE(payload.size() - at, kRecordHeaderBytes);
      std::memcpy(&length, payload.data() + at + 4, 4);
      length += kRecordHeaderBytes;
      ASSERT_LE(length, payload.size() - at);
      std::string_view body;
      ASSERT_TRUE(open_record(payload.substr(at, length), body));
      if (out.bodies.empty()) out.first = {segment, offset + static_cast<std::uint32_t>(at), length};
      out.bodies.emplace_back(body);
      at += length;
    }
  }

  test::SimulatedDisk disk;
  ManualClock clock;
  Options options;
  test::BlockingLane lane{clock};
  std::vector<Committed> completed;
  std::vector<Batch> replayed;
  RecoveryReport report;
  std::unique_ptr<Journal> journal;  // Last: destroyed first.
};

}  // namespace switchyard::journal
