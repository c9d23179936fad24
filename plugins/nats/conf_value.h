// ConfValue is a parsed configuration: a tree of values that know where they were written.
//
// Maps keep the order of the file; a key that is written twice has its last value, as nats-server has it.
// Failure: none, plain data.  Depth, number and bytes are bounded by the parser, so recursion over a tree is safe.
// Thread: plain data.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::nats {

struct ConfPlace {
  int file = -1;   // Index into ConfDocument::files; -1 = no file, say the command line.
  int line = 0;    // From 1.
  int column = 0;  // From 1, in bytes.
};

struct ConfMember;

struct ConfValue {
  enum class Kind : std::uint8_t { none, text, boolean, integer, number, datetime, array, map };

  Kind kind = Kind::none;
  bool flag = false;         // boolean
  std::int64_t integer = 0;  // integer, size suffix applied
  double number = 0;         // number
  std::string text;          // text, datetime
  std::vector<ConfValue> items;
  std::vector<ConfMember> members;
  ConfPlace place;  // In a map: the place of the key, which is what a person looks for.

  bool is(Kind k) const { return kind == k; }
  const ConfValue* find(std::string_view key) const;
};

struct ConfMember {
  std::string key;
  ConfValue value;
  // A definition that a variable refers to may have any name; it is not an unknown field.
  bool used_as_variable = false;
};

inline const ConfValue* ConfValue::find(std::string_view key) const {
  for (const ConfMember& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

// "a string", for a sentence about what was found.
inline const char* describe(ConfValue::Kind kind) {
  switch (kind) {
    case ConfValue::Kind::text:
      return "a string";
    case ConfValue::Kind::boolean:
      return "a boolean";
    case ConfValue::Kind::integer:
      return "an integer";
    case ConfValue::Kind::number:
      return "a fraction";
    case ConfValue::Kind::datetime:
      return "a date";
    case ConfValue::Kind::array:
      return "an array";
    case ConfValue::Kind::map:
      return "a map";
    case ConfValue::Kind::none:
      break;
  }
  return "nothing";
}

struct ConfProblem {
  std::string where;  // "FILE:LINE:COLUMN", or empty.
  std::string text;
  std::string sentence() const { return where.empty() ? text : where + ": " + text; }
};

struct ConfDocument {
  ConfValue root;  // A map.
  std::vector<std::string> files;

  std::string where(const ConfPlace& place) const {
    if (place.file < 0 || static_cast<std::size_t>(place.file) >= files.size()) return {};
    return files[static_cast<std::size_t>(place.file)] + ":" + std::to_string(place.line) + ":" +
           std::to_string(place.column);
  }
};

}  // namespace switchyard::nats
