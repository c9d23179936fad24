// The real files and environment behind the seam.
#include "plugins/nats/surroundings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace switchyard::nats {
namespace {

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "surroundings-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST(Surroundings, a_file_is_read_whole_up_to_its_bound) {
  const Folder folder;
  const std::string path = folder.path + "/f";
  std::string text(100'000, 'x'), read, error;
  text[50'000] = '\0';
  std::ofstream(path, std::ios::binary) << text;
  ProcessSurroundings real;
  ASSERT_TRUE(real.read_file(path, text.size(), read, error)) << error;
  EXPECT_EQ(read, text);
  EXPECT_FALSE(real.read_file(path, text.size() - 1, read, error));
  EXPECT_NE(error.find("File too large"), std::string::npos) << error;
}

TEST(Surroundings, what_is_no_file_is_named) {
  const Folder folder;
  ProcessSurroundings real;
  std::string read, error;
  EXPECT_FALSE(real.read_file(folder.path + "/none", 10, read, error));
  EXPECT_EQ(error, "open " + folder.path + "/none: No such file or directory");
  EXPECT_FALSE(real.read_file(folder.path, 10, read, error));
  EXPECT_EQ(error, "open " + folder.path + ": Is a directory");
}

TEST(Surroundings, a_variable_that_is_empty_is_not_one_that_is_missing) {
  ProcessSurroundings real;
  ::setenv("SURROUNDINGS_TEST", "", 1);
  EXPECT_EQ(real.environment("SURROUNDINGS_TEST"), std::optional<std::string>(""));
  ::unsetenv("SURROUNDINGS_TEST");
  EXPECT_EQ(real.environment("SURROUNDINGS_TEST"), std::nullopt);
}

}  // namespace
}  // namespace switchyard::nats
