#include "kernel/server/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace switchyard::server {
namespace {

Error complaint(const YamlPlace& place, std::string_view what) {
  return Error{Code::invalid, place.text() + ": " + std::string(what)};
}

// Carries a complaint out of the parser's callbacks; caught in parse_yaml().
struct Refusal {
  Error error;
};

// Builds the tree from the parser's events: the library's own tree has no place for lines of keys and
// copies aliases without a bound.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::shared_ptr<const std::string> file) : file_(std::move(file)) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(mark, "a second document begins here; a configuration is one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.place = place(mark);
    add(std::move(node), mark, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "this alias stands inside of what it names");
    count(found->second.nodes, mark);
    if (stack_.size() + found->second.depth > kMaxYamlDepth) refuse(mark, too_deep());
    attach(found->second.node, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.place = place(mark);
    node.text = value;
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!node.quoted) check_tag(mark, tag);
    add(std::move(node), mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::size_t first_node = 0, deepest = 0;
    std::optional<std::pair<std::string, YamlPlace>> key;
  };
  struct Anchored {
    YamlNode node;
    std::size_t nodes = 1, depth = 1;
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what) const {
    throw Refusal{complaint(place(mark), what)};
  }
  static std::string too_deep() { return "more than " + std::to_string(kMaxYamlDepth) + " levels of nesting"; }
  YamlPlace place(const YAML::Mark& mark) const { return {file_, mark.line + 1}; }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "the tag '" + tag + "' is not supported here");
  }
  void count(std::size_t nodes, const YAML::Mark& mark) {
    nodes_ += nodes;
    if (nodes_ > kMaxYamlNodes) refuse(mark, "more than " + std::to_string(kMaxYamlNodes) + " values");
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    check_tag(mark, tag);
    count(1, mark);
    if (stack_.size() >= kMaxYamlDepth) refuse(mark, too_deep());
    Frame frame;
    frame.node.kind = kind;
    frame.node.place = place(mark);
    frame.anchor = anchor;
    frame.first_node = nodes_ - 1;
    frame.deepest = stack_.size() + 1;
    stack_.push_back(std::move(frame));
  }
  void close() {
    auto frame = std::move(stack_.back());
    stack_.pop_back();
    if (!stack_.empty()) stack_.back().deepest = std::max(stack_.back().deepest, frame.deepest);
    if (frame.anchor != YAML::NullAnchor) {
      anchors_[frame.anchor] = {frame.node, nodes_ - frame.first_node, frame.deepest - stack_.size()};
    }
    YAML::Mark mark;
    mark.line = frame.node.place.line - 1;
    attach(std::move(frame.node), mark);
  }
  void add(YamlNode node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    count(1, mark);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {node};
    attach(std::move(node), mark);
  }
  void attach(YamlNode node, const YAML::Mark& mark) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& frame = stack_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      if (!node.is_scalar()) refuse(mark, "a key must be plain text");
      if (frame.node.pairs.size() >= kMaxYamlKeys)
        refuse(mark, "more than " + std::to_string(kMaxYamlKeys) + " keys in one map");
      if (const auto* first = frame.node.find(node.text)) {
        refuse(mark, "the key '" + node.text.substr(0, 80) + "' is there twice; the first one is at line " +
                         std::to_string(first->place.line));
      }
      frame.key.emplace(std::move(node.text), place(mark));
    } else {
      // A missing value has no line of its own.
      if (node.is_null()) node.place = frame.key->second;
      frame.node.pairs.push_back({std::move(frame.key->first), frame.key->second, std::move(node)});
      frame.key.reset();
    }
  }

  const std::shared_ptr<const std::string> file_;
  YamlNode root_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

