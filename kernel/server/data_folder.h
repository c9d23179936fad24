// DataFolder is the right to use a data folder: made, locked and of a format this version knows.
//
// LOCK is held with flock for the life of the process, so it frees itself when the process dies; it
// carries the pid for the message that a second server prints.  FORMAT says which layout the folder
// has; a newer one is refused before anything is read.
//
// Failure: one sentence with the folder and what to do.
//
// Thread: [control].
#pragma once
#include <string>

#include "kernel/base/result.h"
#include "kernel/base/siphash.h"

namespace switchyard::server {

class DataFolder {
 public:
  static constexpr int kFormat = 1;

  // Makes the folder (0750) when it is not there.  `read_only`: for fsck; nothing is made or locked
  // for writing, but a running server is still refused.
  static Result<DataFolder> open(const std::string& path, bool read_only = false);
  // The process that holds the folder now; 0 = nobody.
  static int holder(const std::string& path);
  ~DataFolder();
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;

  const std::string& path() const { return path_; }
  std::string journal() const { return path_ + "/journal"; }
  std::string store() const { return path_ + "/store"; }
  // Journal or store have files: a first start got so far that its keys were made.
  bool has_data() const;
  // 16 random bytes made with the folder (file `secret`, 0600): receipt handles, message ids and
  // dedup hashes depend on them.  Refused when it is missing and there is data already.
  Result<SipKey> secret() const;

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

// Replaces a file as a whole: written beside it, synced, renamed.  `mode` as for open(2).
Status write_file(const std::string& path, const std::string& text, unsigned mode);

}  // namespace switchyard::server
