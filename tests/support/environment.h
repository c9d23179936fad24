// Numbers that a person may give a test by environment variable: seeds and counts.
#pragma once
#include <cstdint>
#include <cstdlib>

namespace switchyard::test {

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace switchyard::test
