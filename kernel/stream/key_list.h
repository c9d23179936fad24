// KeyList keeps key ids in token order, in blocks of up to 256, 8 to 16 bytes a key.
//
// A name is far away (id, record, text), so a search should look at few of them.  The keys of a block
// begin alike; beside each id stand the next four characters behind that common beginning, which tell
// nearly all keys of a block apart.
//
// Thread: plain value of one lane.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "kernel/stream/key_records.h"

namespace switchyard::stream {

class KeyList {
 public:
  explicit KeyList(const KeyRecords& records) : records_(records) {}

  struct Cursor {
    std::size_t block = 0, place = 0;
  };
  bool valid(Cursor cursor) const { return cursor.block < blocks_.size(); }
  KeyId at(Cursor cursor) const { return blocks_[cursor.block].entries[cursor.place].id; }
  Cursor following(Cursor cursor) const {
    if (++cursor.place < blocks_[cursor.block].entries.size()) return cursor;
    return {cursor.block + 1, 0};
  }
  // The first key >= name in token order.
  Cursor at_or_after(std::string_view name) const;
  void insert(KeyId id);  // REQUIRES: the key has a record and no other key has its name.
  void erase(KeyId id);
  void fill(const std::vector<KeyId>& sorted);  // REQUIRES: empty.
  std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kBlockKeys = 256;
  struct Entry {
    std::uint32_t mark;  // Order of the characters behind the common beginning.
    KeyId id;
  };
  struct Block {
    std::vector<Entry> entries;  // Not empty.
    std::string_view last;       // Name of the last key; names do not move.
    std::uint32_t common = 0;    // All names begin with this many characters of `last`.
  };

  std::string_view name(KeyId id) const { return records_[id].name(); }
  std::size_t place_in(const Block& block, std::string_view wanted) const;
  void add(Block& block, std::size_t place, KeyId id);
  void mark_all(Block& block);
  void split(std::size_t block);

  const KeyRecords& records_;
  std::vector<Block> blocks_;
};

}  // namespace switchyard::stream
