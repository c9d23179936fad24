#include "kernel/stream/postings.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "kernel/stream/posting_blocks.h"

namespace switchyard::stream {

// A sorted array; it grows by halves.
struct Postings::Few {
  std::uint16_t n, capacity;
  Seq seqs[1];

  static Few* make(Few* old, std::uint16_t capacity) {
    auto* few = static_cast<Few*>(std::realloc(old, bytes(capacity)));
    if (few == nullptr) throw std::bad_alloc();
    few->capacity = capacity;
    return few;
  }
  static std::size_t bytes(std::uint16_t capacity) { return sizeof(Few) + (capacity - 1u) * sizeof(Seq); }
  Seq* end() { return seqs + n; }
};

struct Postings::Many : PostingBlocks {};

namespace {
constexpr std::uint16_t kMaxFew = 24;
constexpr std::uint16_t kFewAgain = 8;  // From here down blocks become an array again.
}  // namespace

void Postings::clear() {
  if (tag() == kFew) std::free(few());
  if (tag() == kMany) delete many();
  word_ = 0;
}

std::uint64_t Postings::count() const {
  if (word_ == 0) return 0;
  if (tag() == kSingle) return 1;
  return tag() == kFew ? few()->n : many()->count();
}

Seq Postings::first() const {
  if (word_ == 0) return 0;
  if (tag() == kSingle) return single();
  return tag() == kFew ? few()->seqs[0] : many()->first();
}

Seq Postings::last() const {
  if (word_ == 0) return 0;
  if (tag() == kSingle) return single();
  return tag() == kFew ? few()->seqs[few()->n - 1] : many()->last();
}

Seq Postings::next(Seq from) const {
  if (word_ == 0) return 0;
  if (tag() == kSingle) return single() >= from ? single() : 0;
  if (tag() == kMany) return many()->next(from);
  const Seq* at = std::lower_bound(few()->seqs, few()->end(), from);
  return at != few()->end() ? *at : 0;
}

Seq Postings::before(Seq below) const {
  if (word_ == 0) return 0;
  if (tag() == kSingle) return single() < below ? single() : 0;
  if (tag() == kMany) return many()->before(below);
  const Seq* at = std::lower_bound(few()->seqs, few()->end(), below);
  return at != few()->seqs ? at[-1] : 0;
}

bool Postings::add(Seq seq) {
  if (word_ == 0) {
    set_single(seq);
    return true;
  }
  if (tag() == kMany) return many()->add(seq);
  if (tag() == kFew) return add_few(seq);
  if (single() == seq) return false;
  Few* pair = Few::make(nullptr, 2);
  pair->n = 2;
  pair->seqs[0] = std::min(single(), seq);
  pair->seqs[1] = std::max(single(), seq);
  word_ = reinterpret_cast<std::uint64_t>(pair) | kFew;
  return true;
}

bool Postings::add_few(Seq seq) {
  Few* list = few();
  Seq* at = std::lower_bound(list->seqs, list->end(), seq);
  if (at != list->end() && *at == seq) return false;
  if (list->n == kMaxFew) {
    Many* blocks = new Many;
    for (const Seq* s = list->seqs; s != list->end(); ++s) blocks->add(*s);
    blocks->add(seq);
    std::free(list);
    word_ = reinterpret_cast<std::uint64_t>(blocks) | kMany;
    return true;
  }
  if (list->n == list->capacity) {
    const auto place = at - list->seqs;
    list = Few::make(list, static_cast<std::uint16_t>(std::min<int>(kMaxFew, list->capacity * 3 / 2 + 1)));
    word_ = reinterpret_cast<std::uint64_t>(list) | kFew;
    at = list->seqs + place;
  }
  std::move_backward(at, list->end(), list->end() + 1);
  *at = seq;
  ++list->n;
  return true;
}

bool Postings::remove(Seq seq) {
  if (word_ == 0) return false;
  if (tag() == kFew) return remove_few(seq);
  if (tag() == kMany) return remove_many(seq);
  if (single() != seq) return false;
  word_ = 0;
  return true;
}

bool Postings::remove_few(Seq seq) {
  Few* list = few();
  Seq* at = std::lower_bound(list->seqs, list->end(), seq);
  if (at == list->end() || *at != seq) return false;
  std::move(at + 1, list->end(), at);
  --list->n;
  if (list->n == 1) {
    const Seq left = list->seqs[0];
    std::free(list);
    set_single(left);
  }
  return true;
}

bool Postings::remove_many(Seq seq) {
  if (!many()->remove(seq)) return false;
  if (many()->count() > kFewAgain) return true;
  Few* list = Few::make(nullptr, kFewAgain);
  list->n = 0;
  for (Seq s = many()->first(); s != 0; s = many()->next(s + 1)) list->seqs[list->n++] = s;
  delete many();
  word_ = reinterpret_cast<std::uint64_t>(list) | kFew;
  return true;
}

std::size_t Postings::heap_bytes() const {
  if (word_ == 0 || tag() == kSingle) return 0;
  if (tag() == kFew) return Few::bytes(few()->capacity) + 8;
  return sizeof(Many) + many()->heap_bytes();
}

}  // namespace switchyard::stream
