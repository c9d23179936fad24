// BrokerProcess runs the real broker in dev mode on a free port and can kill it at any moment.
//
// Failure: start() returns false and why() says what the process wrote instead of its ready line.
//
// Thread: one.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/client/sigv4.h"

namespace switchyard::client {

// user + system time of any process, in seconds, by the kernel's own accounting.
double cpu_seconds(pid_t pid);
long rss_kb(pid_t pid);

// Reads the credentials that dev mode left for clients.
bool read_dev_env(const std::string& data_dir, Credentials& credentials);

class BrokerProcess {
 public:
  // `settings` are dotted.key=value pairs for --set.
  BrokerProcess(std::string binary, std::string data_dir, std::vector<std::string> settings);
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  void spawn();
  bool wait_ready(int timeout_ms);
  void kill();                 // SIGKILL, reaped.
  int terminate(int seconds);  // SIGTERM; the exit status, -1 when it had to be killed.
  bool running();

  pid_t pid() const { return pid_; }
  std::uint16_t port() const { return port_; }
  const Credentials& credentials() const { return credentials_; }
  std::string why() const;  // The end of its log.

 private:
  const std::string binary_, data_dir_, log_path_;
  const std::vector<std::string> settings_;
  pid_t pid_ = -1;
  int stdout_ = -1;
  std::uint16_t port_ = 0;
  Credentials credentials_;
};

}  // namespace switchyard::client
