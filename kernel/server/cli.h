// run_cli is the command line: run, check, fsck, rotate-key, plugin, version.
//
// Exit codes: 0 = good, 1 = it did not work (the reason is on stderr), 2 = the command line is wrong.
//
// stdout carries only what a script reads: the ready line, reports, versions.  The log is on stderr.
//
// Thread: main; `run` blocks until the server was told to stop.
#pragma once
#include <string>
#include <vector>

namespace switchyard::server {

struct CliOptions {
  bool dev = false;
  std::string config, data_dir, log_level;
  std::vector<std::string> sets;
};

int run_cli(const std::vector<std::string>& arguments);

// The commands, each with its options already read.
int run_command(const CliOptions& options);
int check_command(const CliOptions& options);
int fsck_command(const CliOptions& options);
int rotate_key_command(const CliOptions& options);

}  // namespace switchyard::server
