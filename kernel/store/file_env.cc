#include "kernel/store/file_env.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/store/write_log_check.h"

namespace switchyard::store {
namespace {

leveldb::Status failed(const Error& error) {
  return error.code == Code::not_found ? leveldb::Status::NotFound(error.message)
                                       : leveldb::Status::IOError(error.message);
}
leveldb::Status answer(const Status& status) { return status ? leveldb::Status::OK() : failed(status.error()); }

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
bool is_manifest(const std::string& path) { return path.find("/MANIFEST-") != std::string::npos; }

class ReadFile final : public leveldb::RandomAccessFile {
 public:
  explicit ReadFile(std::unique_ptr<journal::File> file) : file_(std::move(file)) {}

  leveldb::Status Read(std::uint64_t offset, std::size_t n, leveldb::Slice* result, char* scratch) const override {
    const auto got = file_->read(offset, {scratch, n});
    *result = {scratch, got ? *got : 0};
    return got ? leveldb::Status::OK() : failed(got.error());
  }

 private:
  const std::unique_ptr<journal::File> file_;
};

class StreamedFile final : public leveldb::SequentialFile {
 public:
  StreamedFile(std::unique_ptr<journal::File> file, std::uint64_t end) : file_(std::move(file)), end_(end) {}

  leveldb::Status Read(std::size_t n, leveldb::Slice* result, char* scratch) override {
    n = static_cast<std::size_t>(std::min<std::uint64_t>(n, end_ - at_));
    const auto got = file_->read(at_, {scratch, n});
    *result = {scratch, got ? *got : 0};
    if (!got) return failed(got.error());
    at_ += *got;
    return leveldb::Status::OK();
  }
  leveldb::Status Skip(std::uint64_t n) override {
    at_ = std::min(end_, at_ + n);
    return leveldb::Status::OK();
  }

 private:
  const std::unique_ptr<journal::File> file_;
  const std::uint64_t end_;
  std::uint64_t at_ = 0;
};

class WrittenFile final : public leveldb::WritableFile {
 public:
  WrittenFile(journal::FileSystem& files, std::unique_ptr<journal::File> file, std::string folder, std::uint64_t end)
      : files_(files), file_(std::move(file)), folder_(std::move(folder)), end_(end) {}
  ~WrittenFile() override { (void)flush(); }

  leveldb::Status Append(const leveldb::Slice& data) override {
    if (buffer_.size() + data.size() > kBufferBytes) {
      if (auto status = flush(); !status) return answer(status);
    }
    if (data.size() < kBufferBytes) {
      buffer_.append(data.data(), data.size());
      return leveldb::Status::OK();
    }
    return answer(write({data.data(), data.size()}));
  }
  leveldb::Status Close() override { return answer(flush()); }
  leveldb::Status Flush() override { return answer(flush()); }
  leveldb::Status Sync() override {
    auto status = flush();
    if (status) status = file_->sync();
    if (status && std::exchange(nameless_, false)) status = files_.sync_directory(folder_);
    return answer(status);
  }

 private:
  static constexpr std::size_t kBufferBytes = 64u << 10;

  Status flush() {
    auto status = write(buffer_);
    if (status) buffer_.clear();
    return status;
  }
  Status write(std::string_view bytes) {
    if (bytes.empty()) return {};
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    auto status = file_->write(end_, {&part, 1});
    if (status) end_ += bytes.size();
    return status;
  }

  journal::FileSystem& files_;
  const std::unique_ptr<journal::File> file_;
  const std::string folder_;
  std::string buffer_;
  std::uint64_t end_;
  bool nameless_ = true;  // The folder may not know the file yet after a power loss.
};

class NoLock final : public leveldb::FileLock {};

class FileEnv final : public leveldb::EnvWrapper {
 public:
  FileEnv(journal::FileSystem& files, bool real) : EnvWrapper(leveldb::Env::Default()), files_(files), real_(real) {}

  leveldb::Status NewSequentialFile(const std::string& path, leveldb::SequentialFile** result) override {
    auto file = files_.open(path, false);
    if (!file) return failed(file.error());
    const auto size = (*file)->size();
    if (!size) return failed(size.error());
    std::uint64_t end = *size;
    if (is_manifest(path)) {
      const auto readable = readable_bytes(**file);
      if (!readable) return failed(readable.error());
      end = *readable;
    }
    *result = new StreamedFile(std::move(*file), end);
    return leveldb::Status::OK();
  }
  leveldb::Status NewRandomAccessFile(const std::string& path, leveldb::RandomAccessFile** result) override {
    auto file = files_.open(path, false);
    if (!file) return failed(file.error());
    *result = new ReadFile(std::move(*file));
    return leveldb::Status::OK();
  }
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** result) override {
    if (auto gone = files_.remove(path); !gone && gone.code() != Code::not_found) return failed(gone.error());
    return NewAppendableFile(path, result);
  }
  leveldb::Status NewAppendableFile(const std::string& path, leveldb::WritableFile** result) override {
    auto file = files_.open(path, true);
    if (!file) return failed(file.error());
    const auto size = (*file)->size();
    if (!size) return failed(size.error());
    *result = new WrittenFile(files_, std::move(*file), folder_of(path), *size);
    return leveldb::Status::OK();
  }
  bool FileExists(const std::string& path) override { return files_.open(path, false).ok(); }
  leveldb::Status GetChildren(const std::string& folder, std::vector<std::string>* result) override {
    auto names = files_.list(folder);
    if (!names) return failed(names.error());
    *result = std::move(*names);
    return leveldb::Status::OK();
  }
  leveldb::Status RemoveFile(const std::string& path) override { return answer(files_.remove(path)); }
  leveldb::Status CreateDir(const std::string& path) override { return answer(files_.make_directory(path)); }
  leveldb::Status RemoveDir(const std::string& path) override {
    return leveldb::Status::NotSupported("folders stay", path);
  }
  leveldb::Status GetFileSize(const std::string& path, std::uint64_t* bytes) override {
    const auto file = files_.open(path, false);
    if (!file) return failed(file.error());
    const auto size = (*file)->size();
    if (!size) return failed(size.error());
    *bytes = *size;
    return leveldb::Status::OK();
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    auto status = files_.rename(from, to);
    return answer(status ? files_.sync_directory(folder_of(to)) : status);
  }
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override {
    if (real_) return EnvWrapper::LockFile(path, lock);
    *lock = new NoLock;
    return leveldb::Status::OK();
  }
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override {
    if (real_) return EnvWrapper::UnlockFile(lock);
    delete lock;
    return leveldb::Status::OK();
  }

 private:
  journal::FileSystem& files_;
  const bool real_;
};

}  // namespace

std::unique_ptr<leveldb::Env> make_file_env(journal::FileSystem& files, bool real) {
  return std::make_unique<FileEnv>(files, real);
}

}  // namespace switchyard::store
