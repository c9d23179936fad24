#include "kernel/server/config_plugins.h"

#include <algorithm>
#include <array>
#include <set>

#include "kernel/account/types.h"
#include "kernel/base/units.h"
#include "kernel/plugin/loader.h"
#include "kernel/server/config_schema.h"

namespace switchyard::server {
namespace {

// In the order they are loaded.
constexpr std::array<std::string_view, 6> kCorePlugins = {"control", "sqs", "sns", "nats", "topics", "webhooks"};
// The server's own keys of every section.
constexpr std::array<std::string_view, 5> kServerKeys = {"enabled", "path", "sha256", "required",
                                                         "anonymous_namespace"};

bool is_core(std::string_view name) {
  return std::find(kCorePlugins.begin(), kCorePlugins.end(), name) != kCorePlugins.end();
}
bool is_server_key(std::string_view name) {
  return std::find(kServerKeys.begin(), kServerKeys.end(), name) != kServerKeys.end();
}

const KnownPlugin* find_known(const std::vector<KnownPlugin>& known, std::string_view name) {
  const auto found = std::find_if(known.begin(), known.end(), [&](const KnownPlugin& k) { return k.name == name; });
  return found == known.end() ? nullptr : &*found;
}

std::string text_of(const YamlNode* section, std::string_view name) {
  const auto* node = section != nullptr ? section->find(name) : nullptr;
  return node != nullptr && node->is_scalar() && node->type() != YamlNode::Type::null ? node->text : std::string();
}

// Names in load order: the core's, then the others as they stand in the file.
std::vector<std::string> wanted_names(const YamlNode* section, bool dev, const std::vector<KnownPlugin>& known) {
  std::vector<std::string> names;
  for (const auto core : kCorePlugins) {
    const bool mentioned = section != nullptr && section->find(core) != nullptr;
    // Not unasked what has a port of its own, which another program may hold.
    const bool unasked = dev && core != "nats" && find_known(known, core) != nullptr;
    if (mentioned || unasked) names.emplace_back(core);
  }
  if (section == nullptr) return names;
  for (const auto& pair : section->pairs) {
    if (!is_core(pair.name)) names.push_back(pair.name);
  }
  return names;
}

bool flag(const YamlNode* section, std::string_view name, const std::string& prefix, bool fallback,
          Mistakes& mistakes) {
  const auto* node = section != nullptr ? section->find(name) : nullptr;
  if (node == nullptr || node->is_null()) return fallback;
  if (node->is_scalar() && node->type() == YamlNode::Type::boolean) return node->as_bool();
  mistakes.add(node->place,
               prefix + "." + std::string(name) + ": '" + node->text.substr(0, 80) + "' must be true or false");
  return fallback;
}

// What stays for the plugin itself.
YamlNode own_section(const YamlNode* section) {
  YamlNode out;
  out.kind = YamlNode::Kind::map;
  if (section == nullptr) return out;
  out.place = section->place;
  for (const auto& pair : section->pairs) {
    if (!is_server_key(pair.name)) out.pairs.push_back(pair);
  }
  return out;
}

// One value against one entry of config_keys.  A type that is not known here is the plugin's own matter.
void check_plugin_value(const YamlNode& value, const std::string& path, const YamlNode& spec, Mistakes& mistakes) {
  const auto* type_node = spec.find("type");
  const std::string type = type_node != nullptr ? type_node->text : "";
  if (value.is_null()) return;
  const auto wrong = [&](std::string_view what) { mistakes.add(value.place, path + " must be " + std::string(what)); };
  if (type == "list" || type == "array") {
    if (!value.is_list()) wrong("a list");
    return;
  }
  if (type == "object" || type == "map") {
    if (!value.is_map()) wrong("a map of keys and values");
    return;
  }
  if (!value.is_scalar()) {
    if (type == "string" || type == "boolean" || type == "integer" || type == "number" || type == "duration" ||
        type == "size") {
      wrong("a single value of type " + type);
    }
    return;
  }
  const auto kind = value.type();
  const std::string shown = ", not '" + value.text.substr(0, 80) + "'";
  if (type == "boolean" && kind != YamlNode::Type::boolean) wrong("true or false" + shown);
  if (type == "integer" && kind != YamlNode::Type::integer) wrong("a whole number" + shown);
  if (type == "number" && kind != YamlNode::Type::integer && kind != YamlNode::Type::real) wrong("a number" + shown);
  if (type == "duration") {
    if (auto parsed = parse_duration_ms(path, value.text); !parsed) mistakes.add(value.place, parsed.error().message);
  }
  if (type == "size") {
    if (auto parsed = parse_size(path, value.text); !parsed) mistakes.add(value.place, parsed.error().message);
  }
}

// Texts stay texts: `name: 0012` and `wait: 0` reach the plugin in quotes when it asked for text.
void quote_texts(YamlNode& section, const YamlNode& keys) {
  for (auto& pair : section.pairs) {
    const auto* spec = keys.find(pair.name);
    const auto* type = spec != nullptr ? spec->find("type") : nullptr;
    if (type == nullptr || !pair.value.is_scalar()) continue;
    if (type->text == "string" || type->text == "duration" || type->text == "size") pair.value.quoted = true;
  }
}

class SectionReader {
 public:
  SectionReader(const PluginContext& context, const std::vector<KnownPlugin>& known, Mistakes& mistakes,
                std::vector<std::string>& warnings)
      : context_(context), known_(known), mistakes_(mistakes), warnings_(warnings) {}

