// `switchyard plugin ...` alone, so that tests of it start from a process without threads, as it does.
//
//   plugin_command FOLDER ARGUMENTS...
#include "kernel/plugin/cli.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  return switchyard::plugin::run_plugin_command({argv + 2, argv + argc}, {{argv[1]}});
}
