#include "kernel/stream/key_sort.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "kernel/stream/key_order.h"

namespace switchyard::stream {
namespace {

struct Entry {
  std::uint64_t mark;  // The next eight characters as a number in key order.
  KeyId id;
};
constexpr std::size_t kMarkChars = sizeof(Entry::mark);

class Sorter {
 public:
  explicit Sorter(const KeyRecords& records) : records_(records) {}

  // REQUIRES: the names begin with the same `skip` characters.
  void sort(Entry* begin, Entry* end, std::size_t skip) const {
    constexpr std::ptrdiff_t kFew = 16;
    for (;; skip += kMarkChars) {
      if (end - begin < kFew) return compare(begin, end);
      mark(begin, end, skip);
      std::sort(begin, end, [](const Entry& a, const Entry& b) { return a.mark < b.mark; });
      // Names with a long beginning in common go around, not deeper.
      if (begin->mark != end[-1].mark || key_mark_is_vague(begin->mark)) break;
    }
    for (Entry* at = begin; at != end;) {
      Entry* const next = std::find_if(at, end, [at](const Entry& entry) { return entry.mark != at->mark; });
      key_mark_is_vague(at->mark) ? compare(at, next) : sort(at, next, skip + kMarkChars);
      at = next;
    }
  }

 private:
  // Each name is two places in memory that nobody looked at lately: they are asked for in time.
  void mark(Entry* begin, Entry* end, std::size_t skip) const {
    constexpr std::ptrdiff_t kAhead = 12;
    for (Entry* at = begin; at != end; ++at) {
      if (end - at > 2 * kAhead) __builtin_prefetch(&records_[at[2 * kAhead].id]);
      if (end - at > kAhead) __builtin_prefetch(records_[at[kAhead].id].key_name.place());
      at->mark = key_mark<std::uint64_t>(name(*at), skip);
    }
  }
  std::string_view name(const Entry& entry) const { return records_[entry.id].name(); }
  void compare(Entry* begin, Entry* end) const {
    std::sort(begin, end, [this](const Entry& a, const Entry& b) { return compare_keys(name(a), name(b)) < 0; });
  }

  const KeyRecords& records_;
};

}  // namespace

std::vector<KeyId> sort_keys(const KeyRecords& records) {
  std::vector<Entry> entries;
  entries.reserve(records.used());
  records.for_each([&](KeyId id) { entries.push_back({0, id}); });
  Sorter(records).sort(entries.data(), entries.data() + entries.size(), 0);
  std::vector<KeyId> sorted;
  sorted.reserve(entries.size());
  for (const Entry& entry : entries) sorted.push_back(entry.id);
  return sorted;
}

}  // namespace switchyard::stream
