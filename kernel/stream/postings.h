// Postings is the ordered set of the live sequences of one key.
//
// Most keys have one message and pay 8 bytes; few messages are an array; many are blocks of up to 128
// differences, one or two bytes each, so that a key with ten million messages stays near 10 MB.
//
// Thread: plain value of one lane.
#pragma once
#include <cstdint>
#include <utility>

#include "kernel/stream/chunk.h"

namespace switchyard::stream {

class Postings {
 public:
  Postings() = default;
  Postings(Postings&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  Postings& operator=(Postings&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  ~Postings() { clear(); }

  bool add(Seq seq);     // False when it is there already.  REQUIRES: 0 < seq < 2^62.
  bool remove(Seq seq);  // False when it is not there.
  std::uint64_t count() const;
  Seq first() const;               // 0 when empty.
  Seq last() const;                // 0 when empty.
  Seq next(Seq from) const;        // First >= from, or 0.
  Seq before(Seq below) const;     // Last < below, or 0.
  std::size_t heap_bytes() const;  // What it allocated.

 private:
  struct Few;
  struct Many;
  enum Tag : std::uint64_t { kSingle = 1, kFew = 2, kMany = 3, kTagMask = 3 };

  Tag tag() const { return static_cast<Tag>(word_ & kTagMask); }
  Few* few() const { return reinterpret_cast<Few*>(word_ & ~std::uint64_t{kTagMask}); }
  Many* many() const { return reinterpret_cast<Many*>(word_ & ~std::uint64_t{kTagMask}); }
  Seq single() const { return word_ >> 2; }
  void set_single(Seq seq) { word_ = seq << 2 | kSingle; }
  bool add_few(Seq seq);
  bool remove_few(Seq seq);
  bool remove_many(Seq seq);
  void clear();

  std::uint64_t word_ = 0;  // 0 = empty; else the low bits are a Tag over a sequence or a pointer.
};

}  // namespace switchyard::stream
