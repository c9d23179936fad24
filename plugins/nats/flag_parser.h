// Command line flags by the rules of Go's flag package, which scripts around nats-server rely on.
//
// One dash or two, `-x value` or `-x=value`, booleans only with `=`, everything after the first other word or `--`
// is no flag.  Later settings win, so the caller applies them in order.
// Failure: `error` has the words of Go's package; settings before it are kept.
// Thread: pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::nats {

enum class FlagKind { boolean, integer, text };

struct FlagName {
  std::string_view name;  // Without dashes.
  FlagKind kind;
  int id;  // Names with one id are one flag.
};

struct FlagSetting {
  int id = 0;
  std::string name;  // As written, without dashes.
  std::string text;
  bool flag = false;
  std::int64_t integer = 0;
};

struct ParsedFlags {
  std::vector<FlagSetting> settings;
  std::vector<std::string> words;  // What follows the flags.
  std::string error;               // Empty: all is well.
};

// `arguments` is without the program's name.
ParsedFlags parse_flags(const std::vector<std::string>& arguments, const std::vector<FlagName>& names);

}  // namespace switchyard::nats
