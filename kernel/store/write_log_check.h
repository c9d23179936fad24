// Tells a torn tail of the database's write log from damage inside it.
//
// LevelDB drops every log record that it cannot read and goes on with the next one; an index image that
// disappears so takes acknowledged messages with it, without a word.  Our writes are synced one by one,
// so only the last record of a log may be incomplete after a power loss.  A bad record with another one
// behind it is damage.
//
// Failure: Code::corrupt with file and offset; Code::io when a log cannot be read.
//
// The same goes for its manifest, which LevelDB reads strictly: readable_bytes() is where a torn tail begins.
//
// Thread: before the database is open.
#pragma once
#include <cstdint>
#include <string>

#include "kernel/base/result.h"
#include "kernel/journal/file.h"

namespace switchyard::store {

Status check_write_logs(journal::FileSystem& files, const std::string& directory);

// Without the last record when that is incomplete; the whole file when the damage is not at its end.
Result<std::uint64_t> readable_bytes(const journal::File& file);

}  // namespace switchyard::store
