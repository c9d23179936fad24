// Files that must not be loaded, and `plugin list|check` over them.
#include "kernel/plugin/loader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kernel/account/signing.h"
#include "kernel/base/ids.h"
#include "kernel/plugin/cli.h"
#include "kernel/plugin/elf.h"
#include "kernel/plugin/json_keys.h"
#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {
namespace {

namespace fs = std::filesystem;

const fs::path kPlugins = SWITCHYARD_TEST_PLUGINS;

std::string read_file(const fs::path& path) {
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

// ---- the commands ----------------------------------------------------------------------------------

struct Ran {
  int code;
  std::string out, err;
};

Ran run(const std::vector<std::string>& arguments, const LoaderOptions& options = {}) {
  char* out = nullptr;
  char* err = nullptr;
  std::size_t out_size = 0, err_size = 0;
  const CliStreams streams{::open_memstream(&out, &out_size), ::open_memstream(&err, &err_size)};
  const int code = run_plugin_command(arguments, options, streams);
  std::fclose(streams.out);
  std::fclose(streams.err);
  Ran ran{code, {out, out_size}, {err, err_size}};
  ::free(out);
  ::free(err);
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
  const auto ran = run({"list"}, folder.options());
  EXPECT_EQ(ran.code, 1) << "one of them cannot be used";
  EXPECT_TRUE(has(ran.out, "good             test.good                    1.0.0        a test\n")) << ran.out;
  EXPECT_TRUE(has(ran.out, "newer_revision   cannot be used: ")) << ran.out;
  EXPECT_EQ(run({"list"}, Folder().options()).code, 0) << "an empty folder is no error";
}

TEST(PluginCommand, check_of_a_good_plugin_tells_about_it_and_ends_with_0) {
  const auto ran = check("good");
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  for (const char* line :
       {"plugin    good\n", "id        test.good\n", "version   1.0.0 by test, Apache-2.0\n",
        "requires  switchyard.log/1\n", "optional  -\n", "keys      listen\n",
        "abi       generation 1, built for revision 1, needs revision 1\n", "ok      lives and ends on 4 lanes\n"}) {
    EXPECT_TRUE(has(ran.out, line)) << line << "is missing in\n" << ran.out;
  }
}

TEST(PluginCommand, check_survives_a_plugin_that_crashes) {
  const auto ran = check("crashes");
  EXPECT_EQ(ran.code, 1);
  EXPECT_TRUE(has(ran.out, "FAILED  lives and ends on 1 lane: was killed by signal 6 (Aborted)")) << ran.out;
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
  const Folder folder;
  CheckOptions options;
  options.file = folder.put("hangs").string();
  options.timeout_ms = 300;
  char* out = nullptr;
  std::size_t size = 0;
  std::FILE* stream = ::open_memstream(&out, &size);
  const int code = plugin_check(options, {stream, stderr});
  std::fclose(stream);
  EXPECT_EQ(code, 1);
  EXPECT_TRUE(has(out, "did not end within 300 ms")) << out;
  ::free(out);
}

TEST(PluginCommand, check_of_the_c_plus_plus_wrapper_and_of_the_example_is_good) {
  EXPECT_EQ(check("wrapped").code, 0);
  EXPECT_EQ(check("line_counter").code, 0);
}

TEST(PluginCommand, a_wrong_command_line_ends_with_2) {
  EXPECT_EQ(run({}).code, 2);
  EXPECT_EQ(run({"check"}).code, 2);
  EXPECT_EQ(run({"check", "a.so", "b.so"}).code, 2);
  EXPECT_EQ(run({"fly"}).code, 2);
  EXPECT_EQ(run({"list", "more"}).code, 2);
  const auto fresh = run({"new", "mqtt"});
  EXPECT_EQ(fresh.code, 2);
  EXPECT_TRUE(has(fresh.err, "is not in this version")) << fresh.err;
  EXPECT_EQ(run({"check", "/nowhere/x.so"}).code, 1);
}

}  // namespace
}  // namespace switchyard::plugin::test
