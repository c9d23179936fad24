#include "tests/crash/ledger.h"

#include <charconv>
#include <utility>

namespace switchyard::crash {
namespace {

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Mostly small, sometimes larger than a page, rarely larger than everything around it.
std::size_t body_size(std::uint64_t random) {
  const std::uint64_t kind = random % 1000;
  const std::uint64_t within = random / 1000;
  if (kind < 600) return 60 + within % 400;
  if (kind < 900) return 1024 + within % 3072;
  if (kind < 995) return 8192 + within % 16384;
  return 150'000 + within % 50'000;
}

const char* name(Ledger::Queue queue) { return queue == Ledger::Queue::flow ? "flow" : "keep"; }

}  // namespace

std::string make_body(std::uint64_t seed, Number number) {
  std::uint64_t random = mix(seed ^ mix(number));
  const std::size_t size = body_size(random);
  std::string body = "m" + std::to_string(number) + " ";
  body.reserve(size + 8);
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  while (body.size() < size) {
    random = mix(random);
    for (int shift = 0; shift < 60; shift += 6) body.push_back(kLetters[(random >> shift) & 63]);
  }
  return body;
}

Number number_of(std::uint64_t seed, std::string_view body) {
  Number number = 0;
  if (body.empty() || body.front() != 'm') return 0;
  const auto parsed = std::from_chars(body.data() + 1, body.data() + body.size(), number);
  if (parsed.ec != std::errc()) return 0;
  return make_body(seed, number) == body ? number : 0;
}

void Ledger::violated(std::string what) {
  constexpr std::size_t kKept = 50;  // The first ones tell the story.
  if (violations_.size() < kKept) violations_.push_back(std::move(what));
}

void Ledger::become(Number number, State state) {
  Entry& entry = at(number);
  std::size_t& stored = stored_[static_cast<int>(entry.queue)];
  if (entry.state == State::stored) --stored;
  if (state == State::stored) ++stored;
  if (state == State::deleted) {
    entry.deleted_at = tick();
    alive_.erase(number);
  }
  entry.state = state;
}

Number Ledger::send_requested(Queue queue) {
  entries_.push_back({State::sending, queue, 0, 0});
  alive_.insert(entries_.size());
  return entries_.size();
}

void Ledger::send_acknowledged(Number number) {
  // A consumer may have seen, and even deleted, the message before its sender heard of it.
  if (at(number).state == State::sending) become(number, State::stored);
}

void Ledger::send_unknown(Number number) {
  if (at(number).state == State::sending) become(number, State::maybe);
}

void Ledger::send_refused(Number number) {
  if (at(number).state != State::sending) {
    violated("message " + std::to_string(number) + " was delivered although its send was refused");
  }
  become(number, State::deleted);
}

void Ledger::received(Number number, Queue queue, Tick requested) {
  if (number == 0 || number > entries_.size()) {
    violated("a message was received that nobody sent: " + std::to_string(number));
    return;
  }
  Entry& entry = at(number);
  entry.round = round_;
  if (entry.queue != queue) {
    violated("message " + std::to_string(number) + " of queue " + name(entry.queue) + " came out of " + name(queue));
  }
  // Seen = durable: consumers see a message only when it is on disk, acknowledged or not.
  if (entry.state == State::sending || entry.state == State::maybe) become(number, State::stored);
  if (entry.state == State::deleted && requested > entry.deleted_at) {
    violated("message " + std::to_string(number) + " was delivered after its delete had been acknowledged");
  }
}

void Ledger::delete_requested(Number number) {
  if (at(number).state == State::stored) become(number, State::deleting);
}

void Ledger::delete_acknowledged(Number number) {
  if (at(number).state != State::deleted) become(number, State::deleted);
}

void Ledger::begin_round() { ++round_; }

std::size_t Ledger::missing_in_round(Queue queue) const {
  std::size_t missing = 0;
  for (const Number number : alive_) {
    const Entry& entry = entries_[number - 1];
    missing += must_exist(entry, queue) && entry.round != round_;
  }
  return missing;
}

void Ledger::end_round(Queue queue) {
  std::vector<Number> lost;
  for (const Number number : alive_) {
    if (must_exist(at(number), queue) && at(number).round != round_) lost.push_back(number);
  }
  for (const Number number : lost) {
    violated("message " + std::to_string(number) + " of queue " + name(queue) + " was acknowledged and is lost");
    become(number, State::maybe);  // Named once.
  }
}

void Ledger::queue_is_empty(Queue queue) {
  std::vector<Number> settled;
  for (const Number number : alive_) {
    const Entry& entry = at(number);
    if (entry.queue == queue && (entry.state == State::maybe || entry.state == State::deleting))
      settled.push_back(number);
  }
  for (const Number number : settled) become(number, State::deleted);
}

std::size_t Ledger::expected(Queue queue) const { return stored_[static_cast<int>(queue)]; }

}  // namespace switchyard::crash
