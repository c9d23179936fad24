// What the tests of the three indexes share: a store for images that forgets nothing it was not told to.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernel/stream/chunk.h"

namespace switchyard::stream {

// Deterministic and the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ * 0x2545f4914f6cdd1du;
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

class FakeImages {
 public:
  // Writes what was collected; `mark` hears of each.
  template <class Mark>
  void write(const std::vector<ChunkImage>& images, Mark&& mark) {
    for (const ChunkImage& image : images) {
      if (image.erase) {
        bytes_.erase(image.no);
      } else {
        bytes_[image.no] = image.bytes;
      }
      mark(image.no, image.version);
    }
  }
  const std::map<ChunkNo, std::string>& all() const { return bytes_; }
  const std::string& at(ChunkNo no) const { return bytes_.at(no); }
  std::size_t size_bytes() const {
    std::size_t n = 0;
    for (const auto& [no, image] : bytes_) n += image.size();
    return n;
  }

 private:
  std::map<ChunkNo, std::string> bytes_;
};

}  // namespace switchyard::stream
