#include "plugins/nats/conf_lexer.h"

#include <utility>

namespace switchyard::nats {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }
bool is_space(char c) { return is_blank(c) || is_line_end(c) || c == '\v' || c == '\f'; }
bool is_separator(char c) { return c == '=' || c == ':'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_size_suffix(char c) {
  const char l = lower(c);
  return l == 'k' || l == 'm' || l == 'g' || l == 't' || l == 'p' || l == 'e';
}

bool equals_lower(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

bool is_boolean(std::string_view text) {
  for (const char* word : {"true", "false", "on", "off", "yes", "no"}) {
    if (equals_lower(text, word)) return true;
  }
  return false;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

void ConfLexer::advance() {
  if (at_end()) return;
  if (input_[at_++] == '\n') {
    ++line_;
    line_start_ = at_;
  }
}

void ConfLexer::skip_blanks() {
  while (!at_end() && is_blank(peek())) advance();
}

void ConfLexer::skip_spaces() {
  while (!at_end() && is_space(peek())) advance();
}

void ConfLexer::skip_line() {
  while (!at_end() && !is_line_end(peek())) advance();
}

bool ConfLexer::at_comment() const { return peek() == '#' || (peek() == '/' && peek(1) == '/'); }

void ConfLexer::skip_spaces_and_comments() {
  for (skip_spaces(); at_comment(); skip_spaces()) skip_line();
}

// Where a value without quotes ends.
bool ConfLexer::at_value_end() const {
  if (at_end()) return true;
  const char c = peek();
  return is_line_end(c) || is_blank(c) || c == ';' || c == ',' || c == ']' || c == '}';
}

std::string ConfLexer::found() const {
  if (at_end()) return "the end of the file";
  const char c = peek();
  if (is_line_end(c)) return "the end of the line";
  if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
    static constexpr char kHex[] = "0123456789abcdef";
    return std::string("byte 0x") + kHex[(c >> 4) & 15] + kHex[c & 15];
  }
  return std::string("'") + c + "'";
}

bool ConfLexer::fail(std::string text) { return fail_at(line_, column(), std::move(text)); }

bool ConfLexer::fail_at(int line, int column, std::string text) {
  problem_ = {std::move(text), line, column};
  return false;
}

bool ConfLexer::take(ConfToken::Kind kind, std::size_t start, ConfToken& out) {
  out.kind = kind;
  out.text.assign(input_.substr(start, at_ - start));
  return true;
}

bool ConfLexer::next_entry(ConfScope scope, ConfEntry& out) {
  skip_spaces_and_comments();
  out.text.clear();
  out.line = line_;
  out.column = column();
  out.kind = ConfEntry::Kind::scope_end;
  if (at_end()) {
    if (scope == ConfScope::file) return true;
    return fail("expected a key or '}', found the end of the file");
  }
  switch (peek()) {
    case '}':
      advance();
      if (scope != ConfScope::file) return true;
      // nats-server forgives one brace at the very end.
      skip_spaces_and_comments();
      if (at_end()) return true;
      return fail_at(out.line, out.column, "expected a key, found '}' that closes nothing");
    case '{':
      if (scope == ConfScope::map) break;
      advance();
      out.kind = ConfEntry::Kind::braces_open;
      return true;
    case '=':
    case ':':
    case '[':
    case ']':
    case ',':
    case ';':
      break;
    default:
      return read_key(scope, out);
  }
  return fail("expected a key, found " + found());
}

bool ConfLexer::read_key(ConfScope scope, ConfEntry& out) {
  out.kind = ConfEntry::Kind::key;
  if (const char quote = peek(); quote == '"' || quote == '\'') {
    advance();
    return read_until_quote(quote, "key", out.text);
  }
  const std::size_t start = at_;
  while (!at_end() && !is_space(peek()) && !is_separator(peek())) advance();
  const std::string_view key = input_.substr(start, at_ - start);
  if (at_end() && scope != ConfScope::file)
    return fail("expected a value for \"" + std::string(key) + "\", found the end of the file");
  if (!at_end() && is_space(peek()) && equals_lower(key, "include")) return read_include(out);
  out.text.assign(key);
  return true;
}

bool ConfLexer::read_include(ConfEntry& out) {
  out.kind = ConfEntry::Kind::include;
  skip_blanks();
  const char first = peek();
  if (first == '\'' || first == '"') {
    advance();
    return read_until_quote(first, "path to include", out.text);
  }
  if (at_end() || is_line_end(first) || is_digit(first) ||
      std::string_view("[{(-\\").find(first) != std::string_view::npos) {
    return fail("expected the path of a file to include, found " + found());
  }
  const std::size_t start = at_;
  while (!at_end() && !is_space(peek()) && peek() != ';' && peek() != '}') advance();
  out.text.assign(input_.substr(start, at_ - start));
  return true;
}

// The opening quote is consumed.  No escapes: only values in double quotes have them.
bool ConfLexer::read_until_quote(char quote, const char* what, std::string& out) {
  const int line = line_, column = this->column() - 1;
  const std::size_t end = input_.find(quote, at_);
  if (end == std::string_view::npos) {
    return fail_at(line, column,
                   std::string("expected ") + quote + " at the end of this " + what + ", found the end of the file");
  }
  out.assign(input_.substr(at_, end - at_));
  while (at_ <= end) advance();
  return true;
}

bool ConfLexer::next_value(ConfScope scope, std::string_view key, ConfToken& out) {
  skip_spaces();
  const auto missing = [&] { return fail("expected a value for \"" + std::string(key) + "\", found " + found()); };
  if (at_end()) return missing();
  if (is_separator(peek())) {
    advance();
    scope == ConfScope::map ? skip_spaces() : skip_blanks();
    // `NAME=` is the empty string: environment variables are read as configuration, too.
    if (at_end() && scope != ConfScope::file) return missing();
  }
  if (!at_end() && (is_line_end(peek()) || peek() == ',' || peek() == '}')) return missing();
  return read_value(out);
}

bool ConfLexer::finish_entry(ConfScope scope) {
  skip_blanks();
  if (at_comment()) skip_line();
  if (at_end()) return true;
  const char c = peek();
  if (is_line_end(c) || c == ',' || c == ';' || (c == '}' && scope == ConfScope::file)) {
    advance();
    return true;
  }
  if (c == '}') return true;
  return fail("expected a new line, ',' or ';' after a value, found " + found());
}

bool ConfLexer::next_item(bool& more) {
  skip_spaces_and_comments();
  if (at_end() || peek() == ',') return fail("expected a value or ']', found " + found());
  more = peek() != ']';
  if (!more) advance();
  return true;
}

bool ConfLexer::finish_item() {
  for (skip_blanks(); at_comment(); skip_blanks()) skip_line();
  if (!at_end() && peek() == ']') return true;
  if (!at_end() && (peek() == ',' || is_line_end(peek()))) {
    advance();
    return true;
  }
  return fail("expected ',' or ']' after a value of an array, found " + found());
}

bool ConfLexer::read_value(ConfToken& out) {
  out.text.clear();
  out.line = line_;
  out.column = column();
  const char c = peek();
  if (at_end()) return read_bare(at_, out);
  switch (c) {
    case '[':
      advance();
      out.kind = ConfToken::Kind::array_start;
      return true;
    case '{':
      advance();
      out.kind = ConfToken::Kind::map_start;
      return true;
    case '\'':
      advance();
      out.kind = ConfToken::Kind::text;
      return read_until_quote(c, "string", out.text);
    case '"':
      advance();
      return read_double_quoted(out);
    case '(':
      advance();
      return read_block(out);
    case '-':
      return read_negative(out);
    case '.':
      return fail("expected a value, found '.': a fraction starts with a digit, other text needs quotes");
    default:
      return is_digit(c) ? read_number(out) : read_bare(at_, out);
  }
}

bool ConfLexer::read_double_quoted(ConfToken& out) {
  out.kind = ConfToken::Kind::text;
  while (!at_end()) {
    const char c = peek();
    advance();
    if (c == '"') return true;
    if (c != '\\') {
      out.text += c;
    } else if (!read_escape(out.text)) {
      return false;
    }
  }
  return fail_at(out.line, out.column, "expected \" at the end of this string, found the end of the file");
}

// The backslash is consumed.
bool ConfLexer::read_escape(std::string& out) {
  const char c = peek();
  switch (at_end() ? '\0' : c) {
    case 't':
      out += '\t';
      break;
    case 'n':
      out += '\n';
      break;
    case 'r':
      out += '\r';
      break;
    case '"':
    case '\\':
      out += c;
      break;
    case 'x': {
      const int high = hex_digit(peek(1)), low = hex_digit(peek(2));
      if (high < 0 || low < 0) return fail("expected two hexadecimal digits after \\x");
      out += static_cast<char>(high * 16 + low);
      advance();
      advance();
      break;
    }
    default:
      return fail("expected one of \\t \\n \\r \\\" \\\\ \\xHH, found \\ and " + found());
  }
  advance();
  return true;
}

// A block runs to a ')' that has a line for itself.
bool ConfLexer::read_block(ConfToken& out) {
  const std::size_t start = at_;
  for (; !at_end(); advance()) {
    if (peek() != ')' || input_[at_ - 1] != '\n') continue;
    const char after = peek(1);
    if (at_ + 1 < input_.size() && !is_line_end(after)) continue;
    take(ConfToken::Kind::text, start, out);
    advance();
    return true;
  }
  return fail_at(out.line, out.column,
                 "expected ')' on a line of its own at the end of this block, found the end of the file");
}

bool ConfLexer::read_negative(ConfToken& out) {
  const std::size_t start = at_;
  advance();
  if (!is_digit(peek())) return fail("expected a digit after '-', found " + found() + "; other text needs quotes");
  while (is_digit(peek())) advance();
  if (peek() == '.') return read_fraction(start, out);
  if (is_size_suffix(peek())) {
    while (!at_value_end()) advance();
  }
  return take(ConfToken::Kind::integer, start, out);
}

// A number, a size, a date, an address, or other text that happens to start with a digit.
bool ConfLexer::read_number(ConfToken& out) {
  const std::size_t start = at_;
  while (is_digit(peek())) advance();
  if (at_value_end()) return take(ConfToken::Kind::integer, start, out);
  if (peek() == '-') return read_date(start, out);
  if (peek() == '.') return read_fraction(start, out);
  // The character that makes it text belongs to it, be it a quote.
  const bool size = is_size_suffix(peek());
  advance();
  if (!size) return read_bare(start, out);
  while (lower(peek()) == 'b' || lower(peek()) == 'i') advance();
  // nats-server takes a size right before ']' for text: tags of servers are written so.
  return at_value_end() && peek() != ']' ? take(ConfToken::Kind::integer, start, out) : read_bare(start, out);
}

bool ConfLexer::read_fraction(std::size_t start, ConfToken& out) {
  advance();
  if (!is_digit(peek())) return fail("expected a digit after '.', found " + found() + "; other text needs quotes");
  while (is_digit(peek())) advance();
  if (peek() != '.') return take(ConfToken::Kind::number, start, out);
  while (is_digit(peek()) || peek() == '.' || peek() == ':' || peek() == '-') advance();
  return take(ConfToken::Kind::text, start, out);
}

bool ConfLexer::read_date(std::size_t start, ConfToken& out) {
  static constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const char c = start + i < input_.size() ? input_[start + i] : '\0';
    if (kShape[i] == '0' ? !is_digit(c) : c != kShape[i]) {
      return fail_at(out.line, out.column,
                     "expected a date such as 2006-01-02T15:04:05Z; other text with '-' needs quotes");
    }
  }
  while (at_ < start + kShape.size()) advance();
  return take(ConfToken::Kind::datetime, start, out);
}

// Text without quotes from `start`, of which a part may be consumed already.
bool ConfLexer::read_bare(std::size_t start, ConfToken& out) {
  out.text.assign(input_.substr(start, at_ - start));
  out.kind = ConfToken::Kind::text;
  bool escaped = false;
  while (!at_value_end()) {
    const char c = peek();
    advance();
    if (c == '\'') return true;  // nats-server takes a closing quote without an opening one.
    if (c != '\\') {
      out.text += c;
      continue;
    }
    escaped = true;
    if (!read_escape(out.text)) return false;
  }
  if (escaped) return true;
  if (is_boolean(out.text)) {
    out.kind = ConfToken::Kind::boolean;
  } else if (!out.text.empty() && out.text.front() == '$') {
    out.kind = ConfToken::Kind::variable;
    out.text.erase(0, 1);
  }
  return true;
}

}  // namespace switchyard::nats
