// What stands behind `switchyard plugin list|check|new`.
//
// Code of a stranger is only loaded in child processes, so that a crash, a hang or an exit() of a
// plugin is a line of the report and not the end of the command.
//
// Exit codes: 0 = good, 1 = something failed, 2 = the command line is wrong.
//
// Thread: [control], in a process that has no other threads (it forks).
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "kernel/plugin/loader.h"

namespace switchyard::plugin {

struct CliStreams {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

// `arguments` is what follows `plugin`.
int run_plugin_command(const std::vector<std::string>& arguments, const LoaderOptions& loader, CliStreams streams = {});

int plugin_list(const LoaderOptions& loader, CliStreams streams = {});

struct CheckOptions {
  std::string file;
  std::string section = "{}";  // The configuration to start it with.
  std::string requests_file;   // What to ask it while trouble is made; empty = only its routes.
  std::uint64_t seed = 1;      // Of the trouble.
  int timeout_ms = 20'000;     // Of one check.
};
int plugin_check(const CheckOptions& options, CliStreams streams = {});

}  // namespace switchyard::plugin
