#include "kernel/plugin/child.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "kernel/plugin/lane_context.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxOutput = 1u << 20;

void write_all(int fd, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto n = ::write(fd, text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    at += static_cast<std::size_t>(n);
  }
}

[[noreturn]] void run_child(const std::function<std::string(bool&)>& body, int fd) {
  bool good = true;
  std::string text;
  try {
    text = body(good);
  } catch (...) {
    good = false;
    text = "threw " + describe_exception();
  }
  write_all(fd, text);
  // No destructors and no atexit handlers: they belong to the parent.
  ::_exit(good ? 0 : 1);
}

// Reads until the child closes its end; false when the time is over.
bool read_until_closed(int fd, int timeout_ms, std::string& out) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  char buffer[4096];
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{fd, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const auto n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    if (out.size() < kMaxOutput) out.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace

ChildResult run_in_child(const std::function<std::string(bool& good)>& body, int timeout_ms) {
  ChildResult result;
  int ends[2];
  if (::pipe(ends) != 0) {
    result.why = std::string("could not make a pipe: ") + std::strerror(errno);
    return result;
  }
  // What is buffered now would be printed twice.
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) {
    result.why = std::string("could not fork: ") + std::strerror(errno);
    ::close(ends[0]);
    ::close(ends[1]);
    return result;
  }
  if (child == 0) {
    ::close(ends[0]);
    run_child(body, ends[1]);
  }
  ::close(ends[1]);
  const bool in_time = read_until_closed(ends[0], timeout_ms, result.output);
  ::close(ends[0]);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    result.why = "did not end within " + std::to_string(timeout_ms) + " ms";
  } else if (WIFSIGNALED(status)) {
    result.why =
        "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
  } else if (WEXITSTATUS(status) != 0) {
    result.why = result.output.empty() ? "ended with status " + std::to_string(WEXITSTATUS(status)) : result.output;
  } else {
    result.ok = true;
  }
  return result;
}

}  // namespace switchyard::plugin
