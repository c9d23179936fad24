// Sorts all keys of an index by name, at once.
//
// Names are far away, so each is looked at once per eight characters of what it shares with its neighbours
// instead of once per comparison: a million keys take a fifth of the time of a million searches.
//
// Thread: its index's lane; 16 bytes per key while it runs.
#pragma once
#include <vector>

#include "kernel/stream/key_records.h"

namespace switchyard::stream {

std::vector<KeyId> sort_keys(const KeyRecords& records);

}  // namespace switchyard::stream
