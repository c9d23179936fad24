// Where a server's sealing key is kept, and the key that is to take its place.
//
// The key comes from the configuration (`sealing_key`) or from `<data_dir>/sealing.key`, which is made at
// first start.  Who has the data folder and no other source of the key has the secrets, too; that file
// exists so that backups of records alone do not leak them.
//
// A rotation is a second file beside it, with ".next" behind its name.  While both are there, both open
// secrets and the second one seals; it is renamed over the first when no record needs that any more.  So a
// crash at any moment leaves every secret readable, and the rotation goes on at the next start.
//
// Failure: Code::invalid or io with the file, never its content.
//
// Thread: [control].
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "kernel/account/sealing.h"

namespace switchyard::account {

// `reference` is the value of `sealing_key`; empty = `<data_dir>/sealing.key`, made (mode 0600) when it
// is not there and `may_make`: a folder with data had one, and what is sealed opens with no other.  A made
// key is synced before this returns.
Result<SealingKey> load_sealing_key(std::string_view reference, const std::string& data_dir, bool may_make = true);

// The file that load_sealing_key() reads.
Result<std::string> sealing_key_path(std::string_view reference, const std::string& data_dir);
std::string next_key_path(const std::string& path);
// Nothing when no rotation was asked for.
Result<std::optional<SealingKey>> load_next_key(const std::string& path);
// Asks for a rotation: makes the key that is to follow the one in `path`, with the same owner.  One that is
// already there is kept, because records may be sealed with it.
Result<SealingKey> make_next_key(const std::string& path);
// The next key becomes the key.
Status adopt_next_key(const std::string& path);

}  // namespace switchyard::account
