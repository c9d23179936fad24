// `switchyard rotate-key`: asks for another sealing key and waits until the running server has gone over to it.
//
// The request is the file that account/key_file.h describes, and SIGHUP tells the server to look.  Without a
// server the file waits for the next start.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

#include "kernel/account/key_file.h"
#include "kernel/base/log.h"
#include "kernel/server/cli.h"
#include "kernel/server/config.h"
#include "kernel/server/data_folder.h"

namespace switchyard::server {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(20);
constexpr auto kPatience = std::chrono::seconds(60);

int complain(const std::string& text) {
  std::fprintf(stderr, "switchyard: %s\n", text.c_str());
  return 1;
}

bool is_there(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 || errno != ENOENT;
}

// From the configuration that the server has, or from a data folder whose key is in it.
Result<Settings> settings_for(const CliOptions& options) {
  if (options.config.empty() && !options.data_dir.empty() && options.sets.empty()) {
    Settings settings;
    settings.data_dir = options.data_dir;
    return settings;
  }
  ConfigSource source{options.dev, options.config, options.data_dir, options.log_level, options.sets};
  if (source.file.empty() && !source.dev) source.file = kDefaultConfig;
  auto loaded = load_config(source);
  if (!loaded) return Error(loaded.error());
  return std::move(loaded->settings);
}

bool wait_until_taken(const std::string& next, int pid) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (is_there(next)) {
    if (std::chrono::steady_clock::now() > deadline || ::kill(pid, 0) != 0) return false;
    std::this_thread::sleep_for(kLookAgain);
  }
  return true;
}

}  // namespace

int rotate_key_command(const CliOptions& options) {
  log::set_level(log::Level::error);
  const auto settings = settings_for(options);
  if (!settings) return complain(settings.error().message);
  const auto path = account::sealing_key_path(settings->sealing_key, settings->data_dir);
  if (!path) return complain(path.error().message);
  const auto key = account::make_next_key(*path);
  if (!key) return complain(key.error().message);

  const auto next = account::next_key_path(*path);
  const int pid = DataFolder::holder(settings->data_dir);
  if (pid == 0) {
    std::printf("%s: key %s waits for the next start of the server, which goes over to it\n", next.c_str(),
                key->id_text().c_str());
    return 0;
  }
  if (::kill(pid, SIGHUP) != 0) {
    return complain("the server (pid " + std::to_string(pid) + ") cannot be told: " + std::strerror(errno) +
                    "; send it SIGHUP, it finds the key in " + next);
  }
  if (!wait_until_taken(next, pid)) {
    return complain("the server has not gone over to the key in " + next +
                    "; its log says why. Both keys open secrets, and this command can be repeated");
  }
  std::printf("%s: key %s is in use\n", path->c_str(), key->id_text().c_str());
  return 0;
}

}  // namespace switchyard::server
