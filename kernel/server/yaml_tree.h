// YamlNode is one YAML document as a tree that remembers where each value stands, so that every
// complaint about a configuration names file and line.
//
// It is bounded on purpose: a configuration of a megabyte, 64 levels or 100,000 values is a mistake or
// an attack (nested aliases).  A key that comes twice in one map is an error, not a choice.
//
// Failure: Code::invalid, `file:line: what is wrong`.
//
// Thread: plain values.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/base/result.h"

namespace switchyard::server {

struct YamlPlace {
  std::shared_ptr<const std::string> file;  // Or "--set", without a line.
  int line = 0;                             // From 1; 0 = none.
  std::string text() const;                 // "switchyard.yaml:12"
};

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  // What a scalar is when it stands without quotes.
  enum class Type { null, boolean, integer, real, text };

  struct Pair;

  Kind kind = Kind::null;
  std::string text;     // Of a scalar.
  bool quoted = false;  // It was in quotes: never a number or a boolean.
  YamlPlace place;
  std::vector<YamlNode> items;
  std::vector<Pair> pairs;  // In the order of the file; names differ.

  bool is_map() const { return kind == Kind::map; }
  bool is_list() const { return kind == Kind::list; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_null() const { return kind == Kind::null; }
  Type type() const;
  bool as_bool() const { return text.front() == 't' || text.front() == 'T'; }  // REQUIRES: type() is boolean.

  const YamlNode* find(std::string_view name) const;
  YamlNode* find(std::string_view name);
};

struct YamlNode::Pair {
  std::string name;
  YamlPlace place;  // Of the name.
  YamlNode value;
};

inline constexpr std::size_t kMaxYamlBytes = 1u << 20;
inline constexpr std::size_t kMaxYamlNodes = 100'000;
inline constexpr std::size_t kMaxYamlDepth = 64;
inline constexpr std::size_t kMaxYamlKeys = 1'000;  // Of one map.

// An empty document is a null node.
Result<YamlNode> parse_yaml(std::string_view text, const std::string& file);
Result<YamlNode> read_yaml_file(const std::string& path);

// `over` wins: maps are joined, other values replaced.  Lists under a path of `appended` (dotted) are joined.
void merge_yaml(YamlNode& base, YamlNode over, const std::vector<std::string_view>& appended);

// As JSON, with the types that unquoted scalars have.
std::string to_json(const YamlNode& node);
void append_json_text(std::string& out, std::string_view text);

}  // namespace switchyard::server
