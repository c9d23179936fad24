// The first byte of every journal record says which room it belongs to and what it is.
//
// Numbers are on disk: they are never reused.  The layout of each body is in kernel/store/FORMAT.md.
#pragma once
#include <cstdint>

namespace switchyard::store {

enum class RecordType : std::uint8_t {
  append = 1,   // A message enters a stream.
  ack = 2,      // A consumer is done with messages; in a work queue they leave the stream.
  lease = 3,    // Messages were handed out.
  release = 4,  // A lease ends early or is extended; a delay is set.
  drop = 5,     // Everything up to a sequence leaves (purge, retention).
  kv_put = 16,
  kv_erase = 17,
  kv_erase_prefix = 18,  // Every record whose key starts with these bytes.
};

}  // namespace switchyard::store
