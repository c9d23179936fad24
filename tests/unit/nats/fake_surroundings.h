// Files and environment variables of a test.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "plugins/nats/surroundings.h"

namespace switchyard::nats {

struct FakeSurroundings : Surroundings {
  bool read_file(const std::string& path, std::size_t max_bytes, std::string& out, std::string& error) override {
    ++reads;
    const auto file = files.find(path);
    if (file == files.end() || file->second.size() > max_bytes) {
      error = "open " + path + ": no such file or directory";
      return false;
    }
    out = file->second;
    return true;
  }
  std::optional<std::string> environment(const std::string& name) override {
    const auto value = variables.find(name);
    if (value == variables.end()) return std::nullopt;
    return value->second;
  }

  std::map<std::string, std::string> files, variables;
  int reads = 0;
};

}  // namespace switchyard::nats
