// ElfFacts: what a shared object says about itself, read from the file without running any of it.
//
// Loading a library runs its constructors, so what can be refused is refused before that: a file of
// another machine, one without the entry symbol, one that exports its C++ runtime.
//
// Failure: a file that is not a 64-bit little-endian shared object of this machine, or whose tables
// point outside of it, is Code::invalid with a sentence; nothing is read past its end.
//
// Thread: any.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace switchyard::plugin {

struct ElfFacts {
  std::vector<std::string> exported;  // Defined global and weak symbols.
  std::vector<std::string> unique;    // STB_GNU_UNIQUE: these pin the library and leak across plugins.
  std::vector<std::string> needed;    // Libraries it links with.
  bool bind_now = false;              // Missing functions are found at load time, not in the middle of the night.
  bool executable_stack = false;
};

// `image` is the whole file.
Result<ElfFacts> read_elf(std::string_view image, std::string_view path);

}  // namespace switchyard::plugin
