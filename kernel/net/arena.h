// Arena is a bump allocator for what lives as long as one HTTP request.
//
// Handlers decode forms, JSON and headers into it and free nothing: the whole arena is dropped when
// the request is answered or parked.  It is also a std::pmr resource, for containers.
//
// Blocks come from the heap on demand; reset() keeps the first one for the next request (when it
// has the usual size), so an arena at rest costs kFirstBlock bytes at most.  Running out of memory throws
// std::bad_alloc, as the heap does; how much a request may ask for is bounded by the limits on its body.
//
// Thread: the lane of the connection that owns it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace switchyard::net {

class Arena final : public std::pmr::memory_resource {
 public:
  static constexpr std::size_t kFirstBlock = 4096;

  // REQUIRES: align is a power of two, at most alignof(std::max_align_t).
  void* alloc(std::size_t size, std::size_t align = alignof(std::max_align_t)) {
    const std::size_t at = (used_ + align - 1) & ~(align - 1);
    if (at <= capacity_ && size <= capacity_ - at) {
      used_ = at + size;
      return block_ + at;
    }
    return alloc_slow(size);
  }
  template <class T>
  T* alloc_array(std::size_t count) {
    return static_cast<T*>(alloc(sizeof(T) * count, alignof(T)));
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* to = static_cast<char*>(alloc(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }
  // Frees everything that was handed out.
  void reset();
  // Bytes held from the heap.
  std::size_t held() const { return held_; }

 private:
  void* alloc_slow(std::size_t size);
  void* do_allocate(std::size_t size, std::size_t align) override { return alloc(size, align); }
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  char* block_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::size_t held_ = 0;
  std::size_t first_size_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

}  // namespace switchyard::net
