#include "plugins/nats/conf_parser.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_map>
#include <utility>

#include "plugins/nats/conf_lexer.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// bcrypt hashes start with '$' like a variable, and are usually written without quotes.
bool is_bcrypt(std::string_view name) {
  return starts_with(name, "2a$") || starts_with(name, "2b$") || starts_with(name, "2y$");
}

// One of the six words that the lexer takes for a boolean, in any case.
bool is_true(std::string word) {
  for (char& c : word) c = static_cast<char>(c | 0x20);
  return word == "true" || word == "yes" || word == "on";
}

// What all parsers of one document share: the document and what is left of the limits.
struct Session {
  Surroundings& surroundings;
  const ConfLimits& limits;
  ConfDocument& document;
  ConfProblem& problem;
  std::size_t values_left;
  std::size_t bytes_left;
  std::set<std::string> open_variables;  // Of the environment, while their text is parsed.

  bool take_values(std::size_t count) {
    if (count > values_left) return false;
    values_left -= count;
    return true;
  }
  bool take_bytes(std::size_t count) {
    if (count > bytes_left) return false;
    bytes_left -= count;
    return true;
  }
};

// A map that is being filled.  The index keeps keys unique without a search per key.
struct OpenMap {
  explicit OpenMap(ConfValue& map) : map(map) {}

  ConfMember* find(const std::string& key) {
    const auto at = index.find(key);
    return at == index.end() ? nullptr : &map.members[at->second];
  }
  void set(std::string key, ConfValue value, bool used_as_variable) {
    if (ConfMember* old = find(key)) {
      old->used_as_variable |= used_as_variable;
      old->value = std::move(value);
      return;
    }
    index.emplace(key, map.members.size());
    map.members.push_back({std::move(key), std::move(value), used_as_variable});
  }

  ConfValue& map;
  std::unordered_map<std::string, std::size_t> index;
};

struct Extent {
  std::size_t values = 1, bytes = 0;
  int depth = 1;
};

// The tree is at most max_depth deep, so recursion is, too.
Extent measure(const ConfValue& value) {
  Extent total{1, value.text.size(), 1};
  const auto add = [&total](const ConfValue& child) {
    const Extent inside = measure(child);
    total.values += inside.values;
    total.bytes += inside.bytes;
    total.depth = std::max(total.depth, inside.depth + 1);
  };
  for (const ConfValue& item : value.items) add(item);
  for (const ConfMember& member : value.members) {
    total.bytes += member.key.size();
    add(member.value);
  }
  return total;
}

// One text: a file, or the value of an environment variable.
class Parser {
 public:
  Parser(Session& session, std::string_view text, int file, int depth, int include_depth)
      : session_(session), lexer_(text), file_(file), depth_(depth), include_depth_(include_depth) {}

  bool parse(ConfValue& root) {
    root.kind = Kind::map;
    return entries(ConfScope::file, root);
  }

 private:
  bool entries(ConfScope scope, ConfValue& map) {
    OpenMap open(map);
    scopes_.push_back(&open);
    const bool ok = entries_into(scope, open);
    scopes_.pop_back();
    return ok;
  }

  bool entries_into(ConfScope scope, OpenMap& open);
  bool key_value(ConfScope scope, const ConfEntry& entry, OpenMap& open);
  bool include(const ConfEntry& entry, OpenMap& open);
  bool value(const ConfToken& token, ConfValue& out);
  bool array(ConfValue& out);
  bool integer(const ConfToken& token, ConfValue& out);
  bool variable(const ConfToken& token, ConfValue& out);
  bool environment_variable(const ConfToken& token, ConfValue& out);
  bool deeper(int levels, int line, int column);

  bool fail(int line, int column, std::string text) {
    session_.problem = {session_.document.where({file_, line, column}), std::move(text)};
    return false;
  }
  bool fail_lexer() {
    const ConfLexer::Problem& p = lexer_.problem();
    return fail(p.line, p.column, p.text);
  }

  Session& session_;
  ConfLexer lexer_;
  const int file_;
  int depth_;
  const int include_depth_;
  std::vector<OpenMap*> scopes_;
};

bool Parser::deeper(int levels, int line, int column) {
  if (depth_ + levels <= session_.limits.max_depth) return true;
  return fail(line, column,
              "expected at most " + std::to_string(session_.limits.max_depth) + " levels of maps and arrays");
}

