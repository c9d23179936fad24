// `switchyard plugin list|check|new` over good and bad plugins.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <vector>

#include "tests/unit/plugin/plugin_folder.h"

namespace switchyard::plugin::test {
namespace {

struct Ran {
  int code;
  std::string out;  // Both streams.
};

// In a process of its own: the command forks, and this one has had threads.
Ran run(const std::vector<std::string>& arguments, const fs::path& folder = "/nowhere") {
  std::string line = SWITCHYARD_PLUGIN_COMMAND;
  line += " '" + folder.string() + "'";
  for (const auto& argument : arguments) line += " '" + argument + "'";
  std::FILE* pipe = ::popen((line + " 2>&1").c_str(), "r");
  Ran ran{-1, {}};
  char buffer[4096];
  for (std::size_t n; pipe != nullptr && (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    ran.out.append(buffer, n);
  const int status = pipe == nullptr ? -1 : ::pclose(pipe);
  if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
  return ran;
}

Ran check(const std::string& plugin, std::vector<std::string> more = {}) {
  const Folder folder;
  std::vector<std::string> arguments{"check", folder.put(plugin).string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(PluginCommand, list_shows_what_each_file_says_of_itself) {
  const Folder folder;
  folder.put("good");
  folder.put("newer_revision");
  const auto ran = run({"list"}, folder.path);
  EXPECT_EQ(ran.code, 1) << "one of them cannot be used";
  EXPECT_TRUE(has(ran.out, "good             test.good                    1.0.0        a test\n")) << ran.out;
  EXPECT_TRUE(has(ran.out, "newer_revision   cannot be used: ")) << ran.out;
  EXPECT_EQ(run({"list"}, Folder().path).code, 0) << "an empty folder is no error";
}

TEST(PluginCommand, check_of_a_good_plugin_tells_about_it_and_ends_with_0) {
  const auto ran = check("good");
  EXPECT_EQ(ran.code, 0) << ran.out;
  for (const char* line :
       {"plugin    good\n", "id        test.good\n", "version   1.0.0 by test, Apache-2.0\n",
        "requires  switchyard.log/1\n", "optional  -\n", "keys      listen\n",
        "abi       generation 1, built for revision 4, needs revision 1\n", "ok      lives and ends on 4 lanes\n"}) {
    EXPECT_TRUE(has(ran.out, line)) << line << "is missing in\n" << ran.out;
  }
}

TEST(PluginCommand, check_survives_a_plugin_that_crashes) {
  const auto ran = check("crashes");
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(has(ran.out, "FAILED  lives and ends on 1 lane: was killed by signal 6 (Aborted)")) << ran.out;
}

TEST(PluginCommand, check_leaves_nothing_behind_even_after_a_crash) {
  const Folder plugins, temporary;
  const auto file = plugins.put("crashes").string();
  ASSERT_EQ(::setenv("TMPDIR", temporary.path.c_str(), 1), 0);
  EXPECT_EQ(run({"check", file}).code, 1);
  ::unsetenv("TMPDIR");
  EXPECT_TRUE(fs::is_empty(temporary.path));
}

TEST(PluginCommand, check_finds_a_crash_on_garbage) {
  const auto ran = check("crashes_on_garbage");
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(has(ran.out, "ok      lives and ends on 1 lane\n")) << ran.out;
  EXPECT_TRUE(has(ran.out, "FAILED  survives garbage as configuration: ")) << ran.out;
}

TEST(PluginCommand, check_says_what_is_no_json) {
  const auto ran = check("bad_keys");
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(has(ran.out, "FAILED  config_keys are a JSON object: config_keys is not a well-formed")) << ran.out;
}

TEST(PluginCommand, check_takes_a_configuration) {
  const auto without = check("needs_a_key");
  EXPECT_EQ(without.code, 1);
  EXPECT_TRUE(has(without.out, "refused its configuration: listen must be given")) << without.out;
  EXPECT_EQ(check("needs_a_key", {"--config", R"({"listen":"127.0.0.1:0"})"}).code, 0);
}

TEST(PluginCommand, check_gives_up_on_a_plugin_that_hangs) {
  const auto ran = check("hangs", {"--timeout", "1"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(has(ran.out, "did not end within 1000 ms")) << ran.out;
}

TEST(PluginCommand, check_of_the_c_plus_plus_wrapper_and_of_the_examples_is_good) {
  EXPECT_EQ(check("wrapped").code, 0);
  EXPECT_EQ(check("lines_c").code, 0);
  EXPECT_EQ(check("lines_cpp").code, 0);
}

TEST(PluginCommand, a_wrong_command_line_ends_with_2) {
  EXPECT_EQ(run({}).code, 2);
  EXPECT_EQ(run({"check"}).code, 2);
  EXPECT_EQ(run({"check", "a.so", "b.so"}).code, 2);
  EXPECT_EQ(run({"check", "a.so", "--timeout", "soon"}).code, 2);
  EXPECT_EQ(run({"fly"}).code, 2);
  EXPECT_EQ(run({"list", "more"}).code, 2);
  EXPECT_EQ(run({"new"}).code, 2);
  EXPECT_EQ(run({"new", "a", "b"}).code, 2);
  EXPECT_EQ(run({"new", "a", "--fast"}).code, 2);
  EXPECT_EQ(run({"check", "/nowhere/x.so"}).code, 1);
}

Ran make_new(const Folder& folder, const std::string& name, const std::string& language = "c") {
  return run({"new", name, "--lang", language, "--dir", folder.path.string()});
}

TEST(PluginCommand, new_writes_a_folder_for_each_language_with_no_word_left_to_fill_in) {
  const Folder folder;
  for (const std::string language : {"c", "cpp", "rust"}) {
    const auto name = "mail_" + language;
    const auto ran = make_new(folder, name, language);
    ASSERT_EQ(ran.code, 0) << ran.out;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path / name)) {
      if (!entry.is_regular_file()) continue;
      const auto text = read_file(entry.path());
      EXPECT_FALSE(text.empty()) << entry.path();
      for (const char* word : {"@NAME@", "@FILE@", "@SOURCE@", "@BUILD@", "@TRY@", "@READS@"})
        EXPECT_FALSE(has(text, word)) << entry.path() << " has " << word;
    }
    const auto source = language == "rust" ? "src/lib.rs" : name + "." + language;
    EXPECT_TRUE(has(read_file(folder.path / name / source), "/" + name)) << "its route has its name";
  }
}

TEST(PluginCommand, new_refuses_names_that_cannot_be_file_target_crate_and_key_at_once) {
  const Folder folder;
  for (const char* name : {"Mail", "9mail", "_mail", "mail_", "mail-box", "../mail", "mail box", "", "test", "sqs",
                           "fn", "topics", "a234567890123456789012345678901234567890x"}) {
    const auto ran = make_new(folder, name);
    EXPECT_NE(ran.code, 0) << name;
    EXPECT_TRUE(*name == '\0' || has(ran.out, std::string("'") + name + "'")) << ran.out;
  }
  EXPECT_TRUE(fs::is_empty(folder.path));
  const auto other = make_new(folder, "mail", "cobol");
  EXPECT_EQ(other.code, 1);
  EXPECT_TRUE(has(other.out, "--lang is 'cobol'")) << other.out;
}

TEST(PluginCommand, new_overwrites_nothing) {
  const Folder folder;
  fs::create_directory(folder.path / "empty");
  fs::create_symlink("/nowhere", folder.path / "link");
  for (const char* name : {"empty", "link"}) {
    const auto ran = make_new(folder, name);
    EXPECT_EQ(ran.code, 1) << name;
    EXPECT_TRUE(has(ran.out, "is already there")) << ran.out;
  }
  EXPECT_TRUE(fs::is_empty(folder.path / "empty"));
  ASSERT_EQ(make_new(folder, "mail").code, 0);
  const auto before = read_file(folder.path / "mail/mail.c");
  EXPECT_EQ(make_new(folder, "mail", "cpp").code, 1);
  EXPECT_EQ(read_file(folder.path / "mail/mail.c"), before);
  EXPECT_FALSE(fs::exists(folder.path / "mail/mail.cpp"));
  EXPECT_FALSE(fs::exists(folder.path / ".mail.new"));
}

}  // namespace
}  // namespace switchyard::plugin::test
