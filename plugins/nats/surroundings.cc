#include "plugins/nats/surroundings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace switchyard::nats {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool fail(const std::string& path, int code, std::string& error) {
  error = "open " + path + ": " + std::generic_category().message(code);
  return false;
}

}  // namespace

bool ProcessSurroundings::read_file(const std::string& path, std::size_t max_bytes, std::string& out,
                                    std::string& error) {
  const Descriptor file(path);
  if (file.get() < 0) return fail(path, errno, error);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail(path, errno, error);
  if (S_ISDIR(info.st_mode)) return fail(path, EISDIR, error);
  // Pipes are files here, too: a shell's <(...) is a usual way to hand over a configuration.
  out.clear();
  char chunk[16384];
  for (;;) {
    const ssize_t n = ::read(file.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(path, errno, error);
    if (n == 0) return true;
    if (out.size() + static_cast<std::size_t>(n) > max_bytes) return fail(path, EFBIG, error);
    out.append(chunk, static_cast<std::size_t>(n));
  }
}

std::optional<std::string> ProcessSurroundings::environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace switchyard::nats
