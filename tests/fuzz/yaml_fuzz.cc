// The configuration reader: hostile text is refused with a sentence, never a crash, and what is accepted
// says the same when it is written as JSON and read again.
//
// Input: u8 kind | text.  Kind 0 = a file, 1 = two files merged (split at a zero byte), 2 = a --set option,
// 3 = a plugin's schema and section (split at a zero byte).  No file of the machine is read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernel/base/log.h"
#include "kernel/server/config.h"
#include "kernel/server/config_plugins.h"
#include "kernel/server/yaml_tree.h"

namespace switchyard::server {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// References and paths would take the fuzzer to other files.
bool names_files(std::string_view text) {
  for (const char* word : {"file:", "credential:", "path"}) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

void check_json(const YamlNode& node) {
  const auto json = to_json(node);
  // A key of more than 1,024 characters is not a simple key any more; everything else must come back.
  const auto again = parse_yaml(json, "json");
  if (again) require(to_json(*again) == json);
}

void interpret(const YamlNode& root) {
  check_json(root);
  if (!root.is_map()) return;
  auto own = root;
  const auto fixed = parse_yaml("plugin_dirs: [/nonexistent]\n", "fixed");
  merge_yaml(own, *fixed, {});
  const auto loaded = interpret_config(own, {});
  if (!loaded) require(!loaded.error().message.empty());
}

void one_file(std::string_view text) {
  const auto root = parse_yaml(text, "fuzz.yaml");
  if (root) return interpret(*root);
  require(root.error().message.rfind("fuzz.yaml", 0) == 0);
}

void two_files(std::string_view first, std::string_view second) {
  auto base = parse_yaml(first, "one.yaml");
  auto over = parse_yaml(second, "two.yaml");
  if (!base || !over) return;
  merge_yaml(*base, std::move(*over), {"bootstrap.namespaces"});
  interpret(*base);
}

void set_option(std::string_view text) {
  ConfigSource source;
  source.dev = true;
  source.sets = {std::string(text), "plugin_dirs=/nonexistent"};
  (void)load_config(source);
}

void plugin_section(std::string_view schema, std::string_view text) {
  const auto root = parse_yaml(text, "fuzz.yaml");
  if (!root) return;
  const std::vector<KnownPlugin> known = {{"sqs", "/x/sqs.so", std::string(schema)}, {"acme", "/x/acme.so", ""}};
  Mistakes mistakes;
  std::vector<std::string> warnings;
  for (const auto& spec : read_plugins(&*root, {true, true}, known, mistakes, warnings)) {
    require(spec.section.starts_with('{') && spec.section.ends_with('}'));
  }
}

}  // namespace
}  // namespace switchyard::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard;
  log::set_level(log::Level::off);
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (server::names_files(text)) return 0;
  const auto split = std::min(text.find('\0'), text.size());
  const auto first = text.substr(0, split), second = text.substr(std::min(split + 1, text.size()));
  switch (data[0] % 4) {
    case 0:
      server::one_file(text);
      break;
    case 1:
      server::two_files(first, second);
      break;
    case 2:
      server::set_option(text);
      break;
    default:
      server::plugin_section(first, second);
  }
  return 0;
}
