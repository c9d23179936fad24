// Folder is a temporary folder with copies of test plugins that nobody else may write.
#pragma once
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "kernel/plugin/loader.h"

namespace switchyard::plugin::test {

namespace fs = std::filesystem;

inline const fs::path kPlugins = SWITCHYARD_TEST_PLUGINS;

inline std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder of its own with copies of test plugins that nobody else may write.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "switchyard-loader-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  fs::path put(const std::string& plugin, const std::string& as = "") const {
    const auto to = path / ((as.empty() ? plugin : as) + ".so");
    fs::copy_file(kPlugins / (plugin + ".so"), to);
    ::chmod(to.c_str(), 0644);
    return to;
  }
  LoaderOptions options() const { return {{path.string()}}; }
  fs::path path;
};

}  // namespace switchyard::plugin::test
