// Tells a torn tail of the database's write log from damage inside it.
//
// LevelDB drops every log record that it cannot read and goes on with the next one; an index image that
// disappears so takes acknowledged messages with it, without a word.  Our writes are synced one by one,
// so only the last record of a log may be incomplete after a power loss.  A bad record with another one
// behind it is damage.
//
// Failure: Code::corrupt with file and offset; Code::io when a log cannot be read.
//
// Thread: before the database is open.
#pragma once
#include <string>

#include "kernel/base/result.h"

namespace switchyard::store {

Status check_write_logs(const std::string& directory);

}  // namespace switchyard::store