  void one(const std::string& name, const YamlNode* section, std::vector<plugin::PluginSpec>& out) {
    const std::string prefix = "plugins." + name;
    if (section != nullptr && !section->is_map() && !section->is_null()) {
      return mistakes_.add(section->place, prefix + " is a section: a map of keys and values belongs here");
    }
    const bool enabled = flag(section, "enabled", prefix, true, mistakes_);
    const auto* known = find_known(known_, name);
    if (known == nullptr) return unknown(name, section, enabled);
    auto own = own_section(section);
    if (!known->config_keys.empty()) {
      check_plugin_section(own, prefix, known->config_keys, mistakes_);
      if (const auto keys = parse_yaml(known->config_keys, prefix)) quote_texts(own, *keys);
    }
    plugin::PluginSpec spec;
    spec.name = name;
    spec.path = text_of(section, "path");
    spec.sha256 = text_of(section, "sha256");
    spec.required = flag(section, "required", prefix, false, mistakes_);
    spec.anonymous_namespace = anonymous(name, section, prefix);
    spec.section = to_json(own);
    if (enabled) out.push_back(std::move(spec));
  }

 private:
  void unknown(const std::string& name, const YamlNode* section, bool enabled) {
    const auto place = section != nullptr ? section->place : YamlPlace{};
    if (is_core(name)) {
      warnings_.push_back(place.text() + ": plugins." + name + " is ignored: this build has no plugin '" + name + "'");
    } else if (enabled) {
      std::vector<std::string_view> names(kCorePlugins.begin(), kCorePlugins.end());
      for (const auto& k : known_) names.push_back(k.name);
      const auto near = nearest_name(name, names);
      mistakes_.add(place, "plugins." + name.substr(0, 80) + ": there is no " + name.substr(0, 80) +
                               ".so in the plugin folders; " +
                               (near.empty() ? std::string("give plugins.NAME.path or correct plugin_dirs")
                                             : "did you mean '" + std::string(near) + "'?"));
    }
  }

  // Several protocols may have a namespace of one name ("dev"): the plugin's own is meant.
  std::string anonymous(const std::string& plugin, const YamlNode* section, const std::string& prefix) {
    const auto name = text_of(section, "anonymous_namespace");
    if (name.empty()) return {};
    const std::string protocol = plugin == "sqs" || plugin == "sns" ? "sqs_sns" : plugin;
    if (context_.http_is_loopback) return account::parse_protocol(protocol) ? protocol + "/" + name : name;
    mistakes_.add(section->find("anonymous_namespace")->place,
                  prefix + ".anonymous_namespace lets callers in without a key; it needs http.listen on loopback");
    return {};
  }

  const PluginContext& context_;
  const std::vector<KnownPlugin>& known_;
  Mistakes& mistakes_;
  std::vector<std::string>& warnings_;
};

}  // namespace

void check_plugin_section(const YamlNode& section, std::string_view prefix, std::string_view config_keys,
                          Mistakes& mistakes) {
  // JSON is YAML, so the schema of a plugin is read by the same parser.
  const auto keys = parse_yaml(config_keys, std::string(prefix) + " schema");
  if (!keys || (!keys->is_map() && !keys->is_null())) return;  // The host judges the plugin.
  std::vector<std::string_view> names;
  for (const auto& pair : keys->pairs) names.push_back(pair.name);
  for (const auto& pair : section.pairs) {
    const auto* spec = keys->find(pair.name);
    if (spec != nullptr) {
      check_plugin_value(pair.value, std::string(prefix) + "." + pair.name, *spec, mistakes);
    } else {
      auto all = names;
      all.insert(all.end(), kServerKeys.begin(), kServerKeys.end());
      mistakes.add(pair.place, unknown_key_text(prefix, pair.name, all));
    }
  }
}

std::vector<KnownPlugin> find_plugins(const YamlNode* section, const std::vector<std::string>& folders) {
  const plugin::LoaderOptions options{folders};
  std::vector<KnownPlugin> known;
  const auto add = [&](const plugin::Located& file, const std::string& sha256) {
    KnownPlugin one{file.name, file.path, ""};
    // A file that cannot be loaded is still known: the host says what is wrong with it.
    if (const auto entry = plugin::load_file(file, sha256); entry && (*entry)->info->config_keys != nullptr) {
      one.config_keys = (*entry)->info->config_keys;
    }
    known.push_back(std::move(one));
  };
  const auto mentioned = [&](std::string_view name) { return section != nullptr ? section->find(name) : nullptr; };
  if (section != nullptr && section->is_map()) {
    for (const auto& pair : section->pairs) {
      const auto path = text_of(&pair.value, "path");
      if (path.empty()) continue;
      const auto file = plugin::locate(options, pair.name, path);
      if (file) {
        add(*file, text_of(&pair.value, "sha256"));
      } else {
        known.push_back({pair.name, path, ""});
      }
    }
  }
  for (const auto& file : plugin::list_files(options)) {
    if (find_known(known, file.name) != nullptr) continue;
    // Code of a plugin that nobody asked for stays out of the process.
    if (is_core(file.name) || mentioned(file.name) != nullptr) {
      add(file, text_of(mentioned(file.name), "sha256"));
    }
  }
  return known;
}

std::vector<plugin::PluginSpec> read_plugins(const YamlNode* section, const PluginContext& context,
                                             const std::vector<KnownPlugin>& known, Mistakes& mistakes,
                                             std::vector<std::string>& warnings) {
  std::vector<plugin::PluginSpec> out;
  if (section != nullptr && section->is_null()) section = nullptr;
  if (section != nullptr && !section->is_map()) {
    mistakes.add(section->place, "plugins is a section: a map of plugin names belongs here");
    return out;
  }
  SectionReader reader(context, known, mistakes, warnings);
  for (const auto& name : wanted_names(section, context.dev, known)) {
    reader.one(name, section != nullptr ? section->find(name) : nullptr, out);
  }
  return out;
}

}  // namespace switchyard::server
