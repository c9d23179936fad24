// FairKeys is what a fair consumer knows about its keys: which have messages for it, which are noisy, how
// many messages of each are out.
//
// A key is noisy when it has 30 messages out and these are more than a tenth of all that are out, or when it
// takes more than a tenth of the recent processing time.  It is quiet again when nothing of it waits, or
// after five minutes without a new message of it.  As long as no key is noisy the consumer delivers in
// order of sequence and this class only counts; then it says which key is next.
//
// Bounds: a Share per key with messages out (max_leased), or with delays that were passed over; a link per
// key id; 64 noisy keys.
//
// Thread: its stream's lane.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/stream/busy_shares.h"
#include "kernel/stream/key_index.h"
#include "kernel/stream/key_ring.h"
#include "kernel/stream/postings.h"

namespace switchyard::stream {

// Messages without a key are tenants of their own and never noisy.  Where keys are in use they are indexed
// under this one, so that they are found behind a noisy key's backlog.
inline constexpr std::string_view kNoKeyName = "\x01";

class FairKeys {
 public:
  static constexpr std::uint32_t kNoisyOut = 30;
  static constexpr std::int64_t kForgiveMs = 300'000;
  static constexpr std::size_t kMaxNoisy = 64;

  struct Share {
    std::uint32_t out = 0;
    bool noisy = false;
    bool skipped = false;  // `from` passed delayed messages.
    Seq from = 0;          // What may be delivered lies here or later, or is in `back`.
    std::int64_t sent_ms = 0;
    Postings back;  // Messages before `from` that may be delivered again.
  };

  // The key has messages.
  void wake(KeyId key) {
    if (!noisy(key)) ring_.push_back(key);
  }

  // ---- what happens to messages ----
  // True when messages of the key are out: then judge() it.
  bool arrived(KeyId key, std::int64_t now_ms);
  void handed_out(Seq seq, KeyId key, std::string_view name, std::int64_t now_ms);
  // Is not out any more, however it ended; its key may be gone.
  void ended(Seq seq, std::int64_t now_ms);
  // May be delivered again.
  void came_back(Seq seq, KeyId key, std::int64_t now_ms);
  // The key has no messages any more: its id may soon mean another.
  void forget(KeyId key);
  // Everything <= upto left the stream, and with it perhaps keys.
  void dropped(Seq upto, const KeyIndex& keys);
  // After messages of the key were handed out, or came while some are out; `total` are out in all, `live` messages the
  // key has.
  void judge(KeyId key, std::string_view name, std::uint64_t total, std::uint64_t live, std::int64_t now_ms);

  // ---- choosing ----
  bool any_noisy() const { return !noisy_.empty(); }
  // Noisy keys that sent nothing for long, or whose id means another key now, are quiet.
  void forgive(const KeyIndex& keys, std::int64_t now_ms);
  KeyId quiet() const { return ring_.front(); }  // 0 when there is none.
  KeyId least_noisy() const;                     // With the fewest messages out; 0 when there is none.
  Share& share(KeyId key) { return shares_[key]; }
  // One message of the key was chosen: others first, then it again.
  void took(KeyId key, Seq seq);
  // Nothing of the key can be delivered now.
  void exhausted(KeyId key);

  std::size_t out() const { return out_.size(); }
  std::size_t shares() const { return shares_.size(); }
  bool noisy(KeyId key) const {
    const auto it = shares_.find(key);
    return it != shares_.end() && it->second.noisy;
  }

 private:
  struct Out {
    KeyId key;
    std::uint64_t hash;
    std::int64_t since_ms;
  };
  struct Noisy {
    KeyId key;
    std::string name;
  };
  void quieten(std::size_t index);
  void settle(KeyId key);

  KeyRing ring_;  // Quiet keys that may have something to deliver.
  std::unordered_map<KeyId, Share> shares_;
  std::unordered_map<Seq, Out> out_;
  std::vector<Noisy> noisy_;
  BusyShares busy_;
};

}  // namespace switchyard::stream
