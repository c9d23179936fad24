// ConfLexer cuts nats-server's configuration language into keys and values.
//
// The language has no token set that holds everywhere: a new line ends a value of the file but is space before a
// value of a map, `#` starts a comment after a value but a password in front of one.  So the parser says at each
// step what may come, and the lexer reads exactly that.
//
// Failure: a method that returns false has set problem(); the lexer must not be used afterwards.
// Work is linear in the input; nothing recurses.
// Thread: not shared.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace switchyard::nats {

// Where entries stand: in the file itself, in braces around the whole file (JSON), in a map.
enum class ConfScope { file, braces, map };

struct ConfEntry {
  enum class Kind { key, include, braces_open, scope_end };
  Kind kind = Kind::scope_end;
  std::string text;  // The key, or the path to include.
  int line = 0, column = 0;
};

struct ConfToken {
  enum class Kind { text, boolean, integer, number, datetime, variable, array_start, map_start };
  Kind kind = Kind::text;
  std::string text;
  int line = 0, column = 0;
};

class ConfLexer {
 public:
  struct Problem {
    std::string text;
    int line = 0, column = 0;
  };

  // `input` must outlive the lexer.
  explicit ConfLexer(std::string_view input) : input_(input) {}

  // An entry is next_entry(), next_value() unless it is an include, the value's inside, finish_entry().
  bool next_entry(ConfScope scope, ConfEntry& out);
  bool next_value(ConfScope scope, std::string_view key, ConfToken& out);
  bool finish_entry(ConfScope scope);

  // Items of an array: next_item() until `more` is false; each is followed by item_value(), its inside, finish_item().
  bool next_item(bool& more);
  bool item_value(ConfToken& out) { return read_value(out); }
  bool finish_item();

  const Problem& problem() const { return problem_; }
  int line() const { return line_; }
  int column() const { return static_cast<int>(at_ - line_start_) + 1; }

 private:
  bool at_end() const { return at_ >= input_.size(); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < input_.size() ? input_[at_ + ahead] : '\0'; }
  void advance();
  void skip_blanks();
  void skip_spaces();
  void skip_line();
  bool at_comment() const;
  void skip_spaces_and_comments();
  bool at_value_end() const;

  bool read_key(ConfScope scope, ConfEntry& out);
  bool read_include(ConfEntry& out);
  bool read_until_quote(char quote, const char* what, std::string& out);
  bool read_value(ConfToken& out);
  bool read_double_quoted(ConfToken& out);
  bool read_block(ConfToken& out);
  bool read_number(ConfToken& out);
  bool read_negative(ConfToken& out);
  bool read_fraction(std::size_t start, ConfToken& out);
  bool read_date(std::size_t start, ConfToken& out);
  bool read_bare(std::size_t start, ConfToken& out);
  bool read_escape(std::string& out);
  bool take(ConfToken::Kind kind, std::size_t start, ConfToken& out);
  std::string found() const;
  bool fail(std::string text);
  bool fail_at(int line, int column, std::string text);

  std::string_view input_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  Problem problem_;
};

}  // namespace switchyard::nats
