// Reads `plugins`: which plugins run, from which file, and the section that each of them gets as JSON.
//
// A plugin says in its own data which keys it knows and of which type they are (sw_info.config_keys); its
// section is checked against that before it sees it, so a mistake has a file and a line.  A section of a
// core plugin that this build does not have is a warning: one configuration serves several builds.
//
// In dev mode every core plugin of the build runs unless its section says otherwise.
//
// Failure: complaints go to `mistakes`.
//
// Thread: [control].
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kernel/plugin/host.h"
#include "kernel/server/config.h"
#include "kernel/server/yaml_tree.h"

namespace switchyard::server {

// What is known about a plugin without running it.
struct KnownPlugin {
  std::string name;
  std::string path;
  std::string config_keys;  // JSON, or empty when the file cannot be read.
};

struct PluginContext {
  bool dev = false;
  bool http_is_loopback = false;  // anonymous_namespace needs it.
};

// `known` in the order of the folders.
std::vector<plugin::PluginSpec> read_plugins(const YamlNode* section, const PluginContext& context,
                                             const std::vector<KnownPlugin>& known, Mistakes& mistakes,
                                             std::vector<std::string>& warnings);

// Finds the files of the folders and of `path` keys, and reads what each says about itself.
std::vector<KnownPlugin> find_plugins(const YamlNode* section, const std::vector<std::string>& folders);

// Checks one section against config_keys; `prefix` is "plugins.NAME".
void check_plugin_section(const YamlNode& section, std::string_view prefix, std::string_view config_keys,
                          Mistakes& mistakes);

}  // namespace switchyard::server
