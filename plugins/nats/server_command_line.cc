#include "plugins/nats/server_command_line.h"

#include "plugins/nats/conf_parser.h"
#include "plugins/nats/flag_parser.h"
#include "plugins/nats/options_reader.h"
#include "plugins/nats/server_flags.h"

namespace switchyard::nats {
namespace {

constexpr const char* kProgram = "nats-server: ";
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

StartPlan refuse(std::string why) {
  StartPlan plan;
  plan.message = kProgram + std::move(why) + "\n";
  plan.exit_status = kFailed;
  return plan;
}

StartPlan refuse_usage(std::string why) {
  StartPlan plan;
  plan.message = std::move(why) + "\n";
  plan.show_help = true;
  // Go's package has 2 for this.  nats-server exits with 0, because its help ends the process first; a script that
  // misspells a flag should not take that for success.
  plan.exit_status = kWrongUsage;
  return plan;
}

StartPlan plan_of(StartPlan::Kind kind) {
  StartPlan plan;
  plan.kind = kind;
  return plan;
}

std::string lines(const std::vector<ConfProblem>& problems) {
  std::string out;
  for (const ConfProblem& problem : problems) out += problem.sentence() + "\n";
  return out;
}

// The file under the flags.  Warnings are in `warnings`; false with everything to print in `error`.
bool read_config_file(const ServerFlags& flags, Surroundings& surroundings, ServerOptions& options,
                      std::string& warnings, std::string& error) {
  ConfDocument document;
  ConfProblem problem;
  if (!parse_conf_file(flags.config_file, surroundings, ConfLimits{}, document, problem)) {
    error = problem.sentence();
    return false;
  }
  OptionProblems problems;
  const bool ok = read_server_options(document, surroundings, options, problems);
  warnings = lines(problems.warnings);
  if (ok && (warnings.empty() || !flags.test_configuration)) return true;
  error = warnings + lines(problems.errors);
  error.pop_back();
  return false;
}

}  // namespace

StartPlan plan_start(const std::vector<std::string>& arguments, Surroundings& surroundings) {
  const ParsedFlags parsed = parse_flags(arguments, server_flag_names());
  if (!parsed.error.empty()) return refuse_usage(parsed.error);
  const ServerFlags flags = read_server_flags(parsed.settings);
  if (flags.version) return plan_of(StartPlan::Kind::version);
  if (flags.help) return plan_of(StartPlan::Kind::help);
  if (flags.tls_help) return plan_of(StartPlan::Kind::tls_help);
  if (!parsed.words.empty()) {
    const std::string word = lower_case(parsed.words.front());
    if (word == "version") return plan_of(StartPlan::Kind::version);
    if (word == "help") return plan_of(StartPlan::Kind::help);
    return refuse("unrecognized command: \"" + parsed.words.front() + "\"");
  }

  StartPlan plan;
  std::string error;
  if (!flags.signal.empty()) {
    if (!parse_signal_request(flags.signal, surroundings, plan.signal, error)) return refuse(error);
    plan.kind = StartPlan::Kind::signal;
    return plan;
  }
  plan.config_file = flags.config_file;
  if (flags.test_configuration && flags.config_file.empty()) {
    return refuse("must specify [-c, --config] option to check configuration file syntax");
  }
  if (!flags.config_file.empty() && !read_config_file(flags, surroundings, plan.options, plan.message, error)) {
    return refuse(error);
  }
  if (!apply_server_flags(parsed.settings, plan.options, error)) return refuse(error);
  if (error = check_server_options(plan.options); !error.empty()) return refuse(error);
  apply_default_options(plan.options);
  plan.kind = StartPlan::Kind::serve;
  if (flags.test_configuration) {
    plan.kind = StartPlan::Kind::configuration_valid;
    plan.message = kProgram + ("configuration file " + flags.config_file) + " is valid\n";
  }
  return plan;
}

}  // namespace switchyard::nats
