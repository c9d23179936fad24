// The operations that Stream puts into its lane's log, and what they do when they are durable.
//
// Private to the stream's own sources.  An operation keeps its stream alive by begin_op()/end_op().
//
// Thread: the stream's lane.
#pragma once
#include <utility>
#include <vector>

#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream.h"

namespace switchyard::stream {

// One submitted message between its record and its durability.
struct Stream::Arrival {
  Seq seq = 0;
  journal::BatchBuilder::Added record{};
  KeyId key = 0;  // Held.
  std::int64_t time_ms = 0;
  std::int64_t deliver_at_ms = 0;
  Hash128 dedup;
  bool has_dedup = false;
};

class Stream::AppendOp final : public store::LaneLog::Op {
 public:
  AppendOp(Stream& stream, AppendDone done, std::size_t n) : stream_(stream), done_(std::move(done)) {
    arrivals_.reserve(n);
    results_.reserve(n);
    stream_.begin_op();
  }
  void accept(const Arrival& arrival, const MessageId& id) {
    arrivals_.push_back(arrival);
    results_.push_back({Code::ok, false, arrival.seq, arrival.time_ms, id});
  }
  void duplicate(const Hash128& dedup, std::int64_t now_ms, Seq seq, std::int64_t time_ms, const MessageId& id) {
    if (seq > stream_.index_.last()) duplicates_.push_back({results_.size(), dedup, now_ms});
    results_.push_back({Code::ok, true, seq, time_ms, id});
  }
  void refuse(Status status) {
    results_.push_back({status.code(), false, 0, 0, {}});
    if (status_) status_ = std::move(status);
  }
  void refuse_all(Status status) {
    all_refused_ = true;
    refuse(std::move(status));
    results_.resize(results_.capacity(), results_.back());
  }

  void complete(const Status& status, std::uint32_t segment, std::uint32_t base) override {
    if (stream_.closed()) {
      for (const auto& arrival : arrivals_) stream_.refused(arrival);
      done_(Error{Code::not_found, "the stream was removed"}, {});
    } else if (!status) {
      for (const auto& arrival : arrivals_) stream_.refused(arrival);
      for (auto& result : results_) result = {status.code(), false, 0, 0, {}};
      done_(status, results_);
    } else {
      for (const auto& arrival : arrivals_) stream_.arrived(arrival, segment, base);
      if (!arrivals_.empty()) stream_.changed();
      check_duplicates();
      // Entries alone: a refusal of some is in their results; of all, it is the call's.
      const bool none_taken = arrivals_.empty() && !status_;
      done_(all_refused_ || (none_taken && results_.size() == 1) ? status_ : Status(), results_);
      stream_.pump_consumers();
    }
    stream_.end_op();
  }

 private:
  // The first one was on its way when this one came.  It has its answer by now: if it was refused, nothing
  // is stored under the id.
  void check_duplicates() {
    for (const auto& d : duplicates_) {
      const Seq first = results_[d.result].seq;
      if (!stream_.index_.resident(first) || stream_.index_.find(first)) continue;
      if (stream_.dedup_ && stream_.dedup_->find(d.dedup, d.now_ms)) continue;
      results_[d.result] = {Code::busy, false, 0, 0, {}};
      if (status_) {
        status_ = Error{Code::busy, "the first message with this deduplication id could not be stored; send it again"};
      }
    }
  }

  struct Duplicate {
    std::size_t result;
    Hash128 dedup;
    std::int64_t now_ms;
  };
  Stream& stream_;
  AppendDone done_;
  std::vector<Arrival> arrivals_;
  std::vector<Duplicate> duplicates_;
  std::vector<Appended> results_;
  Status status_;  // The first refusal.
  bool all_refused_ = false;
};

// A dead letter arrives here, its ack in the same batch.
class Stream::MovedOp final : public store::LaneLog::Op {
 public:
  MovedOp(Stream& stream, Arrival arrival, VoidDone done) : stream_(stream), arrival_(arrival), done_(std::move(done)) {
    stream_.begin_op();
  }
  void complete(const Status& status, std::uint32_t segment, std::uint32_t base) override {
    if (stream_.closed()) {
      // The ack was in the same batch: the message left its source and went with this stream.
      stream_.refused(arrival_);
      done_(status);
    } else if (!status) {
      stream_.refused(arrival_);
      done_(status);
    } else {
      stream_.arrived(arrival_, segment, base);
      stream_.changed();
      done_(status);
      stream_.pump_consumers();
    }
    stream_.end_op();
  }

