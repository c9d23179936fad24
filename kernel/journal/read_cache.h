// What one lane keeps in memory for reading: the payloads it committed last (TailCache) and pieces of
// segment files it read last (ExtentCache).  Both count capacities and stay within their budget.
//
// Failure: a miss is a normal answer.
//
// Thread: their lane.
#pragma once
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "kernel/journal/journal.h"
#include "kernel/journal/segment_set.h"

namespace switchyard::journal {

class TailCache {
 public:
  explicit TailCache(std::size_t budget) : budget_(budget) {}

  void remember(const Committed& committed);
  // The record's bytes, header included; `hold` keeps them.
  bool find(const Place& place, std::shared_ptr<const std::string>& hold, std::string_view& record) const;
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::uint32_t segment;
    std::uint32_t offset;
    std::size_t cost;
    std::shared_ptr<const std::string> payload;
  };
  std::deque<Entry> entries_;  // Ascending by (segment, offset), because commits are.
  const std::size_t budget_;
  std::size_t bytes_ = 0;
};

// Consecutive bytes of one segment.
struct Extent {
  std::shared_ptr<Segment> segment;
  std::uint32_t start = 0;
  std::shared_ptr<const std::string> bytes;
  bool holds(const Place& place) const {
    return place.offset >= start && std::uint64_t{place.offset} + place.length <= start + bytes->size();
  }
  std::string_view record(const Place& place) const {
    return std::string_view(*bytes).substr(place.offset - start, place.length);
  }
};

class ExtentCache {
 public:
  explicit ExtentCache(std::size_t budget) : budget_(budget) {}

  // An extent that holds the record and whose segment still exists; null otherwise.
  const Extent* find(const Place& place);
  void insert(Extent extent);
  std::size_t bytes() const { return bytes_; }

 private:
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // Segment, start.
  struct Entry {
    Extent extent;
    std::size_t cost;
    std::list<Key>::iterator use;
  };
  void erase(std::map<Key, Entry>::iterator at);

  std::map<Key, Entry> entries_;
  std::list<Key> uses_;  // Latest first.
  const std::size_t budget_;
  std::size_t bytes_ = 0;
};

}  // namespace switchyard::journal
