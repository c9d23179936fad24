// Stream: messages that leave for another stream: dead letters and moves.
//
// One batch holds the arrival there and the ack here, so that a crash neither repeats nor loses a message.
#include <utility>

#include "kernel/base/log.h"
#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream_ops.h"

namespace switchyard::stream {

// Some messages on their way; it lives until the last of them has an answer.
struct Stream::MoveRun {
  std::uint32_t consumer = 0;
  MoveRequest request;
  bool restamp = false;
  MoveDone done;  // May be null.
  std::vector<Leaving> leaving;
  std::size_t left = 0;
  std::uint32_t moved = 0;
  Status first;  // The first refusal.
};

void Stream::append_moved(const MessageRecord& message, const MovedFrom& from, VoidDone done) {
  auto record = message;
  record.stream = id();
  record.seq = next_seq_++;
  record.moved = true;
  record.deliver_at_ms = 0;
  if (from.as_new) {
    record.has_id = false;
    record.source = {};
  } else {
    record.id = message.has_id ? message.id : lane_.message_id(from.stream, from.seq);
    record.has_id = true;
    record.source = from.name;
  }
  if (from.as_new || from.restamp) record.time_ms = lane_.now_ms();
  const auto shard = definition_->shard;
  const Seq acked[] = {from.seq};
  lane_.log().reserve(shard, message_record_bound(record) + control_record_bound(1), false);
  auto writer = lane_.log().begin(shard);
  encode_message(writer, record);
  Arrival arrival;
  arrival.record = lane_.log().end();
  auto ack_writer = lane_.log().begin(shard);
  encode_ack(ack_writer, from.stream, from.consumer, acked);
  lane_.log().end();
  arrival.seq = record.seq;
  arrival.time_ms = record.time_ms;
  arrival.key = index_key(record.key);
  if (arrival.key != 0) keys_->hold(arrival.key);
  usage_->stored_bytes += arrival.record.length;
  lane_.log().commit(shard, std::make_unique<MovedOp>(*this, arrival, std::move(done)), false);
}

void Stream::move_out(Consumer& consumer, std::vector<Leaving> leaving, const MoveRequest& request, MoveDone done) {
  auto run = std::make_shared<MoveRun>();
  run->consumer = consumer.number();
  run->request = request;
  // In order per key: what is behind a moved message there must not be older by its time.
  run->restamp = consumer.config().ordered;
  run->done = std::move(done);
  run->leaving = std::move(leaving);
  run->left = run->leaving.size();
  moving_ += run->left;
  std::vector<journal::Place> places;
  places.reserve(run->left);
  for (const auto& message : run->leaving) places.push_back(message.place);
  auto* lane = &lane_;
  lane_.reader().get(std::move(places), [lane, stream_id = id(), run](std::vector<Result<journal::RecordRef>> records) {
    auto* self = lane->stream(stream_id);
    if (self == nullptr) {
      if (run->done) run->done(Error{Code::not_found, "the stream was removed"}, 0);
      return;
    }
    for (std::size_t i = 0; i < records.size(); ++i) self->send_moved(run, i, std::move(records[i]));
  });
}

void Stream::send_moved(const std::shared_ptr<MoveRun>& run, std::size_t index, Result<journal::RecordRef> record) {
  const Seq seq = run->leaving[index].seq;
  auto finished = [lane = &lane_, stream_id = id(), run, seq](const Status& status) {
    if (status) {
      ++run->moved;
    } else if (run->first) {
      run->first = status;
    }
    if (auto* self = lane->stream(stream_id)) self->moved_out(run->consumer, seq, status);
    if (--run->left == 0 && run->done) run->done(run->first, run->moved);
  };
  auto fail = [this, finished](Error error) { lane_.defer([finished, error = std::move(error)] { finished(error); }); };
  if (!record) return fail(record.error());
  auto target = target_of(*run, record->body);
  if (!target) return fail(target.error());
  LaneEngine::Move move;
  move.target = *target;
  move.from = {id(), run->consumer, seq, definition_->name, run->request.as_new, run->restamp};
  move.record = std::move(*record);
  lane_.move(std::move(move), finished);
}

Result<StreamId> Stream::target_of(const MoveRun& run, std::string_view record) const {
  if (run.request.target != 0) return run.request.target;
  MessageRecord message;
  if (!decode_message(record, message)) return Error{Code::corrupt, "the record is not this message"};
  if (message.source.empty()) {
    return Error{Code::conflict, "a message of stream '" + definition_->name +
                                     "' was sent to it and not dead-lettered: there is no stream to move it back to"};
  }
  const auto source = lane_.find(definition_->ns, message.source);
  if (source) return source->id;
  return Error{Code::not_found, "the stream '" + std::string(message.source) + "' that a message came from is gone"};
}

void Stream::moved_out(std::uint32_t number, Seq seq, const Status& status) {
  --moving_;
  auto* c = consumer(number);
  c->buried(seq);
  if (!status) {
    // Typically the other stream is full: try again, not in a tight loop.
    constexpr std::int64_t kRetryMs = 1'000;
    log::warn("stream.move_refused", {{"stream", definition_->name}, {"seq", seq}, {"why", status.error().message}});
    c->unhold(seq, lane_.now_ms() + kRetryMs);
    c->pump();
    return;
  }
  with_resident({seq}, number, [this, number, seq, c, round = lane_.begin_effect()](const Status& paged) {
    lane_.end_effect(round);
    if (paged) apply_ack(number, seq);
    if (!closed_) c->pump();
  });
}

}  // namespace switchyard::stream
