// KeyList keeps key ids in token order, in blocks of up to 256 ids, 4 to 8 bytes a key.
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
  KeyId at(Cursor cursor) const { return blocks_[cursor.block][cursor.place]; }
  Cursor following(Cursor cursor) const {
    if (++cursor.place < blocks_[cursor.block].size()) return cursor;
    return {cursor.block + 1, 0};
  }
  // The first key >= name in token order.
  Cursor at_or_after(std::string_view name) const;
  void insert(KeyId id);  // REQUIRES: the key has a record and no other key has its name.
  void erase(KeyId id);
  std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kBlockKeys = 256;
  using Block = std::vector<KeyId>;

  std::string_view name(KeyId id) const { return records_[id].name(); }
  std::size_t place_in(const Block& block, std::string_view wanted) const;
  void split(std::size_t block);

  const KeyRecords& records_;
  std::vector<Block> blocks_;  // None is empty.
};

}  // namespace switchyard::stream
