// Closed loops of calls on the stream room: so many in flight, each answer makes the next call.
//
// The loops run on the stream's own lane, as a connection's calls do there.  Answers that come in one
// turn of the lane make calls of one turn, so `width` calls in flight become groups of `width`.  With
// `groups` > 1 that many such groups are under way: one fills while the one before it is synced, as under
// the load of more connections.
//
// Failure: the first refusal, wrong count or wrong size ends the loop and is the rig's error().
//
// Thread: run() from the benchmark's thread, everything else on the lane.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/stream_bench_rig.h"

namespace switchyard::stream {

constexpr std::size_t kConnections = 16;  // Of a load that receives, as in the server's rows.
constexpr std::uint32_t kBatch = 10;      // Messages of one receive, the most that SQS allows.

class Loop {
 public:
  Loop(StreamRig& rig, StreamId stream, std::size_t width, std::size_t groups = 1)
      : rig_(rig), stream_(stream), width_(width), groups_(groups) {}
  virtual ~Loop() = default;

  Cost run() {
    if (!rig_.ok()) return {};
    const Meter meter;
    rig_.on_lane([this](Task done) {
      done_ = std::move(done);
      flying_ = groups_ * width_;
      for (std::size_t i = 0; i < groups_; ++i)
        rig_.on_lane_in_ms(static_cast<std::int64_t>(i), [this] { start_group(); });
    });
    return meter.read();
  }

 protected:
  // Makes one call, whose completion ends in answered(); false = there is nothing more to call.
  virtual bool next() = 0;

  Engine& engine() { return rig_.engine(); }
  StreamId stream() const { return stream_; }
  bool accepted(const Status& status) {
    if (!status) rig_.fail(status.error().message);
    return status.ok();
  }
  void expect(bool good, const char* what) {
    if (!good) rig_.fail(what);
  }
  void answered(const Status& status) {
    accepted(status);
    go_on();
  }

 private:
  void start_group() {
    for (std::size_t i = 0; i < width_; ++i) go_on();
  }
  void go_on() {
    if (rig_.ok() && next()) return;
    if (--flying_ == 0) std::exchange(done_, {})();
  }

  StreamRig& rig_;
  const StreamId stream_;
  const std::size_t width_, groups_;
  std::size_t flying_ = 0;
  Task done_;
};

// `messages` in calls of `batch` each.
class Appending final : public Loop {
 public:
  using KeyOf = std::function<std::string(std::uint64_t)>;

  Appending(StreamRig& rig, StreamId stream, std::size_t width, std::size_t batch, std::size_t body_bytes,
            std::uint64_t messages, KeyOf key_of = {}, std::size_t groups = 1)
      : Loop(rig, stream, width, groups),
        messages_(messages),
        body_(body_bytes, 'b'),
        key_of_(std::move(key_of)),
        in_(batch),
        keys_(batch) {}

 private:
  bool next() override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(in_.size(), messages_ - sent_));
    if (count == 0) return false;
    for (std::size_t i = 0; i < count; ++i, ++sent_) {
      in_[i].body = body_;
      if (!key_of_) continue;
      keys_[i] = key_of_(sent_);
      in_[i].key = keys_[i];
    }
    return accepted(engine().append(0, stream(), std::span(in_).first(count), false,
                                    [this, count](const Status& status, std::span<const Appended> each) {
                                      expect(!status || each.size() == count, "an append answered too few");
                                      for (const auto& one : each) expect(one.status == Code::ok, "a refused append");
                                      answered(status);
                                    }));
  }

  const std::uint64_t messages_;
  const std::string body_;
  const KeyOf key_of_;
  std::vector<MessageIn> in_;
  std::vector<std::string> keys_;
  std::uint64_t sent_ = 0;
};

