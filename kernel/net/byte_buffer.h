// ByteBuffer is growing memory for reading into: the bytes behind size() are not initialised, so
// room for a large body costs nothing until the peer has really sent it.
//
// Thread: plain value, no sharing.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace switchyard::net {

class ByteBuffer {
 public:
  ByteBuffer() = default;
  ~ByteBuffer() { std::free(data_); }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ByteBuffer(ByteBuffer&& other) noexcept { *this = std::move(other); }
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }

  char* data() { return data_; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::size_t room() const { return capacity_ - size_; }
  char* end() { return data_ + size_; }
  std::string_view view() const { return {data_, size_}; }

  // Moves the bytes: views into the buffer die.  Throws std::bad_alloc.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    void* grown = std::realloc(data_, capacity);
    if (!grown) throw std::bad_alloc();
    data_ = static_cast<char*>(grown);
    capacity_ = capacity;
  }
  // REQUIRES: n <= room().
  void grow(std::size_t n) { size_ += n; }
  void truncate(std::size_t size) { size_ = size; }
  void append(std::string_view bytes) {
    if (bytes.size() > room()) reserve(std::max(size_ + bytes.size(), 2 * capacity_));
    if (!bytes.empty()) std::memcpy(end(), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // Drops the first `n` bytes.  REQUIRES: n <= size().
  void consume(std::size_t n) {
    if (n == 0) return;
    std::memmove(data_, data_ + n, size_ - n);
    size_ -= n;
  }
  // Empties it; memory above `keep` goes back.
  void clear(std::size_t keep) {
    size_ = 0;
    if (capacity_ <= keep) return;
    std::free(std::exchange(data_, nullptr));
    capacity_ = 0;
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace switchyard::net
