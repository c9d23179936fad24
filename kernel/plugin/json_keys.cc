#include "kernel/plugin/json_keys.h"

namespace switchyard::plugin {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool whole_object(std::vector<std::string>& keys) {
    skip_space();
    if (peek() != '{' || !object(0, &keys)) return false;
    skip_space();
    return at_ == text_.size();
  }
  std::size_t position() const { return at_; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  bool value(int depth) {
    if (depth > kMaxJsonDepth) return false;
    switch (peek()) {
      case '{':
        return object(depth, nullptr);
      case '[':
        return array(depth);
      case '"':
        return string(nullptr);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool object(int depth, std::vector<std::string>* keys) {
    take('{');
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      std::string key;
      if (!string(&key)) return false;
      if (keys != nullptr) keys->push_back(std::move(key));
      skip_space();
      if (!take(':')) return false;
      skip_space();
      if (!value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool array(int depth) {
    take('[');
    skip_space();
    if (take(']')) return true;
    do {
      skip_space();
      if (!value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']');
  }

  // Escapes stay as written: keys that people choose have none.
  bool string(std::string* out) {
    if (!take('"')) return false;
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      if (text_[at_] == '\\' && !escape()) return false;
      ++at_;
    }
    if (out != nullptr) *out = text_.substr(begin, at_ - begin);
    return take('"');
  }
  // Leaves at_ on the last character of the escape.
  bool escape() {
    ++at_;
    if (peek() != 'u') return peek() != '\0' && std::string_view("\"\\/bfnrt").find(peek()) != std::string_view::npos;
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (!is_hex(peek())) return false;
    }
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at_;
    return true;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<std::string>> json_keys(std::string_view text, std::string_view what) {
  Scanner scanner(text);
  std::vector<std::string> keys;
  if (scanner.whole_object(keys)) return keys;
  return Error{Code::invalid, std::string(what) + " is not a well-formed JSON object (byte " +
                                  std::to_string(scanner.position()) + ")"};
}

}  // namespace switchyard::plugin
