// The schema of the configuration: one row per key with its type, default, range, whether a reload
// applies it, and its documentation.  Reading, checking, defaults, `--set` and the reference page all
// come from this table.
//
// `plugins` and `bootstrap` are not rows: config_plugins.h and config_bootstrap.h read them.
//
// Failure: a value that does not fit is one sentence with file, line, key, value and what would fit.
//
// Thread: constant data, pure functions.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/server/settings.h"
#include "kernel/server/yaml_tree.h"

namespace switchyard::server {

enum class KeyType { text, integer, size, duration, choice, lanes, text_list, address };

// A checked value.
struct KeyValue {
  std::string text;
  std::uint64_t number = 0;  // Bytes, milliseconds, or the number itself.
  std::vector<std::string> list;
};

struct KeySpec {
  std::string_view path;  // "http.limits.max_body_bytes"
  KeyType type;
  std::string_view fallback;  // As it would stand in the file; empty = empty.
  std::uint64_t least, most;  // Of numbers, sizes (bytes) and durations (ms), inclusive.
  std::string_view choices;   // "refuse|quarantine"
  bool reloadable;
  std::string_view help;
  void (*apply)(Settings& settings, const KeyValue& value);
};

std::span<const KeySpec> config_schema();
const KeySpec* find_key(std::string_view path);
// True for "http", "http.limits": a section, not a key.
bool is_section(std::string_view path);

// Checks one value; the complaint begins with its place.
Result<KeyValue> check_value(const KeySpec& key, const YamlNode& node);
// The default, which always fits.
KeyValue default_value(const KeySpec& key);

// Nearest of `names` within a third of the length in edits, or empty.
std::string_view nearest_name(std::string_view wrong, const std::vector<std::string_view>& names);
// "'lanse'; did you mean 'lanes'?" without the last part when nothing is near.
std::string unknown_key_text(std::string_view prefix, std::string_view wrong,
                             const std::vector<std::string_view>& names);

// A page for people: every key with type, default, range and help.
std::string schema_reference();

}  // namespace switchyard::server