 private:
  Stream& stream_;
  Arrival arrival_;
  VoidDone done_;
};

// Acks, lease changes and discards: what they changed is settled when the record is durable.
class Stream::TokensOp final : public store::LaneLog::Op {
 public:
  // `done` may be null.
  TokensOp(Stream& stream, std::uint32_t consumer, TokensDone done)
      : stream_(stream), consumer_(consumer), done_(std::move(done)) {
    stream_.begin_op();
  }
  void add(Code code) { each_.push_back(code); }
  void set_seqs(std::span<const Seq> seqs) { seqs_.assign(seqs.begin(), seqs.end()); }
  // What hold() returned for each of the sequences; without it a failure makes them ready.
  void set_before(std::vector<Lease> before) { before_ = std::move(before); }

  void complete(const Status& status, std::uint32_t, std::uint32_t) override {
    if (stream_.closed()) {
      if (done_) done_(Error{Code::not_found, "the stream was removed"}, {});
      stream_.end_op();
      return;
    }
    if (status && !seqs_.empty()) {
      // A chunk may have been spilled between the record and its durability.
      stream_.begin_op();
      stream_.with_resident(seqs_, consumer_,
                            [this_stream = &stream_, consumer = consumer_, seqs = seqs_, done = std::move(done_),
                             each = std::move(each_), round = stream_.lane().begin_effect()](const Status& paged) {
                              this_stream->lane().end_effect(round);
                              if (paged) {
                                for (const auto seq : seqs) this_stream->apply_ack(consumer, seq);
                              }
                              // The ack is durable even if its chunk cannot be read now.
                              if (done) done(Status(), each);
                              if (!this_stream->closed()) this_stream->pump_consumers();
                              this_stream->end_op();
                            });
    } else {
      if (!status) {
        for (auto& code : each_) code = status.code();
        for (std::size_t i = 0; i < seqs_.size(); ++i) {
          stream_.trimming_.erase(seqs_[i]);
          for (const auto& c : stream_.consumers_) {
            if (before_.empty()) {
              c->unhold(seqs_[i], 0);
            } else if (c->number() == consumer_) {
              c->restore(seqs_[i], before_[i]);
            }
          }
        }
      }
      if (done_) done_(status, each_);
    }
    stream_.end_op();
  }

 private:
  Stream& stream_;
  const std::uint32_t consumer_;
  TokensDone done_;
  std::vector<Code> each_;
  std::vector<Seq> seqs_;      // Acknowledged by this record.
  std::vector<Lease> before_;  // Of the acknowledging consumer, when there was one.
};

class Stream::DropOp final : public store::LaneLog::Op {
 public:
  DropOp(Stream& stream, Seq upto, VoidDone done) : stream_(stream), upto_(upto), done_(std::move(done)) {
    stream_.begin_op();
  }
  void complete(const Status& status, std::uint32_t, std::uint32_t) override {
    if (stream_.closed()) {
      done_(Error{Code::not_found, "the stream was removed"});
    } else if (!status) {
      stream_.dropping_ = false;
      done_(status);
    } else {
      auto* lane = &stream_.lane();
      stream_.apply_drop(upto_, [lane, round = lane->begin_effect(), done = std::move(done_)](const Status& dropped) {
        lane->end_effect(round);
        done(dropped);
      });
    }
    stream_.end_op();
  }

 private:
  Stream& stream_;
  const Seq upto_;
  VoidDone done_;
};

}  // namespace switchyard::stream
