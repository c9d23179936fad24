// FileEnv puts LevelDB on the file seam of the journal, so that both lose power together in a test and have
// the same guarantees on a real disk.
//
// It differs from LevelDB's own environment where that one relies on more than files promise:
//   - the first sync of a new file makes its name durable too, a rename is durable when it returns,
//   - a manifest whose last entry was cut off by a power loss is shown without it (it was not synced, so
//     nobody relies on it); LevelDB would call it damage.  Damage inside is shown as it is,
//   - tables are read with pread: mapped ones count as memory of the process.
//
// Failure: LevelDB's IOError or NotFound with the seam's text, which holds the path.
//
// Thread: any, as LevelDB wants it; a file belongs to one thread at a time.
#pragma once
#include <leveldb/env.h>

#include <memory>
#include <string>

#include "kernel/journal/file.h"

namespace switchyard::store {

// `real`: on the real disk, where a folder is locked against a second process.
std::unique_ptr<leveldb::Env> make_file_env(journal::FileSystem& files, bool real);

}  // namespace switchyard::store
