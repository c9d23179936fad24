// KeyRecords holds one record per key, by id, in pages that double in size: a record never moves and a
// stream with one key pays for eight.
//
// Thread: plain value of one lane.
#pragma once
#include <bit>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/stream/key_index.h"
#include "kernel/stream/key_names.h"
#include "kernel/stream/postings.h"

namespace switchyard::stream {

struct KeyRecord {
  Postings postings;
  std::uint64_t bytes = 0;
  KeyName key_name;         // None when the id is free.
  std::uint32_t holds = 0;  // When free: the next free id.
  std::uint32_t hash = 0;

  std::string_view name() const { return key_name.text(); }
};

class KeyRecords {
 public:
  KeyRecords() = default;
  KeyRecords(const KeyRecords&) = delete;
  KeyRecords& operator=(const KeyRecords&) = delete;
  ~KeyRecords() {
    for_each([this](KeyId id) { names_.destroy((*this)[id].key_name); });
  }

  bool exists(KeyId id) const { return id != 0 && id <= highest_ && bool{(*this)[id].key_name}; }
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
    record.key_name = names_.create(name);
    record.bytes = 0;
    record.holds = 0;
    record.hash = hash;
    ++used_;
    return id;
  }
  // REQUIRES: no messages, no holds.
  void destroy(KeyId id) {
    KeyRecord& record = (*this)[id];
    names_.destroy(std::exchange(record.key_name, {}));
    record.holds = free_;
    free_ = id;
    --used_;
  }
  std::uint64_t used() const { return used_; }
  template <class F>
  void for_each(F&& f) const {
    for (KeyId id = 1; id <= highest_; ++id) {
      if ((*this)[id].key_name) f(id);
    }
  }
  std::size_t memory_bytes() const {
    std::size_t bytes = pages_.capacity() * sizeof(pages_[0]) + names_.memory_bytes();
    for (std::size_t page = 0; page < pages_.size(); ++page) bytes += (std::size_t{kFirst} << page) * sizeof(KeyRecord);
    return bytes;
  }

 private:
  static constexpr std::uint32_t kFirstBits = 2;
  static constexpr std::uint32_t kFirst = 1u << kFirstBits;  // Records of the first page.

  std::vector<std::unique_ptr<KeyRecord[]>> pages_;
  KeyId highest_ = 0, free_ = 0;
  std::uint64_t used_ = 0;
  KeyNames names_;
};

}  // namespace switchyard::stream
