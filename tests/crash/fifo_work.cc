// What producers and consumers do, and what their replies tell the ledger.
#include <algorithm>
#include <utility>

#include "tests/crash/fifo_load.h"

namespace switchyard::crash {
namespace {

constexpr Millis kResendWithin = 200'000;  // Well inside the five minutes in which a duplicate is one.
constexpr std::uint64_t kVariants = 4;     // Bodies that one deduplication id is sent with.

// The array behind `name` in a reply; nothing in these arrays holds a bracket.
std::string_view section(std::string_view body, std::string_view name) {
  const std::size_t at = body.find(name);
  if (at == std::string_view::npos) return {};
  return body.substr(at, body.find(']', at) - at);
}

bool content_based(Number number) { return number % 3 == 0; }

}  // namespace

// ---- producers ----

// A message to be sent once more, or 0: one whose outcome is unknown, or one of the last thousand.
Number FifoLoad::pick_again() {
  const FifoLedger& ledger = world_.ledger;
  while (!world_.unknown.empty() && roll(10) < 7) {
    const Number number = world_.unknown.front();
    world_.unknown.pop_front();
    if (now() - ledger.first_sent(number) > kResendWithin) continue;
    ++world_.resends_after_unknown;
    return number;
  }
  if (ledger.messages() == 0 || roll(10) < 7) return 0;
  const Number number = ledger.messages() - roll(std::min<std::uint64_t>(ledger.messages(), 1000));
  return now() - ledger.first_sent(number) > kResendWithin ? 0 : number;
}

void FifoLoad::append_entry(Number number, bool fresh, std::size_t index, bool batch) {
  // Within one scope a duplicate is one in whatever group it comes; with an open outcome it might be the first.
  Group group = world_.ledger.group_of(number);
  if (!fresh && !world_.per_group && world_.ledger.acknowledged(number) && roll(4) == 0) {
    group = static_cast<Group>(roll(world_.groups));
    ++world_.other_group;
  }
  const std::uint64_t variant = fresh || content_based(number) ? 0 : roll(kVariants);
  const std::string own = std::to_string(number);
  if (batch) body_.append(R"({"Id":")").append(std::to_string(index)).append("\",");
  body_.append(R"("MessageGroupId":"g)").append(std::to_string(group)).append("\",");
  if (!content_based(number)) {
    const bool another = !fresh && world_.sabotage == Sabotage::duplicate;
    body_.append(R"("MessageDeduplicationId":"d)").append(own).append(another ? "-again\"," : "\",");
  }
  body_.append(R"("MessageBody":")").append(make_body(world_.seed + variant, number)).append(batch ? "\"}" : "\"");
}

void FifoLoad::issue_send(std::size_t connection) {
  Operation& operation = operations_[connection];
  operation.numbers.clear();
  operation.fresh.clear();
  const std::size_t count = roll(10) < 6 ? 1 : 2 + roll(9);
  // A batch is often of few groups, so that its order matters.
  const Group favourite = static_cast<Group>(roll(roll(3) == 0 ? 5 : world_.groups));
  for (std::size_t i = 0; i < count; ++i) {
    Number number = pick_again();
    const bool known = std::find(operation.numbers.begin(), operation.numbers.end(), number) != operation.numbers.end();
    const bool fresh = number == 0 || known;
    if (fresh) {
      const bool favoured = roll(2) == 0;
      number = world_.ledger.send_requested(favoured ? favourite : static_cast<Group>(roll(world_.groups)), now());
    } else {
      world_.ledger.resend_requested(number);
      ++world_.resends;
    }
    operation.numbers.push_back(number);
    operation.fresh.push_back(fresh);
  }
  body_.assign(R"({"QueueUrl":")").append(url_).append(count > 1 ? R"(","Entries":[)" : "\",");
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = world_.sabotage == Sabotage::order ? count - 1 - i : i;
    if (i > 0) body_.append(",");
    append_entry(operation.numbers[index], operation.fresh[index], index, count > 1);
  }
  body_.append(count > 1 ? "]}" : "}");
  send(connection, Kind::send, count > 1 ? "SendMessageBatch" : "SendMessage");
}

