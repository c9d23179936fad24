// Options read from a text, and the problems that were found.
#pragma once
#include <string>

#include "plugins/nats/conf_parser.h"
#include "plugins/nats/server_options.h"
#include "tests/unit/nats/fake_surroundings.h"

namespace switchyard::nats {

struct OptionsWorld {
  explicit OptionsWorld(const std::string& text) { read(text); }
  OptionsWorld(const std::string& text, FakeSurroundings given) : surroundings(std::move(given)) { read(text); }

  void read(const std::string& text) {
    ConfProblem problem;
    if (!parse_conf_text(text, "a.conf", surroundings, ConfLimits{}, document, problem)) {
      problems.errors.push_back(problem);
      return;
    }
    ok = read_server_options(document, surroundings, options, problems);
  }
  // Every error, one a line.
  std::string errors() const {
    std::string out;
    for (const ConfProblem& p : problems.errors) out += p.sentence() + "\n";
    return out;
  }
  std::string warnings() const {
    std::string out;
    for (const ConfProblem& p : problems.warnings) out += p.sentence() + "\n";
    return out;
  }

  FakeSurroundings surroundings;
  ConfDocument document;
  ServerOptions options;
  OptionProblems problems;
  bool ok = false;
};

// Errors of a text; empty when there are none.
inline std::string errors_of(const std::string& text) { return OptionsWorld(text).errors(); }

}  // namespace switchyard::nats
