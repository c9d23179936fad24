// The parser of nats-server's configuration language: text in, a tree of values with their places out.
//
// It resolves what the tree does not show any more: variables ($NAME, from the maps around it and then from the
// environment), included files, size suffixes, and words for booleans.
// Failure: false and a ConfProblem that names file, line, column and what was expected.  Every bound of ConfLimits
// is such a problem, too: a variable may stand for a map, so that a few lines could otherwise grow without end.
// Thread: pure but for what Surroundings does.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "plugins/nats/conf_value.h"
#include "plugins/nats/surroundings.h"

namespace switchyard::nats {

struct ConfLimits {
  std::size_t max_file_bytes = std::size_t{16} << 20;   // An operator's resolver_preload takes about 1 KiB per account.
  std::size_t max_total_bytes = std::size_t{64} << 20;  // Files, environment and copies made by variables.
  std::size_t max_values = 500'000;
  int max_depth = 64;
  int max_include_depth = 10;
  int max_files = 1000;
};

bool parse_conf_file(const std::string& path, Surroundings& surroundings, const ConfLimits& limits, ConfDocument& out,
                     ConfProblem& problem);

// `name` stands for the file in problems; includes are relative to its folder.
bool parse_conf_text(std::string_view text, const std::string& name, Surroundings& surroundings,
                     const ConfLimits& limits, ConfDocument& out, ConfProblem& problem);

}  // namespace switchyard::nats
