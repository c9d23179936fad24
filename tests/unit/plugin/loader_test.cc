// Files that must not be loaded.
#include "kernel/plugin/loader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kernel/account/signing.h"
#include "kernel/base/ids.h"
#include "kernel/plugin/elf.h"
#include "kernel/plugin/json_keys.h"
#include "tests/unit/plugin/plugin_folder.h"

namespace switchyard::plugin::test {
namespace {

// The sentence of the refusal, or "loaded".
std::string try_load(const LoaderOptions& options, const std::string& name, const std::string& path = "",
                     const std::string& sha256 = "") {
  auto file = locate(options, name, path);
  if (!file) return file.error().message;
  auto entry = load_file(*file, sha256);
  return entry ? "loaded" : entry.error().message;
}

// Without the folder, which is another one each time.
std::string refusal_of(const std::string& plugin) {
  const Folder folder;
  folder.put(plugin);
  auto text = try_load(folder.options(), plugin);
  for (auto at = text.find(folder.path.string()); at != std::string::npos; at = text.find(folder.path.string())) {
    text.erase(at, folder.path.string().size() + 1);
  }
  return text;
}

TEST(Loader, a_good_plugin_is_found_by_its_name_and_loaded) {
  EXPECT_EQ(refusal_of("good"), "loaded");
  EXPECT_EQ(refusal_of("wrapped"), "loaded");
}

TEST(Loader, each_wrong_file_is_refused_with_its_own_sentence) {
  EXPECT_EQ(refusal_of("no_entry"),
            "no_entry.so does not export switchyard_plugin_v1; it is not a switchyard plugin of this generation");
  EXPECT_EQ(refusal_of("two_symbols"),
            "two_symbols.so exports 2 symbols, among them another_symbol; a plugin exports switchyard_plugin_v1 alone: "
            "link it with the SDK's plugin.map");
  EXPECT_EQ(refusal_of("null_entry"), "null_entry.so returned too small an sw_entry; rebuild it with the SDK's header");
  EXPECT_EQ(refusal_of("small_entry"),
            "small_entry.so returned too small an sw_entry; rebuild it with the SDK's header");
  EXPECT_EQ(refusal_of("small_info"),
            "small_info.so describes itself with too small an sw_info; rebuild it with the SDK's header");
  EXPECT_EQ(refusal_of("small_table"),
            "small_table.so has too small an sw_plugin table; rebuild it with the SDK's header");
  EXPECT_EQ(refusal_of("no_destroy"), "no_destroy.so lacks one of create, configure, start, stop and destroy");
  EXPECT_EQ(refusal_of("other_generation"), "other_generation.so is of ABI generation 2; this server speaks 1");
  EXPECT_EQ(refusal_of("newer_revision"), "newer_revision.so needs ABI revision 999, this server has " +
                                              std::to_string(SW_ABI_REVISION) + "; install a newer switchyard");
  EXPECT_EQ(
      refusal_of("needs_the_future"),
      "needs_the_future.so needs switchyard.teleport/1, which this server does not offer; install a newer switchyard");
}

TEST(Loader, a_missing_function_is_named_by_the_linkers_own_words_and_nothing_else) {
  EXPECT_EQ(refusal_of("missing_function"),
            "missing_function.so cannot be loaded: missing_function.so: undefined symbol: not_there_at_all");
}

TEST(Loader, a_plugin_that_is_not_installed_says_where_it_was_looked_for) {
  const Folder folder;
  EXPECT_EQ(try_load(folder.options(), "sqs"),
            "the plugin 'sqs' is not installed: there is no sqs.so in " + folder.path.string());
}

TEST(Loader, the_first_folder_wins) {
  const Folder first, second;
  first.put("other_generation", "good");
  second.put("good");
  const LoaderOptions options{{first.path.string(), second.path.string()}};
  EXPECT_EQ(locate(options, "good", "")->path, fs::canonical(first.path / "good.so").string());
}

TEST(Loader, a_name_that_walks_away_is_refused) {
  const Folder folder;
  EXPECT_EQ(try_load(folder.options(), "../good"), "plugins.../good is no plugin name; it is 1 to 64 of [A-Za-z0-9_-]");
  EXPECT_EQ(try_load(folder.options(), ""), "plugins. is no plugin name; it is 1 to 64 of [A-Za-z0-9_-]");
}

TEST(Loader, a_path_must_be_absolute) {
  const Folder folder;
  EXPECT_EQ(try_load({}, "good", "lib/good.so"), "plugins.good.path is 'lib/good.so'; give an absolute path");
  EXPECT_EQ(try_load({}, "good", folder.put("good").string()), "loaded");
}

TEST(Loader, a_file_under_another_name_is_refused) {
  const Folder folder;
  const auto file = folder.put("good", "better");
  EXPECT_EQ(try_load(folder.options(), "better"),
            file.string() + " is the plugin 'good', the configuration calls it 'better'; use plugins.good");
}

TEST(Loader, a_symbolic_link_may_stay_in_its_folder_and_not_leave_it) {
  const Folder folder, elsewhere;
  folder.put("good", "good-1.0");
  fs::create_symlink("good-1.0.so", folder.path / "good.so");
  EXPECT_EQ(try_load(folder.options(), "good"), "loaded");
  const auto outside = elsewhere.put("wrapped");
  fs::create_symlink(outside, folder.path / "wrapped.so");
  EXPECT_EQ(try_load(folder.options(), "wrapped"), (folder.path / "wrapped.so").string() + " is a symbolic link to " +
                                                       outside.string() +
                                                       ", outside of its folder; put the file itself there");
  fs::create_symlink("nowhere", folder.path / "gone.so");
  EXPECT_NE(try_load(folder.options(), "gone").find("cannot be reached"), std::string::npos);
}

TEST(Loader, a_file_that_others_may_write_is_refused) {
  for (const auto mode : {0664, 0646, 0666}) {
    const Folder folder;
    const auto file = folder.put("good");
    ::chmod(file.c_str(), static_cast<mode_t>(mode));
    EXPECT_EQ(try_load(folder.options(), "good"),
              file.string() + " can be written by its group or by everyone; chmod go-w it");
  }
}

TEST(Loader, a_file_of_another_user_is_refused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const Folder folder;
  const auto file = folder.put("good");
  ASSERT_EQ(::chown(file.c_str(), 12345, 12345), 0);
  EXPECT_EQ(try_load(folder.options(), "good"),
            file.string() + " belongs to user 12345; chown it to root or to user 0 that runs the server");
}

TEST(Loader, what_is_not_a_regular_file_is_refused) {
  const Folder folder;
  fs::create_directory(folder.path / "dir.so");
  EXPECT_NE(try_load(folder.options(), "dir").find("is not a regular file"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder.path / "fifo.so").c_str(), 0600), 0);
  EXPECT_NE(try_load(folder.options(), "fifo").find("is not a regular file"), std::string::npos) << "and does not hang";
}

TEST(Loader, the_digest_of_the_configuration_is_checked) {
  const Folder folder;
  const auto file = folder.put("good");
  const auto digest = account::sha256(read_file(file));
  auto hex = hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  EXPECT_EQ(try_load(folder.options(), "good", "", hex), "loaded");
  std::string upper = hex;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_EQ(try_load(folder.options(), "good", "", upper), "loaded");
  const auto actual = hex;
  hex[0] = hex[0] == '0' ? '1' : '0';
  EXPECT_EQ(try_load(folder.options(), "good", "", hex), file.string() + " has SHA-256 " + actual +
                                                             ", the configuration wants " + hex +
                                                             "; install the right file or change plugins.*.sha256");
}

TEST(Loader, a_script_or_an_empty_file_is_not_a_shared_object) {
  const Folder folder;
  for (const std::string content : {"", "#!/bin/sh\n",
                                    "\x7f"
                                    "ELF"}) {
    std::ofstream(folder.path / "fake.so") << content;
    ::chmod((folder.path / "fake.so").c_str(), 0644);
    EXPECT_EQ(try_load(folder.options(), "fake"),
              (folder.path / "fake.so").string() +
                  " is not a shared object; name the .so file that the plugin's build makes");
  }
}

TEST(Elf, damage_anywhere_in_the_tables_is_refused_or_harmless_and_never_read_past_the_end) {
  const std::string good = read_file(kPlugins / "good.so");
  ASSERT_TRUE(read_elf(good, "good.so").ok());
  // Every prefix of the header, then cuts through the rest.
  for (std::size_t size = 0; size < good.size(); size += size < 256 ? 1 : 97) {
    (void)read_elf(std::string_view(good).substr(0, size), "cut.so");
  }
  std::size_t refused = 0;
  for (std::size_t at = 0; at < 64; ++at) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[at] = value;
      refused += read_elf(bad, "bad.so").ok() ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 30u);
}

