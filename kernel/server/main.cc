#include "kernel/server/cli.h"

int main(int argc, char** argv) { return switchyard::server::run_cli({argv + 1, argv + argc}); }
