#include "kernel/stream/key_index.h"

#include <array>
#include <cassert>
#include <random>
#include <string>
#include <utility>

#include "kernel/base/siphash.h"
#include "kernel/stream/id_table.h"
#include "kernel/stream/key_list.h"
#include "kernel/stream/key_match.h"
#include "kernel/stream/key_order.h"
#include "kernel/stream/key_records.h"
#include "kernel/stream/key_sort.h"

namespace switchyard::stream {
namespace {

// Clients choose the keys: with a secret hash nobody can aim for collisions.
std::uint32_t hash_of(std::string_view key) {
  static const SipKey secret = [] {
    std::random_device random;
    const auto word = [&] { return std::uint64_t{random()} << 32 | random(); };
    return SipKey{word(), word()};
  }();
  return static_cast<std::uint32_t>(siphash128(secret, key).first);
}

}  // namespace

struct KeyIndex::Impl {
  KeyId find(std::string_view key, std::uint32_t hash) const {
    return by_name.find(hash, [&](KeyId id) { return records[id].name() == key; });
  }
  void forget_if_unused(KeyId id) {
    KeyRecord& record = records[id];
    if (record.holds != 0 || record.postings.first() != 0) return;
    by_name.erase(record.hash, id);
    if (ordered) in_order.erase(id);
    records.destroy(id);
  }
  void put_in_order() {
    if (!std::exchange(ordered, true)) in_order.fill(sort_keys(records));
  }

  KeyRecords records;
  IdTable by_name;
  KeyList in_order{records};  // Empty while not `ordered`.
  bool ordered = true;
  std::size_t posting_bytes = 0;
  std::uint64_t match_steps = 0;
};

KeyIndex::KeyIndex() : impl_(std::make_unique<Impl>()) {}
KeyIndex::~KeyIndex() = default;

KeyId KeyIndex::intern(std::string_view key) {
  if (key.empty()) return 0;
  const std::uint32_t hash = hash_of(key);
  if (const KeyId id = impl_->find(key, hash); id != 0) return id;
  const KeyId id = impl_->records.create(key, hash);
  impl_->by_name.insert(hash, id);
  if (impl_->ordered) impl_->in_order.insert(id);
  return id;
}

KeyId KeyIndex::find(std::string_view key) const { return key.empty() ? 0 : impl_->find(key, hash_of(key)); }

std::string_view KeyIndex::name(KeyId id) const {
  return impl_->records.exists(id) ? impl_->records[id].name() : std::string_view();
}

void KeyIndex::hold(KeyId id) {
  assert(impl_->records.exists(id));
  ++impl_->records[id].holds;
}

void KeyIndex::release(KeyId id) {
  assert(impl_->records.exists(id) && impl_->records[id].holds > 0);
  if (--impl_->records[id].holds == 0) impl_->forget_if_unused(id);
}

void KeyIndex::add(KeyId id, Seq seq, std::uint32_t bytes) {
  assert(impl_->records.exists(id));
  KeyRecord& record = impl_->records[id];
  const std::size_t before = record.postings.heap_bytes();
  if (!record.postings.add(seq)) return;
  impl_->posting_bytes += record.postings.heap_bytes() - before;
  record.bytes += bytes;
}

void KeyIndex::remove(KeyId id, Seq seq, std::uint32_t bytes) {
  if (!impl_->records.exists(id)) return;
  KeyRecord& record = impl_->records[id];
  const std::size_t before = record.postings.heap_bytes();
  if (!record.postings.remove(seq)) return;
  impl_->posting_bytes += record.postings.heap_bytes() - before;
  record.bytes -= bytes;
  impl_->forget_if_unused(id);
}

KeyIndex::Info KeyIndex::info(KeyId id) const {
  if (!impl_->records.exists(id)) return {};
  const KeyRecord& record = impl_->records[id];
  return {record.postings.count(), record.bytes, record.postings.first(), record.postings.last()};
}

Seq KeyIndex::next(KeyId id, Seq from) const {
  return impl_->records.exists(id) ? impl_->records[id].postings.next(from) : 0;
}

Seq KeyIndex::before(KeyId id, Seq below) const {
  return impl_->records.exists(id) ? impl_->records[id].postings.before(below) : 0;
}

void KeyIndex::postpone_order() {
  assert(keys() == 0);
  impl_->ordered = false;
}

void KeyIndex::put_in_order() { impl_->put_in_order(); }

void KeyIndex::match(std::string_view pattern, std::string_view after, const Visitor& visit) const {
  impl_->put_in_order();
  const KeyList& list = impl_->in_order;
  KeyPattern keys(pattern);
  std::string target(keys.literal_prefix());
  KeyList::Cursor at = list.at_or_after(compare_keys(after, target) > 0 ? after : target);
  if (list.valid(at) && !after.empty() && impl_->records[list.at(at)].name() == after) at = list.following(at);
  for (impl_->match_steps = 0; list.valid(at); ++impl_->match_steps) {
    const std::string_view key = impl_->records[list.at(at)].name();
    switch (keys.test(key, target)) {
      case KeyPattern::match:
        if (!visit(list.at(at), key)) return;
        at = list.following(at);
        break;
      case KeyPattern::seek:
        // The wanted key is often the next one; a search costs twenty times as much.
        at = list.following(at);
        if (list.valid(at) && compare_keys(impl_->records[list.at(at)].name(), target) < 0)
          at = list.at_or_after(target);
        break;
      case KeyPattern::end:
        return;
    }
  }
}

std::uint64_t KeyIndex::last_match_steps() const { return impl_->match_steps; }
std::uint64_t KeyIndex::keys() const { return impl_->records.used(); }

std::size_t KeyIndex::memory_bytes() const {
  return sizeof *this + sizeof *impl_ + impl_->records.memory_bytes() + impl_->by_name.memory_bytes() +
         impl_->in_order.memory_bytes() + impl_->posting_bytes;
}

}  // namespace switchyard::stream
