// LiveCounters holds the live bytes of every existing segment: a hash table that lanes add to
// without a lock, because it happens once per message.
//
// A segment the table does not know is ignored: its record is gone, so nothing depends on the count.
// Memory follows the number of segments that exist, not of those that ever were.
//
// Thread: add() and get() from any; insert() and erase() one at a time (the owner's lock).
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace switchyard::journal {

class LiveCounters {
 public:
  LiveCounters();
  ~LiveCounters();
  LiveCounters(const LiveCounters&) = delete;
  LiveCounters& operator=(const LiveCounters&) = delete;

  void add(std::uint32_t segment, std::int64_t bytes);
  std::int64_t get(std::uint32_t segment) const;

  void insert(std::uint32_t segment);
  void erase(std::uint32_t segment);

 private:
  using Counter = std::atomic<std::int64_t>;
  struct Slot {
    std::atomic<std::uint32_t> segment{kEmpty};
    std::atomic<Counter*> counter{nullptr};
  };
  struct Table {
    explicit Table(std::size_t size) : slots(size) {}
    std::vector<Slot> slots;  // A power of two, at most half used.
  };
  static constexpr std::uint32_t kEmpty = 0;  // Segment 0 does not exist.
  static constexpr std::uint32_t kGone = UINT32_MAX;

  Counter* find(std::uint32_t segment) const;
  static std::size_t start_of(std::uint32_t segment, std::size_t size);
  static void place(Table& table, std::uint32_t segment, Counter* counter);
  void grow();

  std::atomic<Table*> table_;
  // Readers may still be in an older table, so tables live as long as this object; each is twice the
  // last, so together they are at most twice the present one.
  std::vector<std::unique_ptr<Table>> tables_;
  std::deque<Counter> counters_;  // Stable addresses.
  std::vector<Counter*> free_;
  std::size_t used_ = 0;
};

}  // namespace switchyard::journal
