#include "kernel/stream/dedup_window.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "kernel/stream/chunk_codec.h"
#include "kernel/stream/dedup_block.h"
#include "kernel/stream/id_table.h"

namespace switchyard::stream {
namespace {

constexpr std::uint32_t kBlockIds = 512;
constexpr std::size_t kExpirePerCall = 16;        // Ids a normal call lets go: more than it can add.
constexpr std::size_t kExpirePerCollect = 16384;  // About a millisecond.

std::uint32_t hash_of(const Hash128& id) { return static_cast<std::uint32_t>(id.low); }

}  // namespace

struct DedupWindow::Impl {
  struct Gone {
    std::uint64_t version;  // Of the erasure.
    bool sent;              // It is on its way to the store.
  };

  // A reference names a slot of `blocks` and a place in the block; 0 is none.
  static IdTable::Ref ref_of(std::uint32_t slot, std::uint32_t place) { return slot * kBlockIds + place + 1; }
  DedupBlock& block_of(IdTable::Ref ref) { return *blocks[(ref - 1) / kBlockIds]; }
  DedupItem& item_of(IdTable::Ref ref) { return block_of(ref).items[(ref - 1) % kBlockIds]; }

  IdTable::Ref find(const Hash128& id) {
    return table.find(hash_of(id), [&](IdTable::Ref ref) { return item_of(ref).id == id; });
  }
  bool expired(const DedupItem& item, std::int64_t now_ms) const {
    // The clock may have stepped back behind the id: then it is as good as new.
    if (now_ms < item.time_ms) return false;
    return static_cast<std::uint64_t>(now_ms) - static_cast<std::uint64_t>(item.time_ms) >=
           static_cast<std::uint64_t>(window_ms);
  }
  void changed(DedupBlock& block) {
    block.version = ++version;
    if (!std::exchange(block.dirty, true)) ++dirty_blocks;
  }
  DedupBlock& add_block(ChunkNo no, std::uint32_t& slot) {
    if (free_slots.empty()) {
      slot = static_cast<std::uint32_t>(blocks.size());
      blocks.emplace_back();
    } else {
      slot = free_slots.back();
      free_slots.pop_back();
    }
    blocks[slot] = std::make_unique<DedupBlock>();
    blocks[slot]->no = no;
    order.emplace(no, slot);
    next_no = std::max(next_no, no + 1);
    return *blocks[slot];
  }
  void remove_block(DedupBlock& block) {
    if (block.dirty) --dirty_blocks;
    if (block.stored) gone[block.no] = {++version, false};
    const auto at = order.find(block.no);
    const std::uint32_t slot = at->second;
    item_bytes -= block.items.capacity() * sizeof(DedupItem);
    order.erase(at);
    blocks[slot].reset();
    free_slots.push_back(slot);
    if (order.empty()) {
      blocks.clear();
      free_slots.clear();
    }
  }
  // The block goes with its last live id.
  void drop(IdTable::Ref ref) {
    DedupBlock& block = block_of(ref);
    DedupItem& item = item_of(ref);
    table.erase(hash_of(item.id), ref);
    item.seq = 0;
    if (--block.live == 0) remove_block(block);
  }
  void append(const Hash128& id, Seq seq, std::int64_t now_ms) {
    std::uint32_t slot = order.empty() ? 0 : order.rbegin()->second;
    if (order.empty() || blocks[slot]->no < first_open || blocks[slot]->items.size() == kBlockIds) {
      first_open = next_no;
      add_block(next_no, slot);
    }
    DedupBlock& block = *blocks[slot];
    const std::size_t before = block.items.capacity();
    if (block.items.size() == before) block.items.reserve(std::clamp<std::size_t>(before * 2, 4, kBlockIds));
    item_bytes += (block.items.capacity() - before) * sizeof(DedupItem);
    block.items.push_back({id, seq, now_ms});
    ++block.live;
    table.insert(hash_of(id), ref_of(slot, static_cast<std::uint32_t>(block.items.size() - 1)));
    changed(block);
  }
  // Lets up to `max` of the oldest ids go.  A younger one that is already over waits behind an older one
  // that is not (the clock stepped back); find() does not report it.
  void expire(std::int64_t now_ms, std::size_t max) {
    while (!order.empty()) {
      const std::uint32_t slot = order.begin()->second;
      DedupBlock& block = *blocks[slot];
      DedupItem& item = block.items[block.front];
      if (item.seq != 0) {
        if (max-- == 0 || !expired(item, now_ms)) return;
        const std::uint32_t place = block.front++;
        drop(ref_of(slot, place));
      } else {
        ++block.front;
      }
    }
  }
  std::int64_t window_ms = 0;
  std::size_t max_ids = 0;
  IdTable table;
  std::vector<std::unique_ptr<DedupBlock>> blocks;  // By slot; null when the slot is free.
  std::vector<std::uint32_t> free_slots;
  std::map<ChunkNo, std::uint32_t> order;  // Block number -> slot.
  std::map<ChunkNo, Gone> gone;            // Images to erase.
  ChunkNo next_no = 1;
  ChunkNo first_open = 0;  // Loaded blocks before this one take no new ids.
  std::uint64_t version = 0;
  std::size_t dirty_blocks = 0;
  std::size_t item_bytes = 0;
};

DedupWindow::DedupWindow(std::int64_t window_ms, std::size_t max_ids) : impl_(std::make_unique<Impl>()) {
  impl_->window_ms = window_ms;
  impl_->max_ids = max_ids;
}
DedupWindow::~DedupWindow() = default;

std::optional<DedupWindow::Seen> DedupWindow::find(const Hash128& id, std::int64_t now_ms) {
  const IdTable::Ref ref = impl_->find(id);
  if (ref == IdTable::kNone) return std::nullopt;
  const DedupItem& item = impl_->item_of(ref);
  if (impl_->expired(item, now_ms)) return std::nullopt;
  return Seen{item.seq, item.time_ms};
}

Status DedupWindow::remember(const Hash128& id, Seq seq, std::int64_t now_ms) {
  impl_->expire(now_ms, kExpirePerCall);
  if (const IdTable::Ref ref = impl_->find(id); ref != IdTable::kNone) {
    if (impl_->item_of(ref).seq >= seq) return {};
    impl_->changed(impl_->block_of(ref));
    impl_->drop(ref);
  }
  if (impl_->table.size() >= impl_->max_ids) {
    return Error{Code::busy, "the deduplication window holds " + std::to_string(impl_->table.size()) +
                                 " ids, its limit; raise the limit, shorten the window of " +
                                 std::to_string(impl_->window_ms) + " ms or send more slowly"};
  }
  impl_->append(id, seq, now_ms);
  return {};
}

void DedupWindow::forget(const Hash128& id) {
  const IdTable::Ref ref = impl_->find(id);
  if (ref == IdTable::kNone) return;
  impl_->changed(impl_->block_of(ref));
  impl_->drop(ref);
}

void DedupWindow::set_window(std::int64_t window_ms) { impl_->window_ms = window_ms; }
std::size_t DedupWindow::size() const { return impl_->table.size(); }

Status DedupWindow::load(ChunkNo no, std::string_view image) {
  auto items = decode_dedup_image(no, image);
  if (!items) return items.error();
  if (impl_->order.contains(no)) return bad_image(ImageFormat::dedup, no, "appears twice");
  std::uint32_t slot = 0;
  DedupBlock& block = impl_->add_block(no, slot);
  impl_->first_open = impl_->next_no;
  block.stored = true;
  block.items = std::move(*items);
  impl_->item_bytes += block.items.capacity() * sizeof(DedupItem);
  // One more until the end, so that the block does not go before it is complete.
  block.live = static_cast<std::uint32_t>(block.items.size()) + 1;
  for (std::uint32_t place = 0; place < block.items.size(); ++place) {
    DedupItem& item = block.items[place];
    if (const IdTable::Ref other = impl_->find(item.id); other != IdTable::kNone) {
      if (impl_->item_of(other).seq >= item.seq) {
        item.seq = 0;
        --block.live;
        continue;
      }
      impl_->drop(other);
    }
    impl_->table.insert(hash_of(item.id), Impl::ref_of(slot, place));
  }
  if (--block.live == 0) impl_->remove_block(block);
  return {};
}

void DedupWindow::collect_dirty(std::size_t max, std::vector<ChunkImage>& out, std::int64_t now_ms, Seq upto) {
  impl_->expire(now_ms, kExpirePerCollect);
  for (auto it = impl_->gone.begin(); it != impl_->gone.end() && max > 0; ++it) {
    if (std::exchange(it->second.sent, true)) continue;
    out.push_back({it->first, it->second.version, true, {}});
    --max;
  }
  for (auto it = impl_->order.begin(); it != impl_->order.end() && max > 0 && impl_->dirty_blocks > 0; ++it) {
    DedupBlock& block = *impl_->blocks[it->second];
    if (!block.dirty || block.collected == block.version) continue;
    const auto settled =
        static_cast<std::uint32_t>(std::count_if(block.items.begin(), block.items.end(), [upto](const DedupItem& item) {
          return item.seq != 0 && item.seq <= upto;
        }));
    if (settled == 0) continue;
    block.collected = block.version;
    // A part of a block has no version: once it is written the block comes out again.
    const auto version = settled == block.live ? block.version : 0;
    out.push_back({block.no, version, false, encode_dedup_image(block, upto, settled)});
    block.stored = true;
    --max;
  }
}

void DedupWindow::collect_failed() {
  for (auto& [no, gone] : impl_->gone) gone.sent = false;
  for (const auto& [no, slot] : impl_->order) impl_->blocks[slot]->collected = 0;
}

void DedupWindow::mark_written(ChunkNo no, std::uint64_t version) {
  if (const auto gone = impl_->gone.find(no); gone != impl_->gone.end()) {
    if (gone->second.version == version) impl_->gone.erase(gone);
    return;
  }
  const auto at = impl_->order.find(no);
  if (at == impl_->order.end()) return;
  DedupBlock& block = *impl_->blocks[at->second];
  if (!block.dirty) return;
  if (version == 0) block.collected = 0;
  if (block.version != version) return;
  block.dirty = false;
  --impl_->dirty_blocks;
}

bool DedupWindow::dirty() const { return impl_->dirty_blocks != 0 || !impl_->gone.empty(); }

std::size_t DedupWindow::memory_bytes() const {
  constexpr std::size_t kPerBlock = sizeof(DedupBlock) + 16 + 64 + sizeof(void*) + sizeof(std::uint32_t);
  return sizeof *this + sizeof *impl_ + impl_->table.memory_bytes() + impl_->item_bytes +
         impl_->order.size() * kPerBlock + impl_->gone.size() * 64;
}

}  // namespace switchyard::stream
