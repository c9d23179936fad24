// A start of the stream room on a rig's folder, in a process of its own.
//
// What this process freed stays in its allocator, in part, and would count as memory of the engine that
// starts next.  So the program starts itself with --start, which opens the folder, says how long that took
// in time and CPU and what is resident, and ends.
//
// Failure: the rig's error().
//
// Thread: the benchmark's own.
#pragma once
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "tests/bench/stream_bench_rig.h"

namespace switchyard::stream {

struct Start {
  double seconds = 0, cpu_s = 0, rss_mb = 0;
};

// The body of `--start FOLDER checkpoint|kill`, where the last word is how it ends.
inline int start_only(const std::string& folder, std::string_view end) {
  const Meter meter;
  StreamRig rig(folder);
  if (!rig.ok()) {
    std::fprintf(stderr, "stream_bench: %s\n", rig.error().c_str());
    return 1;
  }
  const Cost cost = meter.read();
  std::printf("%.6f %.6f %.6f\n", cost.wall_s, cost.cpu_s, resident_mb());
  rig.close(end == "checkpoint");
  return 0;
}

// REQUIRES: the rig is closed.
inline Start start_in_child(StreamRig& rig, const char* end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    rig.fail("no pipe for a start");
    return {};
  }
  std::string program = "bench_stream", word = "--start", folder = rig.folder(), last = end;
  char* arguments[] = {program.data(), word.data(), folder.data(), last.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int spawned = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  Start start;
  std::FILE* answer = ::fdopen(ends[0], "r");
  const bool said =
      spawned == 0 && std::fscanf(answer, "%lf %lf %lf", &start.seconds, &start.cpu_s, &start.rss_mb) == 3;
  std::fclose(answer);
  int status = 0;
  if (spawned == 0) ::waitpid(child, &status, 0);
  if (!said || status != 0) rig.fail("the folder did not start in a process of its own");
  return start;
}

// The slowest and the largest of a start after a kill, after a stop and after a kill; the rig is open again after.
inline Start worst_start(StreamRig& rig) {
  Start worst;
  if (!rig.ok()) return worst;
  rig.close(false);
  for (const char* end : {"checkpoint", "kill", "kill"}) {
    const auto start = start_in_child(rig, end);
    worst = {std::max(worst.seconds, start.seconds), std::max(worst.cpu_s, start.cpu_s),
             std::max(worst.rss_mb, start.rss_mb)};
  }
  rig.open();
  return worst;
}

}  // namespace switchyard::stream
