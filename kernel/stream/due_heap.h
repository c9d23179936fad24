// DueHeap orders the chunks of a LeaseTable by the earliest time at which one of their entries is due.
//
// One entry per chunk, not per message: 120,000 leases are 235 entries.  A chunk with nothing timed
// (due_ms == INT64_MAX) is not in the heap.
//
// Thread: its table's lane.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

namespace switchyard::stream {

struct DueHeapNode {
  std::int64_t due_ms = std::numeric_limits<std::int64_t>::max();
  std::uint32_t heap_place = 0;  // 1 + index; 0 = not in the heap.
};

class DueHeap {
 public:
  // The node with the lowest due_ms, or null.
  DueHeapNode* top() const { return nodes_.empty() ? nullptr : nodes_.front(); }

  // Gives `node` a new time; INT64_MAX takes it out.
  void set(DueHeapNode& node, std::int64_t due_ms) {
    node.due_ms = due_ms;
    if (due_ms == std::numeric_limits<std::int64_t>::max()) {
      if (node.heap_place != 0) remove(node);
      return;
    }
    if (node.heap_place == 0) {
      nodes_.push_back(&node);
      node.heap_place = static_cast<std::uint32_t>(nodes_.size());
    }
    down(up(node.heap_place - 1));
  }
  std::size_t memory_bytes() const { return nodes_.capacity() * sizeof(DueHeapNode*); }

 private:
  void remove(DueHeapNode& node) {
    const std::size_t i = node.heap_place - 1;
    DueHeapNode* last = nodes_.back();
    nodes_.pop_back();
    node.heap_place = 0;
    if (last == &node) return;
    place(i, last);
    down(up(i));
    if (nodes_.capacity() > 4 * nodes_.size() + 16) nodes_.shrink_to_fit();
  }
  void place(std::size_t i, DueHeapNode* node) {
    nodes_[i] = node;
    node->heap_place = static_cast<std::uint32_t>(i + 1);
  }
  std::size_t up(std::size_t i) {
    DueHeapNode* node = nodes_[i];
    for (; i > 0 && nodes_[(i - 1) / 2]->due_ms > node->due_ms; i = (i - 1) / 2) place(i, nodes_[(i - 1) / 2]);
    place(i, node);
    return i;
  }
  void down(std::size_t i) {
    DueHeapNode* node = nodes_[i];
    for (std::size_t child = 2 * i + 1; child < nodes_.size(); child = 2 * i + 1) {
      if (child + 1 < nodes_.size() && nodes_[child + 1]->due_ms < nodes_[child]->due_ms) ++child;
      if (nodes_[child]->due_ms >= node->due_ms) break;
      place(i, nodes_[child]);
      i = child;
    }
    place(i, node);
  }

  std::vector<DueHeapNode*> nodes_;
};

}  // namespace switchyard::stream
