#include "plugins/nats/distinguished_name.h"

#include <algorithm>
#include <vector>

namespace switchyard::nats {
namespace {

constexpr std::size_t kMaxBytes = 4096;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string upper(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<std::string> parse();

 private:
  bool at_end() const { return at_ == text_.size(); }
  void skip_spaces() {
    while (!at_end() && text_[at_] == ' ') ++at_;
  }
  bool type(std::string& out);
  bool value(std::string& out);
  bool escape(std::string& out);

  std::string_view text_;
  std::size_t at_ = 0;
};

bool Parser::type(std::string& out) {
  skip_spaces();
  const auto equals = text_.find('=', at_);
  if (equals == std::string_view::npos) return false;
  auto name = text_.substr(at_, equals - at_);
  while (name.ends_with(' ')) name.remove_suffix(1);
  const auto is_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_name)) return false;
  out = upper(name);
  at_ = equals + 1;
  return true;
}

// Behind the backslash: two hexadecimal digits, or the character itself.
bool Parser::escape(std::string& out) {
  if (at_end()) return false;
  if (at_ + 1 < text_.size()) {
    const int high = hex_value(text_[at_]), low = hex_value(text_[at_ + 1]);
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(high << 4 | low);
      at_ += 2;
      return true;
    }
  }
  out += text_[at_++];
  return true;
}

bool Parser::value(std::string& out) {
  skip_spaces();
  std::size_t kept = 0;  // Spaces behind it are none of the value's, unless escaped.
  while (!at_end() && text_[at_] != ',' && text_[at_] != '+') {
    const char c = text_[at_++];
    if (c == '\\') {
      if (!escape(out)) return false;
      kept = out.size();
    } else {
      out += c;
      if (c != ' ') kept = out.size();
    }
  }
  out.resize(kept);
  return true;
}

// Lengths make the joined form unambiguous.
void join(std::string& out, const std::string& part) { out += std::to_string(part.size()) + ':' + part; }

std::string joined(std::vector<std::string>& parts) {
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const auto& part : parts) join(out, part);
  return out;
}

std::optional<std::string> Parser::parse() {
  std::vector<std::string> names, attributes;
  for (;;) {
    std::string kind, text;
    if (!type(kind) || !value(text)) return std::nullopt;
    std::string& attribute = attributes.emplace_back();
    join(attribute, kind);
    join(attribute, text);
    const bool more_of_this = !at_end() && text_[at_] == '+';
    if (!more_of_this) {
      names.push_back(joined(attributes));
      attributes.clear();
    }
    if (at_end()) return joined(names);
    ++at_;
  }
}

}  // namespace

std::optional<std::string> canonical_dn(std::string_view text) {
  if (text.empty() || text.size() > kMaxBytes) return std::nullopt;
  return Parser(text).parse();
}

}  // namespace switchyard::nats