TEST(JsonKeys, are_those_of_the_outermost_object_in_order) {
  const auto keys = json_keys(R"( {"b": {"x": [1, 2.5e3, -0, true, null]}, "a":"\u00e9\"}" , "":false} )", "it");
  ASSERT_TRUE(keys.ok()) << keys.error().message;
  EXPECT_EQ(*keys, (std::vector<std::string>{"b", "a", ""}));
  EXPECT_TRUE(json_keys("{}", "it")->empty());
}

TEST(JsonKeys, malformed_text_is_refused) {
  for (const std::string_view text : {"", "{", "}", "[]", "null", "{} x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
                                      "{\"a\":01}", "{\"a\":1.}", "{\"a\":+1}", "{\"a\":tru}", "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\u12g4\"}", "{\"a\":\"\n\"}", "{\"a\":[1,]}", "{\"a"}) {
    EXPECT_FALSE(json_keys(text, "it").ok()) << text;
  }
  EXPECT_TRUE(json_keys("{\"a\":" + std::string(60, '[') + std::string(60, ']') + "}", "it").ok());
  EXPECT_FALSE(json_keys("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", "it").ok()) << "too deep";
  EXPECT_EQ(json_keys("{\"a\" 1}", "config_keys").error().message,
            "config_keys is not a well-formed JSON object (byte 5)");
}

}  // namespace
}  // namespace switchyard::plugin::test
