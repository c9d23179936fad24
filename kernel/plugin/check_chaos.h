// run_chaos asks a plugin many requests on a small server while Chaos makes one kind of trouble, then stops
// it; the kinds are chaos_scenarios().
//
// A healthy plugin answers every request or hears that its peer left, calls its host only where it may, and
// answers again as before when the trouble is over.
//
// Failure: what it did wrong, one sentence per line, with the seed that showed it.
//
// Thread: [control]; starts and ends threads of its own.  Once per process.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/plugin/chaos.h"

namespace switchyard::plugin {

struct ChaosScenario {
  const char* name;
  ChaosPlan plan;
  bool reloads = false;  // Bad configurations are offered meanwhile.
  bool hurries = false;  // It is stopped in the middle.
};
const std::vector<ChaosScenario>& chaos_scenarios();

struct ChaosSubject {
  std::string path, name, section;
  std::vector<CheckRequest> requests;  // Besides those made up for its routes.
  std::vector<std::string> odd_sections;
  std::uint64_t seed = 1;
};

struct ChaosOutcome {
  std::string note;       // How much trouble there was.
  std::string not_shown;  // Why the run proves nothing: what the scenario is about did not happen.
};
Status run_chaos(const std::string& folder, const ChaosSubject& subject, const ChaosScenario& scenario,
                 ChaosOutcome& outcome);

}  // namespace switchyard::plugin
