// load_config reads the configuration: the file, conf.d/*.yaml beside it in lexical order, then the
// --set options; later wins.
//
// Every mistake is found in one run, each with file and line.  A reload goes through the same function,
// so what `check` accepts is what `run` and SIGHUP accept.
//
// Failure: Code::invalid; the message has one line per mistake, at most kMaxMistakes.
//
// Thread: [control].
#pragma once
#include <string>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/server/settings.h"
#include "kernel/server/yaml_tree.h"

namespace switchyard::server {

inline constexpr std::size_t kMaxMistakes = 20;
inline constexpr const char* kDefaultConfig = "/etc/switchyard/switchyard.yaml";

struct ConfigSource {
  bool dev = false;
  std::string file;               // Empty = none (dev mode without a file).
  std::string data_dir;           // --data-dir; wins over everything.
  std::string log_level;          // --log-level; wins over everything.
  std::vector<std::string> sets;  // "dotted.key=value", in the order of the command line.
};

struct LoadedConfig {
  Settings settings;
  std::vector<std::string> warnings;  // One sentence each, with file and line.
};

Result<LoadedConfig> load_config(const ConfigSource& source);

// The same from a tree; for load_config and tests.
Result<LoadedConfig> interpret_config(const YamlNode& root, const ConfigSource& source);

// Collects complaints; the parts of the interpreter share one.
class Mistakes {
 public:
  void add(const YamlPlace& place, std::string_view what);
  void add(const Error& error);  // Already has its place.
  bool empty() const { return count_ == 0; }
  Error error() const;

 private:
  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

}  // namespace switchyard::server