bool Parser::entries_into(ConfScope scope, OpenMap& open) {
  ConfEntry entry;
  for (;;) {
    if (!lexer_.next_entry(scope, entry)) return fail_lexer();
    switch (entry.kind) {
      case ConfEntry::Kind::scope_end:
        return true;
      case ConfEntry::Kind::braces_open:
        if (!deeper(1, entry.line, entry.column)) return false;
        ++depth_;
        if (!entries_into(ConfScope::braces, open)) return false;
        --depth_;
        continue;
      case ConfEntry::Kind::include:
        if (!include(entry, open)) return false;
        break;
      case ConfEntry::Kind::key:
        if (!key_value(scope, entry, open)) return false;
        break;
    }
    if (!lexer_.finish_entry(scope)) return fail_lexer();
  }
}

bool Parser::key_value(ConfScope scope, const ConfEntry& entry, OpenMap& open) {
  ConfToken token;
  ConfValue result;
  if (!lexer_.next_value(scope, entry.text, token)) return fail_lexer();
  if (!value(token, result)) return false;
  result.place = {file_, entry.line, entry.column};
  open.set(entry.text, std::move(result), false);
  return true;
}

bool Parser::value(const ConfToken& token, ConfValue& out) {
  if (!session_.take_values(1)) {
    return fail(token.line, token.column, "expected at most " + std::to_string(session_.limits.max_values) + " values");
  }
  out.place = {file_, token.line, token.column};
  switch (token.kind) {
    case ConfToken::Kind::text:
      out.kind = Kind::text;
      out.text = token.text;
      return true;
    case ConfToken::Kind::datetime:
      out.kind = Kind::datetime;
      out.text = token.text;
      return true;
    case ConfToken::Kind::boolean:
      out.kind = Kind::boolean;
      out.flag = is_true(token.text);
      return true;
    case ConfToken::Kind::number:
      out.kind = Kind::number;
      if (std::from_chars(token.text.data(), token.text.data() + token.text.size(), out.number).ec == std::errc())
        return true;
      return fail(token.line, token.column, "expected a fraction within the range of a double");
    case ConfToken::Kind::integer:
      return integer(token, out);
    case ConfToken::Kind::variable:
      return variable(token, out);
    case ConfToken::Kind::array_start:
    case ConfToken::Kind::map_start:
      break;
  }
  if (!deeper(1, token.line, token.column)) return false;
  ++depth_;
  out.kind = token.kind == ConfToken::Kind::map_start ? Kind::map : Kind::array;
  const bool ok = out.kind == Kind::map ? entries(ConfScope::map, out) : array(out);
  --depth_;
  return ok;
}

bool Parser::array(ConfValue& out) {
  for (;;) {
    bool more = false;
    if (!lexer_.next_item(more)) return fail_lexer();
    if (!more) return true;
    ConfToken token;
    ConfValue item;
    if (!lexer_.item_value(token)) return fail_lexer();
    if (!value(token, item)) return false;
    out.items.push_back(std::move(item));
    if (!lexer_.finish_item()) return fail_lexer();
  }
}

// 1k is 1000; 1kb, 1ki and 1kib are 1024, and so on up to e.
bool Parser::integer(const ConfToken& token, ConfValue& out) {
  const char* const end = token.text.data() + token.text.size();
  const auto [digits_end, error] = std::from_chars(token.text.data(), end, out.integer);
  const auto refuse = [&](const char* why) {
    return fail(token.line, token.column, "expected " + std::string(why) + ", found '" + token.text + "'");
  };
  if (error != std::errc()) return refuse("an integer of at most 64 bits");
  out.kind = Kind::integer;
  if (digits_end == end) return true;
  std::string suffix(digits_end, end);
  for (char& c : suffix) c = static_cast<char>(c | 0x20);
  const std::size_t power = std::string_view("kmgtpe").find(suffix.front()) + 1;
  const std::string_view rest = std::string_view(suffix).substr(1);
  if (!rest.empty() && rest != "b" && rest != "i" && rest != "ib") return refuse("a size such as 10k, 10kb or 10KiB");
  const std::int64_t unit = rest.empty() ? 1000 : 1024;
  for (std::size_t i = 0; i < power; ++i) {
    if (__builtin_mul_overflow(out.integer, unit, &out.integer)) return refuse("an integer of at most 64 bits");
  }
  return true;
}

