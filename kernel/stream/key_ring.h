// KeyRing is a ring of keys from which any can be taken out: two links per key id.
//
// Thread: plain value of one lane.
#pragma once
#include <vector>

#include "kernel/stream/key_index.h"

namespace switchyard::stream {

class KeyRing {
 public:
  KeyRing() : links_(1) {}

  KeyId front() const { return links_[0].next; }  // 0 when empty.
  bool has(KeyId key) const { return key < links_.size() && links_[key].in; }
  void push_back(KeyId key) {
    if (key >= links_.size()) links_.resize(key + 1);  // Ids are small and reused.
    if (key == 0 || links_[key].in) return;
    links_[key] = {links_[0].previous, 0, true};
    links_[links_[0].previous].next = key;
    links_[0].previous = key;
  }
  void remove(KeyId key) {
    if (!has(key) || key == 0) return;
    const Link link = links_[key];
    links_[link.previous].next = link.next;
    links_[link.next].previous = link.previous;
    links_[key] = {};
  }

 private:
  struct Link {
    KeyId previous = 0, next = 0;
    bool in = false;
  };
  std::vector<Link> links_;  // By key id; 0 is both ends.
};

}  // namespace switchyard::stream
