// The real disk.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <system_error>
#include <utility>

#include "kernel/journal/file.h"

namespace switchyard::journal {
namespace {

Error failed(const char* what, const std::string& path, int error) {
  const Code code = error == ENOSPC || error == EDQUOT ? Code::quota : error == ENOENT ? Code::not_found : Code::io;
  return {code, std::string("cannot ") + what + " " + path + ": " + std::generic_category().message(error)};
}

// Not const: never touched, so it costs no memory and no file size.
alignas(4096) char zeros[1u << 20];

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override {
    ::close(fd_);
    if (direct_fd_ >= 0) ::close(direct_fd_);
  }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Status write(std::uint64_t offset, std::span<const iovec> parts) override {
    std::vector<iovec> left;  // Only after a short write.
    while (!parts.empty()) {
      const int count = static_cast<int>(std::min<std::size_t>(parts.size(), IOV_MAX));
      const ssize_t n = ::pwritev(fd_, parts.data(), count, static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed("write", path_, errno);
      offset += static_cast<std::uint64_t>(n);
      advance(parts, left, static_cast<std::size_t>(n));
    }
    return {};
  }

  // Through the page cache, zeros cost a copy, a dirty page and its writing back for each 4096 bytes.  A file system
  // without direct writes says EINVAL, at open() or at the first write; it gets them the long way.
  Status write_zeros(std::uint64_t offset, std::uint32_t bytes) override {
    if (direct_fd_ == kNotTried) direct_fd_ = ::open(path_.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
    while (bytes > 0 && direct_fd_ >= 0) {
      const std::size_t part = std::min<std::size_t>(sizeof zeros, bytes);
      const ssize_t n = ::pwrite(direct_fd_, zeros, part, static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EINVAL) return failed("write", path_, errno);
      // A short write may leave an offset that direct writes do not take.
      if (n < static_cast<ssize_t>(part)) break;
      offset += static_cast<std::uint64_t>(n);
      bytes -= static_cast<std::uint32_t>(n);
    }
    return bytes == 0 ? Status() : File::write_zeros(offset, bytes);
  }

  Status sync() override {
    // Not repeated on EINTR or anything else: the kernel may report a lost page only once.
    if (::fdatasync(fd_) != 0) return failed("sync", path_, errno);
    return {};
  }

  Result<std::size_t> read(std::uint64_t offset, std::span<char> out) const override {
    return read_all(offset, out, 0);
  }

  Result<std::size_t> read_nowait(std::uint64_t offset, std::span<char> out) const override {
    return read_all(offset, out, RWF_NOWAIT);
  }

  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return failed("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  // Drops the first `done` bytes of `parts`, which then lie in `left`.
  static void advance(std::span<const iovec>& parts, std::vector<iovec>& left, std::size_t done) {
    while (!parts.empty() && done >= parts.front().iov_len) {
      done -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (done == 0) return;
    left = std::vector<iovec>(parts.begin(), parts.end());
    left.front().iov_base = static_cast<char*>(left.front().iov_base) + done;
    left.front().iov_len -= done;
    parts = left;
  }

  Result<std::size_t> read_all(std::uint64_t offset, std::span<char> out, int flags) const {
    std::size_t done = 0;
    while (done < out.size()) {
      const iovec part{out.data() + done, out.size() - done};
      const ssize_t n = ::preadv2(fd_, &part, 1, static_cast<off_t>(offset + done), flags);
      if (n > 0) {
        done += static_cast<std::size_t>(n);
        continue;
      }
      if (n == 0) break;
      if (errno == EINTR) continue;
      // A file system without RWF_NOWAIT says EOPNOTSUPP: then every read may have to wait.
      if (flags != 0 && (errno == EAGAIN || errno == EOPNOTSUPP)) return Error{Code::busy, "not in memory: " + path_};
      return failed("read", path_, errno);
    }
    return done;
  }

  static constexpr int kNotTried = -2;
  const int fd_;
  int direct_fd_ = kNotTried;
  const std::string path_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Status make_directory(const std::string& path) override {
    const auto slash = path.find_last_of('/', path.find_last_not_of('/'));
    const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(parent);
    if (errno != EEXIST) return failed("create directory", path, errno);
    // A start that was killed may have left it unsynced.  Where the parent is not ours, it was made by others.
    (void)sync_directory(parent);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    DIR* dir = ::opendir(directory.c_str());
    if (dir == nullptr) return failed("list", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(dir)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    ::closedir(dir);
    if (error != 0) return failed("list", directory, error);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::unique_ptr<File>> open(const std::string& path, bool create) override {
    int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    // A check of a read-only disk must still be able to read.
    if (fd < 0 && !create && (errno == EROFS || errno == EACCES)) fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failed("open", path, errno);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, path));
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return failed("rename", from + " to " + to, errno);
  }

  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) == 0) return {};
    return failed("remove", path, errno);
  }

  Status sync_directory(const std::string& directory) override {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failed("open", directory, errno);
    const int result = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    // Some network file systems have no fsync of directories and are durable without it.
    if (result != 0 && error != EINVAL) return failed("sync", directory, error);
    return {};
  }
};

}  // namespace

Status File::write_zeros(std::uint64_t offset, std::uint32_t bytes) {
  while (bytes > 0) {
    const std::uint32_t part = std::min<std::uint32_t>(sizeof zeros, bytes);
    const iovec some{zeros, part};
    if (Status s = write(offset, {&some, 1}); !s.ok()) return s;
    offset += part;
    bytes -= part;
  }
  return {};
}

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace switchyard::journal