void FifoLoad::take_sent(Operation& operation, std::string_view body) {
  std::size_t at_entry = 0, at_id = 0, at_place = 0;
  for (std::size_t i = 0; i < operation.numbers.size(); ++i) {
    const bool batch = operation.numbers.size() > 1;
    const std::size_t index = batch ? client::to_number(client::next_string(body, "Id", at_entry)) : 0;
    const std::string_view id = client::next_string(body, "MessageId", at_id);
    const Place place = client::to_number(client::next_string(body, "SequenceNumber", at_place));
    if (id.empty() || place == 0 || index >= operation.numbers.size()) {
      return fail("a send was answered without ids: " + std::string(body));
    }
    world_.ledger.send_acknowledged(operation.numbers[index], place, id);
  }
  world_.ledger.batch_acknowledged(operation.numbers);
  ++acknowledged_;
}

// ---- consumers ----

void FifoLoad::issue_receive(std::size_t connection) {
  const bool draining = phase_ == Phase::drain;
  const std::uint64_t seconds = draining ? 5 : 1 + roll(3);
  operations_[connection].visibility = static_cast<Millis>(seconds) * 1000;
  body_.assign(R"({"QueueUrl":")").append(url_).append(R"(","MessageSystemAttributeNames":["All"],"WaitTimeSeconds":)");
  body_.append(!draining && roll(4) == 0 ? "1" : "0").append(R"(,"MaxNumberOfMessages":)");
  body_.append(std::to_string(draining || roll(2) == 0 ? 10 : 1 + roll(10))).append(R"(,"VisibilityTimeout":)");
  body_.append(std::to_string(seconds)).append("}");
  send(connection, Kind::receive, "ReceiveMessage");
}

void FifoLoad::take_messages(Operation& operation, std::string_view body) {
  std::vector<FifoLedger::Seen> reply;
  std::vector<std::string> handles;
  std::size_t at_body = 0, at_handle = 0, at_id = 0, at_place = 0, at_group = 0;
  for (;;) {
    const std::string_view text = client::next_string(body, "Body", at_body);
    if (text.empty()) break;
    FifoLedger::Seen seen;
    for (std::uint64_t variant = 0; variant < kVariants && seen.number == 0; ++variant) {
      seen.number = number_of(world_.seed + variant, text);
    }
    if (seen.number == 0) return fail("a body came back changed: " + std::string(text.substr(0, 200)));
    seen.message_id = client::next_string(body, "MessageId", at_id);
    seen.place = client::to_number(client::next_string(body, "SequenceNumber", at_place));
    const std::string_view group = client::next_string(body, "MessageGroupId", at_group);
    seen.group = static_cast<Group>(client::to_number(group.empty() ? group : group.substr(1)));
    reply.push_back(std::move(seen));
    handles.emplace_back(client::next_string(body, "ReceiptHandle", at_handle));
  }
  if (reply.empty()) return;
  ++progress_;
  world_.ledger.received(reply, {operation.requested, operation.requested_at, now(), operation.visibility, timely_});
  operation.held.clear();
  for (std::size_t i = 0; i < reply.size(); ++i) {
    operation.held.push_back({reply[i].number, world_.ledger.lease(reply[i].number), std::move(handles[i]), 0});
  }
  if (phase_ == Phase::work) meddle(operation.held.front());
}

// What a consumer does with what it holds; it comes back here until it holds nothing.
void FifoLoad::decide(std::size_t connection) {
  std::vector<FifoHeld>& held = operations_[connection].held;
  const std::uint64_t what = phase_ == Phase::drain ? 0 : roll(100);
  std::vector<FifoHeld> some;
  if (what < 50) return issue_delete(connection, std::exchange(held, {}));
  if (what < 70) {
    const auto one = held.begin() + static_cast<std::ptrdiff_t>(what < 60 ? 0 : roll(held.size()));
    some.push_back(std::move(*one));
    held.erase(one);
    return issue_delete(connection, std::move(some));
  }
  if (what < 88) {
    // Zero gives them back; otherwise they are kept and dealt with again.
    const Millis seconds = static_cast<Millis>(roll(3));
    some.assign(held.begin(), what < 80 ? held.begin() + 1 : held.end());
    if (seconds == 0) held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(some.size()));
    return issue_visibility(connection, std::move(some), seconds);
  }
  // Late, with a lease that may have ended, or never.
  if (what < 95) {
    for (FifoHeld& one : held) {
      one.due = now() + 300 + static_cast<Millis>(roll(2500));
      if (world_.late.size() < FifoWorld::kMaxLate) world_.late.push_back(std::move(one));
    }
  }
  held.clear();
  issue_receive(connection);
}

