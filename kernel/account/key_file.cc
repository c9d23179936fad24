#include "kernel/account/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "kernel/base/ids.h"
#include "kernel/base/log.h"

namespace switchyard::account {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// `like`, when it is there, gives the owner: who rotates is often root and who reads is not.
Status write_synced(const std::string& path, std::string_view text, const std::string& like) {
  ::unlink(path.c_str());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Error{Code::io, path + " cannot be made: " + std::strerror(errno)};
  struct stat owner {};
  const bool given =
      ::stat(like.c_str(), &owner) != 0 || owner.st_uid == ::geteuid() || ::fchown(fd, owner.st_uid, owner.st_gid) == 0;
  const bool ok = given && ::fchmod(fd, 0600) == 0 &&
                  ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!ok) return Error{Code::io, path + " cannot be written: " + std::strerror(error)};
  return {};
}

Status rename_synced(const std::string& from, const std::string& to) {
  const int dir = ::open(folder_of(to).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool named = dir >= 0 && ::rename(from.c_str(), to.c_str()) == 0 && ::fsync(dir) == 0;
  const int error = errno;
  if (dir >= 0) ::close(dir);
  if (!named) return Error{Code::io, from + " cannot be renamed to " + to + ": " + std::strerror(error)};
  return {};
}

// Under a temporary name first: a crash must not leave half a key behind the final one.
Result<SealingKey> make_key_file(const std::string& path, const std::string& like) {
  auto key = SealingKey::random();
  const std::string temporary = path + ".new";
  const Secret line(hex_encode(key.bytes()) + "\n");
  auto status = write_synced(temporary, line.view(), like);
  if (status) status = rename_synced(temporary, path);
  if (!status) return Error{Code::io, "the sealing key file " + status.error().message};
  return key;
}

void warn_when_readable_by_others(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077) == 0) return;
  log::warn("sealing_key.readable_by_others", {{"file", path}, {"do", "chmod 600 " + path}});
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0 || errno != ENOENT; }

Result<SealingKey> read_key(std::string_view source, const std::string& path) {
  auto text = read_secret_file("sealing_key", path);
  if (!text) return Error(text.error());
  return SealingKey::parse(source, text->view());
}

}  // namespace

Result<std::string> sealing_key_path(std::string_view reference, const std::string& data_dir) {
  if (reference.empty()) return data_dir + "/sealing.key";
  if (is_secret_reference(reference)) return secret_path("sealing_key", reference);
  return Error{Code::invalid,
               "sealing_key: the key itself does not belong into a configuration file; use "
               "file:/path or credential:NAME"};
}

Result<SealingKey> load_sealing_key(std::string_view reference, const std::string& data_dir, bool may_make) {
  const auto path = sealing_key_path(reference, data_dir);
  if (!path) return Error(path.error());
  if (!reference.empty()) return read_key("sealing_key", *path);
  if (is_there(*path)) {
    warn_when_readable_by_others(*path);
    return read_key(*path, *path);
  }
  if (!may_make) {
    return Error{Code::not_found, "the sealing key file " + *path +
                                      " is missing although the data folder holds data; restore it from a backup, or " +
                                      "set sealing_key to where the key is, because a new one opens no stored secret"};
  }
  auto key = make_key_file(*path, data_dir);
  if (key) log::info("sealing_key.created", {{"file", *path}, {"key_id", key->id_text()}});
  return key;
}

std::string next_key_path(const std::string& path) { return path + ".next"; }

Result<std::optional<SealingKey>> load_next_key(const std::string& path) {
  const auto next = next_key_path(path);
  if (!is_there(next)) return std::optional<SealingKey>();
  auto key = read_key(next, next);
  if (!key) return Error(key.error());
  return std::optional<SealingKey>(std::move(*key));
}

Result<SealingKey> make_next_key(const std::string& path) {
  if (!is_there(path)) return Error{Code::not_found, "there is no sealing key in " + path + "; start the server first"};
  const auto next = next_key_path(path);
  return is_there(next) ? read_key(next, next) : make_key_file(next, path);
}

Status adopt_next_key(const std::string& path) { return rename_synced(next_key_path(path), path); }

}  // namespace switchyard::account
