// run_lifecycle takes one plugin through its whole life on a real, small server: an engine in the
// empty folder `folder`, `lanes` lanes, one namespace, no listener.  While it runs, it is offered each of
// `odd_sections` as a new configuration; it may refuse or agree, and must go on running.
//
// Failure: the first thing that went wrong, as a sentence.
//
// Thread: [control]; starts and ends threads of its own.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "kernel/base/result.h"

namespace switchyard::plugin {

Status run_lifecycle(const std::string& folder, const std::string& file, const std::string& name,
                     const std::string& section, std::size_t lanes, const std::vector<std::string>& odd_sections = {});

}  // namespace switchyard::plugin
