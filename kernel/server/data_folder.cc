#include "kernel/server/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "kernel/base/ids.h"

namespace switchyard::server {
namespace {

Error io_error(const std::string& what, const std::string& path) {
  return {errno == ENOSPC ? Code::quota : Code::io, what + " '" + path + "': " + std::strerror(errno)};
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Status sync_folder(const std::string& folder) {
  const int dir = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = dir >= 0 && ::fsync(dir) == 0;
  auto error = io_error("cannot sync", folder);
  if (dir >= 0) ::close(dir);
  return synced ? Status() : Status(std::move(error));
}

// With its ancestors; each is in its parent for good before anything is put into it.
Status make_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  if (path.empty() || std::filesystem::is_directory(path, ignored)) return {};
  const auto parent = path.parent_path();
  if (auto status = make_folder(parent); !status) return status;
  if (::mkdir(path.c_str(), 0777) != 0 && (errno != EEXIST || !std::filesystem::is_directory(path, ignored))) {
    return io_error("cannot create data folder", path.string());
  }
  return sync_folder(parent.string());
}

Status check_format(const std::string& path, bool read_only) {
  const auto file = path + "/FORMAT";
  if (!std::filesystem::exists(file)) {
    if (read_only) return {};
    return write_file(file, std::to_string(DataFolder::kFormat) + "\n", 0640);
  }
  const auto text = read_text(file);
  char* end = nullptr;
  const long format = std::strtol(text.c_str(), &end, 10);
  if (end == text.c_str() || format < 1) {
    return Error{Code::corrupt, "'" + file + "' does not hold a format number; restore it from a backup"};
  }
  if (format > DataFolder::kFormat) {
    return Error{Code::unsupported, "data folder '" + path + "' has format " + std::to_string(format) +
                                        ", this version reads up to " + std::to_string(DataFolder::kFormat) +
                                        "; start the newer switchyard that wrote it"};
  }
  return {};
}

// On a read-only disk a lock needs no more than reading; network disks want it open for writing.
int open_lock(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  return fd >= 0 || (errno != EROFS && errno != EACCES) ? fd : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
}

Result<int> lock_folder(const std::string& path, bool read_only) {
  const auto file = path + "/LOCK";
  const int fd = read_only ? open_lock(file) : ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0 && read_only && errno == ENOENT) return -1;
  if (fd < 0) return io_error("cannot open", file);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const bool held = errno == EWOULDBLOCK;
    auto error = io_error("cannot lock", file);
    auto pid = read_text(file);
    pid.erase(pid.find_last_not_of(" \n") + 1);
    ::close(fd);
    if (!held) return error;
    return Error{Code::busy, "data folder '" + path + "' is in use by another switchyard (pid " + pid +
                                 "); stop it or choose another data_dir"};
  }
  if (!read_only) {
    const auto pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
      // The pid is only for a message; the lock holds without it, also on a full disk.
    }
  }
  return fd;
}

}  // namespace

Status write_file(const std::string& path, const std::string& text, unsigned mode) {
  const auto temporary = path + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return io_error("cannot create", temporary);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fchmod(fd, mode) == 0 && ::fsync(fd) == 0;
  if (!written) {
    auto error = io_error("cannot write", temporary);
    ::close(fd);
    ::unlink(temporary.c_str());
    return error;
  }
  ::close(fd);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error("cannot rename to", path);
  return sync_folder(std::filesystem::path(path).parent_path().string());
}

Result<DataFolder> DataFolder::open(const std::string& path, bool read_only) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    if (read_only) return Error{Code::not_found, "there is no data folder '" + path + "'"};
    // Without a slash at the end or dots: each name is then a folder of its own.
    auto clean = std::filesystem::path(path).lexically_normal();
    if (!clean.has_filename()) clean = clean.parent_path();
    if (auto status = make_folder(clean); !status) return Error(status.error());
    if (::chmod(path.c_str(), 0750) != 0) return io_error("cannot set the mode of", path);
  }
  auto lock = lock_folder(path, read_only);
  if (!lock) return Error(lock.error());
  DataFolder folder(path, *lock);
  if (auto status = check_format(path, read_only); !status) return Error(status.error());
  return folder;
}

int DataFolder::holder(const std::string& path) {
  const auto file = path + "/LOCK";
  const int fd = open_lock(file);
  if (fd < 0) return 0;
  const bool free = ::flock(fd, LOCK_SH | LOCK_NB) == 0;
  ::close(fd);
  return free ? 0 : static_cast<int>(std::strtol(read_text(file).c_str(), nullptr, 10));
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

bool DataFolder::has_data() const {
  for (const auto& folder : {journal(), store()}) {
    std::error_code error;
    // An operator may have made them, or mounted disks there.
    std::filesystem::directory_iterator entries(folder, error);
    if (error) {
      if (error != std::errc::no_such_file_or_directory) return true;
      continue;
    }
    for (const auto& entry : entries) {
      if (!entry.is_directory(error)) return true;
    }
  }
  return false;
}

Result<SipKey> DataFolder::secret() const {
  const auto file = path_ + "/secret";
  SipKey key{};
  if (!std::filesystem::exists(file)) {
    if (has_data()) {
      return Error{Code::not_found, "'" + file +
                                        "' is missing although the data folder holds data; restore it from a " +
                                        "backup, because a new one would make receipt handles, message ids and " +
                                        "deduplication of what is stored invalid"};
    }
    std::string bytes(sizeof key, '\0');
    random_bytes(bytes.data(), bytes.size());
    if (auto status = write_file(file, bytes, 0600); !status) return Error(status.error());
  }
  const auto bytes = read_text(file);
  if (bytes.size() != sizeof key) {
    return Error{Code::corrupt, "'" + file + "' does not hold " + std::to_string(sizeof key) +
                                    " bytes; restore it from a backup, or receipt handles become invalid"};
  }
  std::memcpy(key.data(), bytes.data(), sizeof key);
  return key;
}

}  // namespace switchyard::server
