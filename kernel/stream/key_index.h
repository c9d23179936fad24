// KeyIndex knows, for every key of one stream, how many messages it has, and which.
//
// A key is an SQS message group or a NATS subject.  Keys are kept in token order (tokens are
// separated by '.'), so that `*` and `>` skip what cannot match; each key has its count, bytes, first,
// last and its live sequences in ascending order (postings), so that last-per-key, per-subject
// limits, filters and FIFO heads never scan the stream.
//
// It is not stored by itself: the chunks of SeqIndex carry the keys and fill it again at start.  A
// million keys of one message each take less than 150 bytes per key.
//
// A key of which nothing is known any more (no message, no hold) is forgotten when its last message or
// hold goes; a key that was only interned waits for its first one.
//
// Thread: its stream's lane.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "kernel/stream/chunk.h"

namespace switchyard::stream {

using KeyId = std::uint32_t;  // Valid while the key has a message or a hold; 0 = no key.

class KeyIndex {
 public:
  KeyIndex();
  ~KeyIndex();

  KeyId intern(std::string_view key);      // Creates the key without messages; "" is no key (0).
  KeyId find(std::string_view key) const;  // 0 when unknown.
  std::string_view name(KeyId id) const;   // Valid until the key goes away.
  // A key without messages and holds disappears; its id may be used again.
  void hold(KeyId id);
  void release(KeyId id);

  // Adding a sequence that is there already, or removing one that is not, changes nothing.
  void add(KeyId id, Seq seq, std::uint32_t bytes);
  void remove(KeyId id, Seq seq, std::uint32_t bytes);

  struct Info {
    std::uint64_t count = 0, bytes = 0;
    Seq first = 0, last = 0;
  };
  Info info(KeyId id) const;
  Seq next(KeyId id, Seq from) const;     // First live sequence >= from, or 0.
  Seq before(KeyId id, Seq below) const;  // Last live sequence < below, or 0.

  // Start-up: keys come in the order of the messages, and putting each in its place costs more than all the
  // rest of a start.  From here to put_in_order() they are only remembered; a match() before that does it.
  void postpone_order();
  void put_in_order();

  // Visits keys that match `pattern` ("a.*.c", "a.>", ">", or a literal) in token order, starting
  // after `after` ("" = from the start), until the visitor returns false: callers page with it.  The
  // visitor must not change the index.  Keys that cannot match are skipped by one search per token.
  using Visitor = std::function<bool(KeyId id, std::string_view key)>;
  void match(std::string_view pattern, std::string_view after, const Visitor& visit) const;

  // Keys that the last match() looked at: a measure of its cost.
  std::uint64_t last_match_steps() const;

  std::uint64_t keys() const;
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// True when `key` matches `pattern` token by token: '*' is any one token, '>' at the end one or more.
bool subject_matches(std::string_view pattern, std::string_view key);

}  // namespace switchyard::stream