bool Parser::variable(const ConfToken& token, ConfValue& out) {
  if (is_bcrypt(token.text)) {
    out.kind = Kind::text;
    out.text = "$" + token.text;
    return true;
  }
  const ConfPlace place = out.place;
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    ConfMember* const definition = (*scope)->find(token.text);
    if (definition == nullptr) continue;
    definition->used_as_variable = true;
    const Extent extent = measure(definition->value);
    if (!deeper(extent.depth - 1, token.line, token.column)) return false;
    if (!session_.take_values(extent.values) || !session_.take_bytes(extent.bytes)) {
      return fail(token.line, token.column,
                  "expected a smaller configuration: $" + token.text + " stands for too much");
    }
    out = definition->value;
    out.place = place;
    return true;
  }
  if (!environment_variable(token, out)) return false;
  out.place = place;
  return true;
}

// The text of an environment variable is read like a value of the file, so that numbers and lists work.
bool Parser::environment_variable(const ConfToken& token, ConfValue& out) {
  const auto text = token.text.empty() || token.text.find('\0') != std::string::npos
                        ? std::nullopt
                        : session_.surroundings.environment(token.text);
  if (!text) {
    return fail(
        token.line, token.column,
        "expected a value for the variable $" + token.text + ": it is neither defined before nor in the environment");
  }
  const auto [opened, fresh] = session_.open_variables.insert(token.text);
  if (!fresh) return fail(token.line, token.column, "the environment variable $" + token.text + " refers to itself");
  if (static_cast<int>(session_.open_variables.size()) > session_.limits.max_depth ||
      !session_.take_bytes(text->size())) {
    return fail(token.line, token.column, "the environment variable $" + token.text + " is too large");
  }
  ConfValue holder;
  const std::string line = "value=" + *text;
  Parser inside(session_, line, file_, depth_, include_depth_);
  const bool parsed = inside.parse(holder);
  session_.open_variables.erase(opened);
  if (!parsed) {
    const std::string why = session_.problem.text;
    return fail(token.line, token.column, "the environment variable $" + token.text + " is no value: " + why);
  }
  for (ConfMember& member : holder.members) {
    if (member.key == "value") out = std::move(member.value);
  }
  return true;
}

// The file is read for itself, as nats-server does: it does not see the variables around the include.
bool Parser::include(const ConfEntry& entry, OpenMap& open) {
  const auto refuse = [&](const std::string& why) {
    return fail(entry.line, entry.column, "cannot include '" + entry.text + "': " + why);
  };
  if (include_depth_ >= session_.limits.max_include_depth) return refuse("too many files include each other");
  if (static_cast<int>(session_.document.files.size()) >= session_.limits.max_files) return refuse("too many files");
  if (entry.text.find('\0') != std::string::npos) return refuse("a path holds no zero byte");
  // An absolute path is below the folder, too: nats-server joins without a look at it.
  const std::string path = folder_of(session_.document.files[static_cast<std::size_t>(file_)]) + entry.text;
  std::string text, error;
  if (!session_.surroundings.read_file(path, session_.limits.max_file_bytes, text, error)) return refuse(error);
  if (!session_.take_bytes(text.size())) return refuse("the configuration is too large");

  session_.document.files.push_back(path);
  ConfValue included;
  Parser inside(session_, text, static_cast<int>(session_.document.files.size()) - 1, depth_, include_depth_ + 1);
  if (!inside.parse(included)) return false;
  for (ConfMember& member : included.members) {
    open.set(std::move(member.key), std::move(member.value), member.used_as_variable);
  }
  return true;
}

}  // namespace

bool parse_conf_text(std::string_view text, const std::string& name, Surroundings& surroundings,
                     const ConfLimits& limits, ConfDocument& out, ConfProblem& problem) {
  out = ConfDocument{};
  out.files.push_back(name);
  Session session{surroundings, limits, out, problem, limits.max_values, limits.max_total_bytes, {}};
  if (text.size() > limits.max_file_bytes || !session.take_bytes(text.size())) {
    problem = {name, "expected at most " + std::to_string(limits.max_file_bytes) + " bytes"};
    return false;
  }
  ConfValue root;
  if (!Parser(session, text, 0, 0, 0).parse(root)) return false;
  root.place = {0, 1, 1};
  out.root = std::move(root);
  return true;
}

bool parse_conf_file(const std::string& path, Surroundings& surroundings, const ConfLimits& limits, ConfDocument& out,
                     ConfProblem& problem) {
  std::string text, error;
  if (!surroundings.read_file(path, limits.max_file_bytes, text, error)) {
    problem = {"", error};
    return false;
  }
  return parse_conf_text(text, path, surroundings, limits, out, problem);
}

}  // namespace switchyard::nats
