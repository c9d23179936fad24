// KeyRecords holds one record per key, by id, in pages that double in size: a record never moves and a
// stream with one key pays for eight.
//
// Thread: plain value of one lane.
#pragma once
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include "kernel/stream/key_index.h"
#include "kernel/stream/postings.h"

namespace switchyard::stream {

struct KeyRecord {
  Postings postings;
  std::uint64_t bytes = 0;
  char* name_block = nullptr;  // u32 length | text; null when the id is free.
  std::uint32_t holds = 0;     // When free: the next free id.
  std::uint32_t hash = 0;

  std::string_view name() const {
    std::uint32_t size = 0;
    std::memcpy(&size, name_block, sizeof size);
    return {name_block + sizeof size, size};
  }
};

class KeyRecords {
 public:
  KeyRecords() = default;
  KeyRecords(const KeyRecords&) = delete;
  KeyRecords& operator=(const KeyRecords&) = delete;
  ~KeyRecords() {
    for (KeyId id = 1; id <= highest_; ++id) std::free((*this)[id].name_block);
  }

  bool exists(KeyId id) const { return id != 0 && id <= highest_ && (*this)[id].name_block != nullptr; }
  KeyRecord& operator[](KeyId id) { return const_cast<KeyRecord&>(std::as_const(*this)[id]); }
  const KeyRecord& operator[](KeyId id) const {
    const std::uint32_t shifted = id + kFirst - 1;
    const auto page = static_cast<std::uint32_t>(std::bit_width(shifted) - 1);
    return pages_[page - kFirstBits][shifted - (1u << page)];
  }
  KeyId create(std::string_view name, std::uint32_t hash) {
    KeyId id = free_;
    if (id != 0) {
      free_ = (*this)[id].holds;
    } else {
      id = ++highest_;
      const auto page = static_cast<std::uint32_t>(std::bit_width(id + kFirst - 1) - 1) - kFirstBits;
      if (page == pages_.size()) pages_.emplace_back(new KeyRecord[std::size_t{kFirst} << page]);
    }
    KeyRecord& record = (*this)[id];
    const auto size = static_cast<std::uint32_t>(name.size());
    record.name_block = static_cast<char*>(std::malloc(sizeof size + size));
    if (record.name_block == nullptr) throw std::bad_alloc();
    std::memcpy(record.name_block, &size, sizeof size);
    std::memcpy(record.name_block + sizeof size, name.data(), size);
    record.bytes = 0;
    record.holds = 0;
    record.hash = hash;
    name_bytes_ += allocated(size);
    ++used_;
    return id;
  }
  // REQUIRES: no messages, no holds.
  void destroy(KeyId id) {
    KeyRecord& record = (*this)[id];
    name_bytes_ -= allocated(record.name().size());
    std::free(record.name_block);
    record.name_block = nullptr;
    record.holds = free_;
    free_ = id;
    --used_;
  }
  std::uint64_t used() const { return used_; }
  template <class F>
  void for_each(F&& f) const {
    for (KeyId id = 1; id <= highest_; ++id) {
      if ((*this)[id].name_block != nullptr) f(id);
    }
  }
  std::size_t memory_bytes() const {
    std::size_t bytes = pages_.capacity() * sizeof(pages_[0]) + name_bytes_;
    for (std::size_t page = 0; page < pages_.size(); ++page) bytes += (std::size_t{kFirst} << page) * sizeof(KeyRecord);
    return bytes;
  }

 private:
  static constexpr std::uint32_t kFirstBits = 2;
  static constexpr std::uint32_t kFirst = 1u << kFirstBits;  // Records of the first page.
  // What the allocator takes for a name: 8 bytes of its own, multiples of 16.
  static std::size_t allocated(std::size_t size) { return (size + 4 + 8 + 15) / 16 * 16; }

  std::vector<std::unique_ptr<KeyRecord[]>> pages_;
  KeyId highest_ = 0, free_ = 0;
  std::uint64_t used_ = 0;
  std::size_t name_bytes_ = 0;
};

}  // namespace switchyard::stream
