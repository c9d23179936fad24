// FileSystem is the seam between the journal and the disk.
//
// PosixFileSystem is the real one.  The power-loss tests put a simulated disk behind the same calls
// that forgets, tears and reorders what was not synced; the disk-full and failing-sync tests
// inject errors here.  Nothing else in the journal knows how bytes reach a disk.
//
// Failure: every call returns the error with the path in its text; out of space is Code::quota, any
// other error is Code::io.
//
// Thread: a File may be read from any thread; writes and sync come from one thread at a time.
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"

namespace switchyard::journal {

class File {
 public:
  virtual ~File() = default;
  // Writes all of `parts` at `offset`.
  virtual Status write(std::uint64_t offset, std::span<const iovec> parts) = 0;
  // Writes `bytes` zeros at `offset`; both are multiples of 4096.  For files that are being laid out: unlike write()
  // it may pass by the page cache.
  virtual Status write_zeros(std::uint64_t offset, std::uint32_t bytes);
  // fdatasync.  After a failure the file's unsynced content is unknown (design rule 10).
  virtual Status sync() = 0;
  // Reads up to out.size() bytes; returns how many there were before the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> out) const = 0;
  // As read(), but returns Code::busy instead of waiting for the disk.
  virtual Result<std::size_t> read_nowait(std::uint64_t offset, std::span<char> out) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Status make_directory(const std::string& path) = 0;                       // Existing is fine.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;  // Names, sorted.
  // Creates or opens for reading and writing.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, bool create) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // Makes creations, renames and removals in `directory` durable.
  virtual Status sync_directory(const std::string& directory) = 0;
};

std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace switchyard::journal