// Fetches `messages` in batches; acknowledges each batch, or keeps its tokens when `held` is given.
class Fetching final : public Loop {
 public:
  Fetching(StreamRig& rig, StreamId stream, std::size_t width, std::size_t body_bytes, std::uint64_t messages,
           std::span<Token> held = {})
      : Loop(rig, stream, width), body_bytes_(body_bytes), left_(messages), held_(held) {}

 private:
  bool next() override {
    FetchRequest request;
    request.max = static_cast<std::uint32_t>(std::min<std::uint64_t>(kBatch, left_));
    if (request.max == 0) return false;
    left_ -= request.max;
    const auto fetch =
        engine().fetch(0, stream(), StreamRig::kConsumer, request,
                       [this, wanted = request.max](const Status& status, std::span<const Delivery> got) {
                         left_ += wanted - got.size();
                         status.ok() && !got.empty() ? take(got) : nothing(status);
                       });
    return accepted(fetch ? Status() : Status(Error(fetch.error())));
  }

  void nothing(const Status& status) {
    expect(!status, "a fetch came back empty");
    answered(status);
  }

  void take(std::span<const Delivery> got) {
    std::vector<Token> tokens;
    for (const auto& delivery : got) {
      expect(delivery.body.size() == body_bytes_, "a body of another size came back");
      if (held_.empty()) {
        tokens.push_back(delivery.token);
      } else {
        held_[kept_++] = delivery.token;
      }
    }
    if (!held_.empty()) return answered(Status());
    const auto acked = engine().ack(0, stream(), StreamRig::kConsumer, tokens, true,
                                    [this](const Status& status, std::span<const Code> each) {
                                      for (const auto code : each) expect(code == Code::ok, "a refused ack");
                                      answered(status);
                                    });
    if (!acked) answered(acked);
  }

  const std::size_t body_bytes_;
  std::uint64_t left_;
  const std::span<Token> held_;
  std::size_t kept_ = 0;
};

// Extends what is held by extend_ms, in batches; acknowledges it when that is 0.
class Settling final : public Loop {
 public:
  Settling(StreamRig& rig, StreamId stream, std::size_t width, std::span<const Token> held, std::uint32_t extend_ms)
      : Loop(rig, stream, width), held_(held), after_ms_(kBatch, extend_ms) {}

 private:
  bool next() override {
    const auto tokens = held_.subspan(settled_, std::min<std::size_t>(kBatch, held_.size() - settled_));
    if (tokens.empty()) return false;
    settled_ += tokens.size();
    const auto done = [this](const Status& status, std::span<const Code> each) {
      for (const auto code : each) expect(code == Code::ok, "a held message was refused");
      answered(status);
    };
    if (after_ms_[0] == 0) return accepted(engine().ack(0, stream(), StreamRig::kConsumer, tokens, true, done));
    return accepted(engine().extend(0, stream(), StreamRig::kConsumer, tokens,
                                    std::span(after_ms_).first(tokens.size()), true, done));
  }

  const std::span<const Token> held_;
  const std::vector<std::uint32_t> after_ms_;
  std::size_t settled_ = 0;
};

// `calls` reads without a lease, one after the other, as a client that pages through an answer makes them.
class Reading final : public Loop {
 public:
  // Makes the call of a number with the completion it is given; `after` is the last key that came back.
  using Call = std::function<Status(std::uint64_t number, const std::string& after, FetchDone)>;

  Reading(StreamRig& rig, StreamId stream, std::uint64_t calls, std::size_t messages_each, Call call)
      : Loop(rig, stream, 1), calls_(calls), each_(messages_each), call_(std::move(call)) {}

 private:
  bool next() override {
    if (made_ == calls_) return false;
    return accepted(call_(made_++, after_, [this](const Status& status, std::span<const Delivery> got) {
      expect(!status || got.size() == each_, "a read brought another number of messages");
      if (!got.empty()) after_ = got.back().key;
      answered(status);
    }));
  }

  const std::uint64_t calls_;
  const std::size_t each_;
  const Call call_;
  std::uint64_t made_ = 0;
  std::string after_;
};

}  // namespace switchyard::stream