bool is_integer(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What JSON can say as a number; YAML's .inf and .nan stay text.
bool is_real(const std::string& text) {
  if (text.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
  if (text.find_first_of("0123456789") == std::string::npos) return false;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return *end == '\0' && std::isfinite(value);
}

bool append_here(const std::string& path, const std::vector<std::string_view>& appended) {
  return std::find(appended.begin(), appended.end(), path) != appended.end();
}

void merge_at(YamlNode& base, YamlNode over, const std::vector<std::string_view>& appended, const std::string& path) {
  if (over.is_null() && (base.is_map() || base.is_list())) return;  // An empty section says nothing.
  if (base.is_list() && over.is_list() && append_here(path, appended)) {
    std::move(over.items.begin(), over.items.end(), std::back_inserter(base.items));
    return;
  }
  if (!base.is_map() || !over.is_map()) {
    base = std::move(over);
    return;
  }
  for (auto& pair : over.pairs) {
    if (auto* present = base.find(pair.name)) {
      merge_at(*present, std::move(pair.value), appended, path.empty() ? pair.name : path + "." + pair.name);
    } else {
      base.pairs.push_back(std::move(pair));
    }
  }
}

// JSON wants a digit before and after the point and no leading zeros or plus.
std::string json_number(const YamlNode& node) {
  char buffer[32];
  // "-0" would come back as another number.
  if (std::strtod(node.text.c_str(), nullptr) == 0) return "0";
  const int n = node.type() == YamlNode::Type::integer
                    ? std::snprintf(buffer, sizeof buffer, "%lld", std::strtoll(node.text.c_str(), nullptr, 10))
                    : std::snprintf(buffer, sizeof buffer, "%.17g", std::strtod(node.text.c_str(), nullptr));
  return std::string(buffer, static_cast<std::size_t>(n));
}

void append_json(std::string& out, const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      out += "null";
      return;
    case YamlNode::Kind::list: {
      char separator = '[';
      for (const auto& item : node.items) {
        out += separator;
        append_json(out, item);
        separator = ',';
      }
      out += node.items.empty() ? "[]" : "]";
      return;
    }
    case YamlNode::Kind::map: {
      char separator = '{';
      for (const auto& pair : node.pairs) {
        out += separator;
        append_json_text(out, pair.name);
        out += ':';
        append_json(out, pair.value);
        separator = ',';
      }
      out += node.pairs.empty() ? "{}" : "}";
      return;
    }
    case YamlNode::Kind::scalar:
      break;
  }
  switch (node.type()) {
    case YamlNode::Type::null:
      out += "null";
      return;
    case YamlNode::Type::boolean:
      out += node.as_bool() ? "true" : "false";
      return;
    case YamlNode::Type::integer:
    case YamlNode::Type::real:
      out += json_number(node);
      return;
    case YamlNode::Type::text:
      append_json_text(out, node.text);
      return;
  }
}

}  // namespace

std::string YamlPlace::text() const {
  return (file ? *file : std::string("configuration")) + (line > 0 ? ":" + std::to_string(line) : "");
}

YamlNode::Type YamlNode::type() const {
  if (kind != Kind::scalar) return Type::null;
  if (quoted) return Type::text;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return Type::null;
  for (const char* word : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
    if (text == word) return Type::boolean;
  }
  if (is_integer(text)) return Type::integer;
  return is_real(text) ? Type::real : Type::text;
}

const YamlNode* YamlNode::find(std::string_view name) const {
  for (const auto& pair : pairs) {
    if (pair.name == name) return &pair.value;
  }
  return nullptr;
}

YamlNode* YamlNode::find(std::string_view name) { return const_cast<YamlNode*>(std::as_const(*this).find(name)); }

Result<YamlNode> parse_yaml(std::string_view text, const std::string& file) {
  const auto name = std::make_shared<const std::string>(file);
  if (text.size() > kMaxYamlBytes) {
    return complaint({name, 0},
                     "the file has " + std::to_string(text.size()) + " bytes; a configuration has at most 1 MiB");
  }
  if (text.find('\0') != std::string_view::npos) return complaint({name, 0}, "the file holds a zero byte; is it text?");
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder builder(name);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const Refusal& refusal) {
    return refusal.error;
  } catch (const YAML::Exception& e) {
    return complaint({name, e.mark.line + 1}, e.msg);
  } catch (const std::exception& e) {
    return complaint({name, 0}, e.what());
  }
}

Result<YamlNode> read_yaml_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{Code::not_found, path + ": the configuration cannot be read: " + std::strerror(errno)};
  // One byte more than allowed, so that the parser says so; a device never ends.
  std::string text(kMaxYamlBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.gcount() == 0 && !in.eof())) {
    return Error{Code::io, path + ": the configuration cannot be read; is it a file?"};
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse_yaml(text, path);
}

void merge_yaml(YamlNode& base, YamlNode over, const std::vector<std::string_view>& appended) {
  merge_at(base, std::move(over), appended, "");
}

void append_json_text(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < ' ') {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string to_json(const YamlNode& node) {
  std::string out;
  append_json(out, node);
  return out;
}

}  // namespace switchyard::server
