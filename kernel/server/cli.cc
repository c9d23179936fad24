#include "kernel/server/cli.h"

#include <Poco/Exception.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>

#include <cstdio>

#include "kernel/plugin/cli.h"
#include "kernel/server/config_schema.h"
#include "kernel/server/version.h"

namespace switchyard::server {
namespace {

constexpr const char* kUsage =
    "usage: switchyard run [--config FILE] [--set KEY=VALUE]... [--log-level LEVEL]\n"
    "       switchyard run --dev [--data-dir DIR] [--config FILE] [--set KEY=VALUE]... [--log-level LEVEL]\n"
    "       switchyard check [--config FILE] [--set KEY=VALUE]...\n"
    "       switchyard fsck --data-dir DIR\n"
    "       switchyard rotate-key [--config FILE | --data-dir DIR] [--set KEY=VALUE]...\n"
    "       switchyard plugin list | check FILE.so | new NAME\n"
    "       switchyard version\n"
    "       switchyard help [config]\n"
    "\n"
    "run    serves; the configuration is /etc/switchyard/switchyard.yaml unless --config names another.\n"
    "       --dev needs none: every plugin of this build, on loopback, data in ./switchyard-data.\n"
    "check  reads a configuration and says what is wrong with it; it starts nothing.\n"
    "fsck   verifies every checksum of a stopped server's data folder; it changes nothing.\n"
    "rotate-key makes another key for secrets at rest and has the running server go over to it.\n"
    "plugin lists the plugins of this build, judges a plugin file, starts a new plugin's source.\n"
    "help   config lists every key of the configuration with its type, range and default.\n";

int usage_error(const std::string& what) {
  std::fprintf(stderr, "switchyard: %s\n%s", what.c_str(), kUsage);
  return 2;
}

// One row of the help above: which options a command takes.
struct Command {
  const char* name;
  bool dev, config, data_dir, sets;
  int (*run)(const CliOptions& options);
};
constexpr Command kCommands[] = {
    {"run", true, true, true, true, run_command},
    {"check", true, true, true, true, check_command},
    {"fsck", false, false, true, false, fsck_command},
    {"rotate-key", true, true, true, true, rotate_key_command},
};

Poco::Util::OptionSet options_of(const Command& command) {
  using Poco::Util::Option;
  Poco::Util::OptionSet set;
  const auto add = [&set](const char* name, bool repeatable) {
    set.addOption(Option(name, "").required(false).repeatable(repeatable).argument("VALUE"));
  };
  if (command.dev) set.addOption(Option("dev", "").required(false).repeatable(true));
  if (command.config) add("config", false);
  if (command.data_dir) add("data-dir", false);
  if (command.sets) {
    add("set", true);
    add("log-level", false);
  }
  return set;
}

void take(CliOptions& out, const std::string& name, const std::string& value) {
  if (name == "dev") out.dev = true;
  if (name == "config") out.config = value;
  if (name == "data-dir") out.data_dir = value;
  if (name == "log-level") out.log_level = value;
  if (name == "set") out.sets.push_back(value);
}

// Fails with a sentence for the person at the keyboard.
Result<CliOptions> parse(const Command& command, const std::vector<std::string>& arguments) {
  const auto set = options_of(command);
  CliOptions out;
  try {
    Poco::Util::OptionProcessor processor(set);
    processor.setUnixStyle(true);
    for (const auto& argument : arguments) {
      std::string name, value;
      if (!processor.process(argument, name, value)) {
        return Error{Code::invalid, "'" + argument + "' does not belong behind 'switchyard " + command.name + "'"};
      }
      take(out, name, value);
    }
    processor.checkRequired();
  } catch (const Poco::Exception& e) {
    return Error{Code::invalid, e.displayText()};
  }
  return out;
}

}  // namespace

int run_cli(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return usage_error("a command is missing");
  const auto& name = arguments.front();
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (name == "version" || name == "--version") {
    std::printf("switchyard %s\n", kVersion.c_str());
    return 0;
  }
  if (name == "help" && rest == std::vector<std::string>{"config"}) {
    std::fputs(schema_reference().c_str(), stdout);
    return 0;
  }
  if (name == "help" || name == "--help" || name == "-h") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (name == "plugin") return plugin::run_plugin_command(rest, {plugin::default_folders()});
  for (const auto& command : kCommands) {
    if (name != command.name) continue;
    const auto options = parse(command, rest);
    return options ? command.run(*options) : usage_error(options.error().message);
  }
  return usage_error("there is no command '" + name + "'");
}

}  // namespace switchyard::server
