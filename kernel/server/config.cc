#include "kernel/server/config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "kernel/account/secret.h"
#include "kernel/base/units.h"
#include "kernel/plugin/loader.h"
#include "kernel/server/config_bootstrap.h"
#include "kernel/server/config_plugins.h"
#include "kernel/server/config_schema.h"

namespace switchyard::server {
namespace {

const std::vector<std::string_view>& appended_lists() {
  static const std::vector<std::string_view> lists = {"bootstrap.namespaces"};
  return lists;
}

// The names that may stand in a section, for the suggestion.
std::vector<std::string_view> names_in(std::string_view prefix) {
  std::set<std::string_view> names;
  for (const auto& key : config_schema()) {
    auto rest = key.path;
    if (!prefix.empty()) {
      if (!rest.starts_with(prefix) || rest.size() <= prefix.size() || rest[prefix.size()] != '.') continue;
      rest.remove_prefix(prefix.size() + 1);
    }
    names.insert(rest.substr(0, rest.find('.')));
  }
  if (prefix.empty()) names.insert({"plugins", "bootstrap"});
  return {names.begin(), names.end()};
}

Result<std::vector<std::string>> drop_ins(const std::string& file) {
  const auto folder = std::filesystem::path(file).parent_path() / "conf.d";
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  if (error && error != std::errc::no_such_file_or_directory) {
    return Error{Code::io, folder.string() + ": the folder cannot be read: " + error.message()};
  }
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const auto name = entries->path().filename().string();
    if (name.ends_with(".yaml") && !name.starts_with('.')) files.push_back(entries->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Values of the schema are taken as they are: "[::1]:0" is an address, not a list.
YamlNode set_value(const std::string& path, const std::string& text, const YamlPlace& place) {
  const auto* key = find_key(path);
  if (key == nullptr || key->type == KeyType::text_list) {
    auto parsed = parse_yaml(text, *place.file);
    if (parsed) return std::move(*parsed);
  }
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.text = text;
  return node;
}

void place_all(YamlNode& node, const YamlPlace& place) {
  node.place = place;
  for (auto& item : node.items) place_all(item, place);
  for (auto& pair : node.pairs) {
    pair.place = place;
    place_all(pair.value, place);
  }
}

Result<YamlNode> parse_set(const std::string& assignment) {
  const auto equals = assignment.find('=');
  const auto path = assignment.substr(0, equals);
  const YamlPlace place{std::make_shared<const std::string>("--set " + path.substr(0, 80)), 0};
  const bool malformed =
      path.empty() || path.front() == '.' || path.back() == '.' || path.find("..") != std::string::npos;
  if (equals == std::string::npos || malformed) {
    return Error{Code::invalid, "--set " + assignment.substr(0, 80) + ": write --set dotted.key=value"};
  }
  if (static_cast<std::size_t>(std::count(path.begin(), path.end(), '.')) >= kMaxYamlDepth) {
    return Error{Code::invalid,
                 "--set " + path.substr(0, 80) + ": more than " + std::to_string(kMaxYamlDepth) + " levels"};
  }
  auto node = set_value(path, assignment.substr(equals + 1), place);
  for (auto end = path.size();;) {
    const auto dot = path.rfind('.', end - 1);
    const auto begin = dot == std::string::npos ? 0 : dot + 1;
    YamlNode map;
    map.kind = YamlNode::Kind::map;
    map.pairs.push_back({path.substr(begin, end - begin), place, std::move(node)});
    node = std::move(map);
    if (dot == std::string::npos) break;
    end = dot;
  }
  place_all(node, place);
  return node;
}

// Reads every file, so that a mistake in the first does not hide one in the second.
Result<YamlNode> read_all(const ConfigSource& source) {
  Mistakes mistakes;
  YamlNode root;
  root.kind = YamlNode::Kind::map;
  const auto take = [&](Result<YamlNode> document) {
    if (!document) {
      mistakes.add(document.error());
    } else if (!document->is_map() && !document->is_null()) {
      mistakes.add(document->place, "a configuration is a map of keys and values");
    } else {
      merge_yaml(root, std::move(*document), appended_lists());
    }
  };
  if (!source.file.empty()) {
    take(read_yaml_file(source.file));
    const auto files = drop_ins(source.file);
    if (!files) mistakes.add(files.error());
    for (const auto& file : files ? *files : std::vector<std::string>()) take(read_yaml_file(file));
  }
  for (const auto& assignment : source.sets) take(parse_set(assignment));
  if (!mistakes.empty()) return mistakes.error();
  return root;
}

class Interpreter {
 public:
  Interpreter(const ConfigSource& source, Mistakes& mistakes) : source_(source), mistakes_(mistakes) {}

  LoadedConfig run(const YamlNode& root) {
    auto& settings = out_.settings;
    settings.dev = source_.dev;
    for (const auto& key : config_schema()) key.apply(settings, default_value(key));
    if (source_.dev) settings.data_dir = "./switchyard-data";
    section(root, "");
    if (!source_.data_dir.empty()) settings.data_dir = source_.data_dir;
    if (settings.data_dir.empty()) mistakes_.add({}, "data_dir is empty; name a folder");
    if (!source_.log_level.empty() && !log::parse_level(source_.log_level, settings.log_level)) {
      mistakes_.add({}, "--log-level: '" + source_.log_level + "' is not one of debug, info, warn, error, off");
    }
    cross_checks(root);
    if (const auto* bootstrap = root.find("bootstrap")) settings.bootstrap = read_bootstrap(*bootstrap, mistakes_);
    plugins(root.find("plugins"));
    return std::move(out_);
  }

 private:
  void section(const YamlNode& map, const std::string& prefix) {
    for (const auto& pair : map.pairs) {
      const auto path = prefix.empty() ? pair.name : prefix + "." + pair.name;
      if (const auto* key = find_key(path)) {
        const auto value = check_value(*key, pair.value);
        if (value) {
          key->apply(out_.settings, *value);
        } else {
          mistakes_.add(value.error());
        }
      } else if (is_section(path)) {
        if (pair.value.is_map()) {
          section(pair.value, path);
        } else if (!pair.value.is_null()) {
          mistakes_.add(pair.place, path + " is a section: a map of keys and values belongs here");
        }
      } else if (path != "plugins" && path != "bootstrap") {
        mistakes_.add(pair.place, unknown_key_text(prefix, pair.name, names_in(prefix)));
      }
    }
  }

  YamlPlace place_of(const YamlNode& root, std::string_view section_name) const {
    const auto* node = root.find(section_name);
    return node ? node->place : YamlPlace{};
  }

  void cross_checks(const YamlNode& root) {
    const auto& settings = out_.settings;
    if (settings.tls.certificate.empty() != settings.tls.key.empty()) {
      mistakes_.add(place_of(root, "tls"), "tls.certificate and tls.key belong together; give both or none");
    }
    if (settings.http.listen.empty()) mistakes_.add(place_of(root, "http"), "http.listen is empty; give an address");
    if (settings.http.public_url.ends_with('/')) {
      mistakes_.add(place_of(root, "http"), "http.public_url ends in '/'; leave it out");
    }
    if (!settings.sealing_key.empty() && !account::is_secret_reference(settings.sealing_key)) {
      mistakes_.add(
          place_of(root, "sealing_key"),
          "sealing_key: the key itself does not belong into a configuration; use file:/path or credential:NAME");
    }
    if (settings.http.limits.max_buffered_bytes < settings.http.limits.max_body_bytes) {
      mistakes_.add(place_of(root, "http"),
                    "http.limits.max_buffered_bytes (" + format_size(settings.http.limits.max_buffered_bytes) +
                        ") is less than http.limits.max_body_bytes (" +
                        format_size(settings.http.limits.max_body_bytes) +
                        "), so that the largest body could never be received; raise the one or lower the other");
    }
    if (settings.storage.checkpoint_bytes < settings.storage.segment_bytes) {
      out_.warnings.push_back(place_of(root, "storage").text() +
                              ": storage.checkpoint_bytes is less than storage.segment_size; segments are reused late");
    }
  }

  void plugins(const YamlNode* node) {
    PluginContext context;
    context.dev = source_.dev;
    context.http_is_loopback = is_loopback(out_.settings.http.listen);
    const auto folders = out_.settings.plugin_dirs.empty() ? plugin::default_folders() : out_.settings.plugin_dirs;
    out_.settings.plugins = read_plugins(node, context, find_plugins(node, folders), mistakes_, out_.warnings);
  }

  static bool is_loopback(std::string_view address) {
    for (const char* local : {"127.", "[::1]:", "localhost:", "unix:"}) {
      if (address.starts_with(local)) return true;
    }
    return false;
  }

  const ConfigSource& source_;
  Mistakes& mistakes_;
  LoadedConfig out_;
};

}  // namespace

void Mistakes::add(const YamlPlace& place, std::string_view what) {
  add(Error{Code::invalid, (place.file ? place.text() + ": " : std::string()) + std::string(what)});
}

void Mistakes::add(const Error& error) {
  if (++count_ <= kMaxMistakes) lines_.push_back(error.message);
}

Error Mistakes::error() const {
  std::string text;
  for (const auto& line : lines_) text += (text.empty() ? "" : "\n") + line;
  if (count_ > lines_.size()) text += "\nand " + std::to_string(count_ - lines_.size()) + " more";
  return {Code::invalid, text};
}

Result<LoadedConfig> interpret_config(const YamlNode& root, const ConfigSource& source) {
  Mistakes mistakes;
  auto loaded = Interpreter(source, mistakes).run(root);
  if (!mistakes.empty()) return mistakes.error();
  return loaded;
}

Result<LoadedConfig> load_config(const ConfigSource& source) {
  const auto root = read_all(source);
  if (!root) return Error(root.error());
  return interpret_config(*root, source);
}

}  // namespace switchyard::server
