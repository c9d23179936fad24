// Loader finds a plugin's file, judges it, and only then brings its code into the process.
//
// A plugin runs with all rights of the server, so the file must be one that nobody but root or the
// server's own user could have written, and must say in its own data that it fits this host.  Code is
// never unloaded: C++ runtimes keep pointers into it.
//
// Failure: each refusal is one sentence that names the file, what is wrong and what to change.
//
// Thread: [control].
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

struct LoaderOptions {
  std::vector<std::string> folders;  // Searched in order for NAME.so; see default_folders().
};

// Beside the running executable (`../lib/switchyard/plugins`), then the system's, then the site's.
std::vector<std::string> default_folders();

// The extension ids that this build of the host offers.
const std::vector<std::string_view>& offered_extensions();

struct Located {
  std::string name;
  std::string path;  // Real and absolute.
};

// Finds NAME.so; `path` (absolute, of the configuration) wins over the folders.  The real file must
// lie in the folder it was found in: a symbolic link that leaves it is refused.
Result<Located> locate(const LoaderOptions& options, const std::string& name, const std::string& path);
// Every NAME.so in the folders, first folder first; a name that comes again is left out.
std::vector<Located> list_files(const LoaderOptions& options);

// Owner, permissions, digest (hex, or empty), ELF shape: everything that can be known without running it.
Status judge_file(const std::string& path, const std::string& sha256);
// What the entry says: sizes, generation, revision, name, extensions.  An empty file.name = any name.
Status judge_entry(const sw_entry* entry, const Located& file);

// judge_file, dlopen(RTLD_NOW | RTLD_LOCAL), the entry symbol, judge_entry.  The code stays for good.
Result<const sw_entry*> load_file(const Located& file, const std::string& sha256);

}  // namespace switchyard::plugin