void FifoLoad::append_handles(const std::vector<FifoHeld>& which, std::string_view more) {
  const bool batch = which.size() > 1;
  body_.assign(R"({"QueueUrl":")").append(url_).append(batch ? R"(","Entries":[)" : "\",");
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (batch) body_.append(i == 0 ? R"({"Id":")" : R"(,{"Id":")").append(std::to_string(i)).append("\",");
    body_.append(R"("ReceiptHandle":")").append(which[i].handle).append("\"").append(more).append(batch ? "}" : "");
  }
  body_.append(batch ? "]}" : "}");
}

void FifoLoad::issue_delete(std::size_t connection, std::vector<FifoHeld> which) {
  for (const FifoHeld& one : which) world_.ledger.delete_requested(one.number);
  const bool batch = which.size() > 1;
  const bool pretend = world_.sabotage == Sabotage::undeleted && !batch;
  append_handles(which, pretend ? R"(,"VisibilityTimeout":0)" : "");
  operations_[connection].used = std::move(which);
  send(connection, Kind::erase, pretend ? "ChangeMessageVisibility" : batch ? "DeleteMessageBatch" : "DeleteMessage");
}

void FifoLoad::issue_visibility(std::size_t connection, std::vector<FifoHeld> which, Millis seconds) {
  operations_[connection].visibility = seconds * 1000;
  for (const FifoHeld& one : which) world_.ledger.visibility_requested(one.number, one.lease, now(), seconds * 1000);
  append_handles(which, R"(,"VisibilityTimeout":)" + std::to_string(seconds));
  const bool batch = which.size() > 1;
  operations_[connection].used = std::move(which);
  send(connection, Kind::visibility, batch ? "ChangeMessageVisibilityBatch" : "ChangeMessageVisibility");
}

void FifoLoad::take_outcomes(Operation& operation, int status, std::string_view body) {
  FifoLedger& ledger = world_.ledger;
  const std::string_view failed_ids = section(body, R"("Failed":[)");
  std::vector<bool> refused(operation.used.size(), status != 200);
  for (std::size_t at = 0;;) {
    const std::string_view id = client::next_string(failed_ids, "Id", at);
    if (id.empty()) break;
    refused.at(client::to_number(id)) = true;
  }
  for (std::size_t i = 0; i < refused.size(); ++i) {
    const FifoHeld& one = operation.used[i];
    const bool erase = operation.kind == Kind::erase;
    if (refused[i]) {
      ++world_.refusals;
      if (erase) ledger.delete_refused(one.number);
      ledger.handle_refused(one.number, one.lease, now());
    } else if (erase) {
      ledger.delete_acknowledged(one.number, one.lease, operation.requested);
    } else {
      ledger.visibility_acknowledged(one.number, one.lease, operation.requested_at, operation.visibility);
    }
  }
  operation.used.clear();
  ++acknowledged_;
}

// Does something to a message that the ledger is not told.
void FifoLoad::meddle(const FifoHeld& held) {
  const bool lease = world_.sabotage == Sabotage::lease, lost = world_.sabotage == Sabotage::lost;
  if ((!lease && !lost) || meddler_.busy(0)) return;
  append_handles({held}, lease ? R"(,"VisibilityTimeout":0)" : "");
  request_.clear();
  signer_.append(request_, lease ? "ChangeMessageVisibility" : "DeleteMessage", body_);
  meddler_.send(0, request_);
}

}  // namespace switchyard::crash
