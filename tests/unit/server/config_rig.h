// A folder with configuration files, and the questions that tests ask of it.
//
// Thread: the test's.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "kernel/server/config.h"

namespace switchyard::server {

struct ConfigFolder : testing::Test {
  void SetUp() override {
    std::string pattern = testing::TempDir() + "config-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    source.file = path("switchyard.yaml");
    // No plugin of the machine takes part.
    source.sets = {"plugin_dirs=" + folder};
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string path(const std::string& name) const { return folder + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
  }
  void main_file(const std::string& text) const { write("switchyard.yaml", text); }

  Settings accepted() {
    auto loaded = load_config(source);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    if (!loaded) return {};
    warnings = loaded->warnings;
    return std::move(loaded->settings);
  }
  // The complaints, with the folder's name taken out.
  std::string refused() {
    auto loaded = load_config(source);
    if (loaded) return "accepted";
    auto text = loaded.error().message;
    for (auto at = text.find(folder + "/"); at != std::string::npos; at = text.find(folder + "/")) {
      text.erase(at, folder.size() + 1);
    }
    return text;
  }
  std::string refused(const std::string& text) {
    main_file(text);
    return refused();
  }

  std::string folder;
  ConfigSource source;
  std::vector<std::string> warnings;
};

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace switchyard::server
