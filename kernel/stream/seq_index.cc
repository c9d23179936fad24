#include "kernel/stream/seq_index.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "kernel/stream/chunk_codec.h"
#include "kernel/stream/chunk_pager.h"
#include "kernel/stream/key_index.h"
#include "kernel/stream/seq_chunk.h"

namespace switchyard::stream {
namespace {

struct SegmentShare {
  std::uint32_t segment;
  std::uint64_t bytes;
};

struct Chunk : PagedChunk {
  using PagedChunk::PagedChunk;
  bool resident() const { return body != nullptr; }

  std::uint16_t live = 0;
  std::uint64_t bytes = 0;
  std::vector<SegmentShare> segments;  // Of a spilled chunk; a resident one can be asked itself.
  std::unique_ptr<SeqBody> body;
};

std::vector<SegmentShare> shares_of(const SeqBody& body) {
  std::vector<SegmentShare> shares;
  body.live.for_each([&](Slot slot) {
    const SeqSlot& value = body.slots[slot];
    // Neighbours lie in the same segment nearly always; cleaning leaves few others.
    auto it = std::find_if(shares.rbegin(), shares.rend(), [&](auto& s) { return s.segment == value.segment; });
    if (it != shares.rend()) {
      it->bytes += value.length;
    } else {
      shares.push_back({value.segment, value.length});
    }
  });
  shares.shrink_to_fit();
  return shares;
}

SeqIndex::Entry entry_of(const SeqSlot& slot) {
  return {{slot.segment, slot.offset, slot.length}, slot.time_ms, slot.key};
}

}  // namespace

struct SeqIndex::Impl {
  explicit Impl(KeyIndex* keys_in) : keys(keys_in) {}

  // The chunk of a sequence that is in memory; null when nothing lives there.
  Chunk* lookup(Seq seq) {
    const ChunkNo no = chunk_of(seq);
    Chunk* chunk = cached != nullptr && cached->no == no ? cached : pager.find(no);
    if (chunk == nullptr) return nullptr;
    assert(chunk->resident());
    pager.touch(*chunk);
    return cached = chunk;
  }
  Chunk& obtain(Seq seq) {
    if (Chunk* chunk = lookup(seq)) return *chunk;
    Chunk& chunk = pager.create(chunk_of(seq));
    chunk.body = std::make_unique<SeqBody>();
    body_bytes += chunk.body->memory_bytes();
    pager.paged_in(chunk);
    return *(cached = &chunk);
  }
  void insert(Chunk& chunk, Slot slot, const Entry& entry) {
    SeqBody& body = *chunk.body;
    const std::size_t before = body.slots.memory_bytes();
    body.slots.make(slot, body.live) = {entry.time_ms, entry.place.segment, entry.place.offset, entry.place.length,
                                        entry.key};
    body_bytes += body.slots.memory_bytes() - before;
    body.live.set(slot);
    count(chunk, 1, entry.place.length);
    if (keys != nullptr && entry.key != 0) keys->add(entry.key, seq_at(chunk.no, slot), entry.place.length);
  }
  // Leaves the chunk in place even when it is empty.
  void take(Chunk& chunk, Slot slot) {
    SeqBody& body = *chunk.body;
    const SeqSlot value = body.slots[slot];
    body.live.clear(slot);
    count(chunk, -1, -std::int64_t{value.length});
    if (keys != nullptr && value.key != 0) keys->remove(value.key, seq_at(chunk.no, slot), value.length);
  }
  void replace(Chunk& chunk, Slot slot, const Entry& entry) {
    // The key must not go away between the two steps.
    const bool held = keys != nullptr && entry.key != 0;
    if (held) keys->hold(entry.key);
    take(chunk, slot);
    insert(chunk, slot, entry);
    if (held) keys->release(entry.key);
  }
  void count(Chunk& chunk, int messages, std::int64_t bytes) {
    chunk.live = static_cast<std::uint16_t>(chunk.live + messages);
    chunk.bytes += static_cast<std::uint64_t>(bytes);
    live += static_cast<std::uint64_t>(static_cast<std::int64_t>(messages));
    live_bytes += static_cast<std::uint64_t>(bytes);
  }
  void settle(Chunk& chunk) {
    if (chunk.live == 0) {
      drop(chunk);
      return;
    }
    // Now and then: a queue that had a burst must not keep its room.
    if ((chunk.live & (chunk.live - 1)) == 0) {
      body_bytes -= chunk.body->memory_bytes();
      chunk.body->slots.shrink(chunk.body->live);
      body_bytes += chunk.body->memory_bytes();
    }
    pager.changed(chunk);
  }
  void drop(Chunk& chunk) {
    if (chunk.resident()) body_bytes -= chunk.body->memory_bytes();
    share_bytes -= chunk.segments.capacity() * sizeof(SegmentShare);
    live -= chunk.live;
    live_bytes -= chunk.bytes;
    if (cached == &chunk) cached = nullptr;
    pager.remove(chunk);
  }
  void spill(Chunk& chunk) {
    chunk.segments = shares_of(*chunk.body);
    share_bytes += chunk.segments.capacity() * sizeof(SegmentShare);
    body_bytes -= chunk.body->memory_bytes();
    chunk.body.reset();
    if (cached == &chunk) cached = nullptr;
  }
  void page_in(Chunk& chunk, std::unique_ptr<SeqBody> body) {
    share_bytes -= chunk.segments.capacity() * sizeof(SegmentShare);
    chunk.segments = {};
    chunk.body = std::move(body);
    body_bytes += chunk.body->memory_bytes();
    pager.paged_in(chunk);
  }
  Status check_keys(ChunkNo no, const SeqImage& image) const {
    if (keys != nullptr || image.keys.empty()) return {};
    return bad_image(ImageFormat::sequences, no, "has keys, but its stream has none");
  }
  void load_keys(ChunkNo no, SeqImage& image);
  void drop_part(Chunk& chunk, Slot end, const SegmentBytes& dropped, Dropped& total);
  void drop_whole(Chunk& chunk, const SegmentBytes& dropped, Dropped& total);

