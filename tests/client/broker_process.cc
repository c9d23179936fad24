#include "tests/client/broker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace switchyard::client {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

BrokerProcess::BrokerProcess(std::string binary, std::string data_dir, std::vector<std::string> settings)
    : binary_(std::move(binary)),
      data_dir_(std::move(data_dir)),
      log_path_(data_dir_ + ".log"),
      settings_(std::move(settings)) {}

BrokerProcess::~BrokerProcess() { kill(); }

void BrokerProcess::spawn() {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) std::abort();
  const int log = open(log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  std::vector<const char*> argv = {binary_.c_str(),          "run", "--dev", "--data-dir", data_dir_.c_str(), "--set",
                                   "http.listen=127.0.0.1:0"};
  for (const std::string& setting : settings_) {
    argv.push_back("--set");
    argv.push_back(setting.c_str());
  }
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(pipe_ends[1], 1);
    dup2(log, 2);
    execv(binary_.c_str(), const_cast<char* const*>(argv.data()));
    std::perror(binary_.c_str());
    _exit(127);
  }
  ::close(pipe_ends[1]);
  ::close(log);
  stdout_ = pipe_ends[0];
}

bool BrokerProcess::wait_ready(int timeout_ms) {
  std::string line;
  const auto end = SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
  while (line.find('\n') == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - SteadyClock::now()).count();
    pollfd waiting{stdout_, POLLIN, 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) <= 0) return false;
    char buffer[512];
    const ssize_t got = read(stdout_, buffer, sizeof buffer);
    if (got <= 0) return false;
    line.append(buffer, static_cast<std::size_t>(got));
  }
  if (!line.starts_with("switchyard ready")) return false;
  const std::size_t http = line.find(" http=");
  const std::size_t colon = line.find(':', http);
  if (http == std::string::npos || colon == std::string::npos) return false;
  port_ = static_cast<std::uint16_t>(std::atoi(line.c_str() + colon + 1));
  return read_dev_env(data_dir_, credentials_);
}

bool read_dev_env(const std::string& data_dir, Credentials& credentials) {
  std::istringstream file(read_file(data_dir + "/dev.env"));
  for (std::string line; std::getline(file, line);) {
    const std::size_t equals = line.find('=');
    if (!line.starts_with("export ") || equals == std::string::npos) continue;
    const std::string name = line.substr(7, equals - 7);
    std::string value = line.substr(equals + 1);
    if (value.size() >= 2 && (value.front() == '\'' || value.front() == '"')) value = value.substr(1, value.size() - 2);
    if (name == "AWS_ACCESS_KEY_ID") credentials.access_key = value;
    if (name == "AWS_SECRET_ACCESS_KEY") credentials.secret_key = value;
    if (name == "AWS_DEFAULT_REGION") credentials.region = value;
  }
  return !credentials.access_key.empty() && !credentials.secret_key.empty();
}

void BrokerProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  ::close(stdout_);
  pid_ = -1;
}

bool BrokerProcess::running() {
  if (pid_ <= 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  ::close(stdout_);
  pid_ = -1;
  return false;
}

int BrokerProcess::terminate(int seconds) {
  ::kill(pid_, SIGTERM);
  const auto end = SteadyClock::now() + std::chrono::seconds(seconds);
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (SteadyClock::now() > end) {
      kill();
      return -1;
    }
    const timespec pause{0, 5'000'000};
    nanosleep(&pause, nullptr);
  }
  ::close(stdout_);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

double cpu_seconds(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t after_name = stat.rfind(')');
  unsigned long user = 0, system = 0;
  if (after_name == std::string::npos ||
      std::sscanf(stat.c_str() + after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &system) != 2) {
    return 0;
  }
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

long rss_kb(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::atol(status.c_str() + at + 6);
}

std::string BrokerProcess::why() const {
  const std::string log = read_file(log_path_);
  return log.size() > 3000 ? log.substr(log.size() - 3000) : log;
}

}  // namespace switchyard::client
