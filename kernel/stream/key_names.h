// KeyNames holds the texts of keys at fixed places, many to an allocation.
//
// The allocator takes 8 bytes of its own and rounds to 16: for a million short names that is as much again as
// the names.  Here a short name takes one byte more than its text, rounded to 4; names of one size share
// pages, and a place that becomes free goes to the next name of that size.  Pages go when the last name
// of their size does.  An index with few keys has no pages: its names, and long ones, are allocated one by one.
//
// Thread: plain value of one lane.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace switchyard::stream {

// One name: where it lies, and in the lowest bit whether that is in a page.
class KeyName {
 public:
  KeyName() = default;
  explicit operator bool() const { return where_ != 0; }
  std::string_view text() const {
    const char* at = place();
    if (in_page()) return {at + 1, static_cast<unsigned char>(*at)};
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    return {at + sizeof size, size};
  }
  const char* place() const { return reinterpret_cast<const char*>(where_ & ~std::uintptr_t{1}); }

 private:
  friend class KeyNames;
  KeyName(char* place, bool in_page) : where_(reinterpret_cast<std::uintptr_t>(place) | (in_page ? 1 : 0)) {}
  bool in_page() const { return (where_ & 1) != 0; }
  char* mutable_place() const { return const_cast<char*>(place()); }

  std::uintptr_t where_ = 0;
};

class KeyNames {
 public:
  KeyName create(std::string_view text) {
    ++used_;
    const std::size_t size = slot_bytes(text.size());
    if (text.size() <= kMaxShort && (sizes_ != nullptr || used_ > kFew)) {
      if (sizes_ == nullptr) sizes_ = std::make_unique<std::array<Size, kSizes>>();
      char* const place = take((*sizes_)[size / kStep], size);
      *place = static_cast<char>(text.size());
      std::memcpy(place + 1, text.data(), text.size());
      return {place, true};
    }
    const auto length = static_cast<std::uint32_t>(text.size());
    char* const place = static_cast<char*>(std::malloc(sizeof length + length));
    if (place == nullptr) throw std::bad_alloc();
    std::memcpy(place, &length, sizeof length);
    std::memcpy(place + sizeof length, text.data(), length);
    bytes_ += allocated(length);
    return {place, false};
  }
  void destroy(KeyName name) {
    const std::size_t length = name.text().size();
    if (name.in_page()) {
      give_back((*sizes_)[slot_bytes(length) / kStep], name.mutable_place());
    } else {
      bytes_ -= allocated(length);
      std::free(name.mutable_place());
    }
    if (--used_ == 0) sizes_.reset();
  }
  std::size_t memory_bytes() const { return bytes_ + (sizes_ != nullptr ? sizeof *sizes_ : 0); }

 private:
  static constexpr std::size_t kFew = 256;
  static constexpr std::size_t kStep = 4, kMaxShort = 255, kSizes = (kMaxShort + 1) / kStep + 1;
  static constexpr std::size_t kPageBytes = 8u << 10;
  struct Size {                // All places of one size.
    char* free = nullptr;      // The place of the next one is in it.
    std::uint32_t unused = 0;  // Bytes at the end of the last page.
    std::uint32_t used = 0;
    std::vector<std::unique_ptr<char[]>> pages;
  };

  // A free place holds a pointer.
  static std::size_t slot_bytes(std::size_t length) {
    return std::max(sizeof(char*), (1 + length + kStep - 1) / kStep * kStep);
  }
  static std::size_t allocated(std::size_t length) { return (length + 4 + 8 + 15) / 16 * 16; }

  char* take(Size& size, std::size_t bytes) {
    ++size.used;
    if (char* const place = size.free; place != nullptr) {
      std::memcpy(&size.free, place, sizeof(char*));
      return place;
    }
    if (size.unused < bytes) {
      size.pages.emplace_back(new char[kPageBytes]);
      size.unused = kPageBytes;
      bytes_ += kPageBytes;
    }
    char* const place = size.pages.back().get() + (kPageBytes - size.unused);
    size.unused -= static_cast<std::uint32_t>(bytes);
    return place;
  }
  void give_back(Size& size, char* place) {
    std::memcpy(place, &size.free, sizeof(char*));
    size.free = place;
    if (--size.used > 0) return;
    bytes_ -= size.pages.size() * kPageBytes;
    size = Size();
  }

  std::unique_ptr<std::array<Size, kSizes>> sizes_;  // Made when there are more than a few names.
  std::size_t used_ = 0, bytes_ = 0;
};

}  // namespace switchyard::stream