  KeyIndex* const keys;
  ChunkPager<Chunk> pager;
  Chunk* cached = nullptr;  // Resident.
  Seq last = 0;
  ChunkNo kept_as_last = ~ChunkNo{0};  // Resident although load() was asked not to keep it.
  std::uint64_t live = 0, live_bytes = 0;
  std::size_t body_bytes = 0, share_bytes = 0;
};

SeqIndex::SeqIndex(KeyIndex* keys) : impl_(std::make_unique<Impl>(keys)) {}
SeqIndex::~SeqIndex() = default;

void SeqIndex::append(Seq seq, const Entry& entry) {
  Chunk& chunk = impl_->obtain(seq);
  const Slot slot = slot_of(seq);
  impl_->last = std::max(impl_->last, seq);
  if (chunk.body->live.test(slot)) {
    const Entry old = entry_of(chunk.body->slots[slot]);
    if (old.place == entry.place && old.time_ms == entry.time_ms && old.key == entry.key) return;
    // Replay found the message at another place (cleaning moved it after the checkpoint).
    impl_->replace(chunk, slot, entry);
  } else {
    impl_->insert(chunk, slot, entry);
  }
  impl_->pager.changed(chunk);
}

bool SeqIndex::resident(Seq seq) const {
  if (impl_->cached != nullptr && impl_->cached->no == chunk_of(seq)) return true;
  const Chunk* chunk = impl_->pager.find(chunk_of(seq));
  return chunk == nullptr || chunk->resident();
}

std::optional<SeqIndex::Entry> SeqIndex::find(Seq seq) const {
  const Chunk* chunk = impl_->lookup(seq);
  if (chunk == nullptr || !chunk->body->live.test(slot_of(seq))) return std::nullopt;
  return entry_of(chunk->body->slots[slot_of(seq)]);
}

std::optional<SeqIndex::Entry> SeqIndex::remove(Seq seq) {
  Chunk* chunk = impl_->lookup(seq);
  const Slot slot = slot_of(seq);
  if (chunk == nullptr || !chunk->body->live.test(slot)) return std::nullopt;
  const Entry entry = entry_of(chunk->body->slots[slot]);
  impl_->take(*chunk, slot);
  impl_->settle(*chunk);
  return entry;
}

bool SeqIndex::relocate(Seq seq, const journal::Place& from, const journal::Place& to) {
  Chunk* chunk = impl_->lookup(seq);
  const Slot slot = slot_of(seq);
  if (chunk == nullptr || !chunk->body->live.test(slot)) return false;
  Entry entry = entry_of(chunk->body->slots[slot]);
  if (entry.place != from) return false;
  entry.place = to;
  impl_->replace(*chunk, slot, entry);
  impl_->pager.changed(*chunk);
  return true;
}

Lookup SeqIndex::next_live(Seq from) const {
  Slot start = slot_of(from);
  for (Chunk* chunk = impl_->pager.at_or_after(chunk_of(from)); chunk != nullptr;
       chunk = impl_->pager.at_or_after(chunk->no + 1), start = 0) {
    if (chunk->no != chunk_of(from)) start = 0;
    if (!chunk->resident()) return {Lookup::need_chunk, 0, chunk->no};
    const Slot slot = chunk->body->live.next(start);
    if (slot == kNoSlot) continue;
    impl_->pager.touch(*chunk);
    return {Lookup::found, seq_at(chunk->no, slot), 0};
  }
  return {};
}

void SeqIndex::Impl::drop_part(Chunk& chunk, Slot end, const SegmentBytes& dropped, Dropped& total) {
  SeqBody& body = *chunk.body;
  for (Slot slot = body.live.next(0); slot < end; slot = body.live.next(slot + 1)) {
    const SeqSlot value = body.slots[slot];
    take(chunk, slot);
    ++total.messages;
    total.bytes += value.length;
    dropped(value.segment, value.length);
  }
}

void SeqIndex::Impl::drop_whole(Chunk& chunk, const SegmentBytes& dropped, Dropped& total) {
  total.messages += chunk.live;
  total.bytes += chunk.bytes;
  for (const SegmentShare& share : chunk.segments) dropped(share.segment, share.bytes);
}

Lookup SeqIndex::drop_below(Seq upto, const SegmentBytes& dropped, Dropped& total) {
  const ChunkNo border = chunk_of(upto);
  for (Chunk* chunk = impl_->pager.at_or_after(0); chunk != nullptr && chunk->no <= border;) {
    const ChunkNo no = chunk->no;
    const bool whole = no < border;
    const bool keyed = impl_->keys != nullptr && impl_->keys->keys() != 0;
    if (!chunk->resident() && (!whole || keyed)) return {Lookup::need_chunk, 0, no};
    if (chunk->resident()) {
      const std::uint16_t before = chunk->live;
      impl_->drop_part(*chunk, whole ? kSlots : slot_of(upto) + 1, dropped, total);
      if (chunk->live != before) impl_->settle(*chunk);
    } else {
      impl_->drop_whole(*chunk, dropped, total);
      impl_->drop(*chunk);
    }
    chunk = impl_->pager.at_or_after(no + 1);
  }
  return {};
}

void SeqIndex::each_segment(const SegmentBytes& visit) const {
  for (Chunk* chunk = impl_->pager.at_or_after(0); chunk != nullptr; chunk = impl_->pager.at_or_after(chunk->no + 1)) {
    for (const SegmentShare& share : chunk->resident() ? shares_of(*chunk->body) : chunk->segments) {
      visit(share.segment, share.bytes);
    }
  }
}

Seq SeqIndex::last() const { return impl_->last; }
void SeqIndex::set_last(Seq seq) { impl_->last = std::max(impl_->last, seq); }
std::uint64_t SeqIndex::live() const { return impl_->live; }
std::uint64_t SeqIndex::live_bytes() const { return impl_->live_bytes; }

// Turns the places in the image's dictionary into ids.
void SeqIndex::Impl::load_keys(ChunkNo no, SeqImage& image) {
  if (keys == nullptr) return;
  std::vector<KeyId> ids;
  for (const auto name : image.keys) ids.push_back(keys->intern(name));
  SeqBody& body = *image.body;
  body.live.for_each([&](Slot slot) {
    SeqSlot& value = body.slots[slot];
    if (value.key == 0) return;
    value.key = ids[value.key - 1];
    keys->add(value.key, seq_at(no, slot), value.length);
  });
}

Status SeqIndex::load(ChunkNo no, std::string_view image, bool keep, const SegmentBytes& segments) {
  auto decoded = decode_seq_image(no, image);
  if (!decoded) return decoded.error();
  if (auto status = impl_->check_keys(no, *decoded); !status) return status;
  if (impl_->pager.find(no) != nullptr) return bad_image(ImageFormat::sequences, no, "appears twice");
  impl_->load_keys(no, *decoded);
  Chunk& chunk = impl_->pager.create(no);
  chunk.stored = true;
  chunk.live = static_cast<std::uint16_t>(decoded->count);
  chunk.bytes = decoded->bytes;
  impl_->live += chunk.live;
  impl_->live_bytes += chunk.bytes;
  const bool newest = no >= chunk_of(impl_->last);
  impl_->last = std::max(impl_->last, seq_at(no, decoded->body->live.last()));
  impl_->page_in(chunk, std::move(decoded->body));
  for (const SegmentShare& share : shares_of(*chunk.body)) segments(share.segment, share.bytes);
  // append() must find the chunk of last() in memory.
  const auto let_go = [this](Chunk* unwanted) {
    if (unwanted == nullptr || !unwanted->resident() || unwanted->dirty) return;
    impl_->pager.page_out(*unwanted);
    impl_->spill(*unwanted);
  };
  if (newest) {
    if (impl_->kept_as_last != no) let_go(impl_->pager.find(impl_->kept_as_last));
    impl_->kept_as_last = keep ? ~ChunkNo{0} : no;
  } else if (!keep) {
    let_go(&chunk);
  }
  return {};
}

Status SeqIndex::install(ChunkNo no, std::string_view image) {
  Chunk* chunk = impl_->pager.find(no);
  if (chunk == nullptr || chunk->resident()) return {};  // It changed while the image was on its way.
  auto decoded = decode_seq_image(no, image);
  if (!decoded) return decoded.error();
  if (auto status = impl_->check_keys(no, *decoded); !status) return status;
  if (decoded->count != chunk->live || decoded->bytes != chunk->bytes) {
    return bad_image(ImageFormat::sequences, no, "differs from its summary");
  }
  std::vector<KeyId> ids;
  for (const auto name : decoded->keys) {
    ids.push_back(impl_->keys->find(name));
    if (ids.back() == 0) return bad_image(ImageFormat::sequences, no, "names a key that has no message");
  }
  SeqBody& body = *decoded->body;
  body.live.for_each([&](Slot slot) {
    if (body.slots[slot].key != 0) body.slots[slot].key = ids[body.slots[slot].key - 1];
  });
  impl_->page_in(*chunk, std::move(decoded->body));
  return {};
}

void SeqIndex::collect_dirty(std::size_t max, std::vector<ChunkImage>& out) {
  impl_->pager.collect(max, out, [this](const Chunk& chunk) {
    return encode_seq_image(chunk.no, *chunk.body, chunk.live, impl_->keys);
  });
}

void SeqIndex::mark_written(ChunkNo no, std::uint64_t version) { impl_->pager.mark_written(no, version); }
void SeqIndex::collect_failed() { impl_->pager.collect_failed(); }
bool SeqIndex::dirty() const { return impl_->pager.dirty(); }

void SeqIndex::evict(std::size_t keep) {
  impl_->pager.evict(keep, chunk_of(impl_->last), [this](Chunk& chunk) { impl_->spill(chunk); });
}

std::size_t SeqIndex::resident_chunks() const { return impl_->pager.resident(); }

std::size_t SeqIndex::memory_bytes() const {
  return sizeof *this + sizeof *impl_ + impl_->pager.memory_bytes() + impl_->body_bytes + impl_->share_bytes;
}

}  // namespace switchyard::stream
