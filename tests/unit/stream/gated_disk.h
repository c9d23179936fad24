// GatedDisk is a simulated disk whose syncs and slow reads a test can hold back.
//
// Thread: as its FileSystem; the gates from the test's thread.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernel/journal/format.h"
#include "tests/support/simulated_disk.h"
#include "tests/unit/stream/faulty_store.h"

namespace switchyard::stream {

class GatedDisk final : public journal::FileSystem {
 public:
  GatedDisk() {
    // What a test holds back are the syncs of groups; a segment that is made ready for later is nobody's answer.
    disk.set_before_sync([this](const std::string& path) {
      if (!path.ends_with(journal::kFreshName)) syncs.pass();
    });
  }
  test::SimulatedDisk disk;
  Gate syncs, reads;

  void open_gates() {
    syncs.open();
    reads.open();
  }

  Status make_directory(const std::string& path) override { return disk.make_directory(path); }
  Result<std::vector<std::string>> list(const std::string& directory) override { return disk.list(directory); }
  Status rename(const std::string& from, const std::string& to) override { return disk.rename(from, to); }
  Status remove(const std::string& path) override { return disk.remove(path); }
  Status sync_directory(const std::string& directory) override { return disk.sync_directory(directory); }
  Result<std::unique_ptr<journal::File>> open(const std::string& path, bool create) override {
    auto file = disk.open(path, create);
    if (!file) return std::move(file).error();
    return std::unique_ptr<journal::File>(std::make_unique<GatedFile>(*this, std::move(*file)));
  }

 private:
  class GatedFile final : public journal::File {
   public:
    GatedFile(GatedDisk& disk, std::unique_ptr<journal::File> file) : disk_(disk), file_(std::move(file)) {}
    Status write(std::uint64_t offset, std::span<const iovec> parts) override { return file_->write(offset, parts); }
    Status sync() override { return file_->sync(); }
    Result<std::size_t> read(std::uint64_t offset, std::span<char> out) const override {
      disk_.reads.pass();
      return file_->read(offset, out);
    }
    // Never waits: a lane must not.
    Result<std::size_t> read_nowait(std::uint64_t offset, std::span<char> out) const override {
      return file_->read_nowait(offset, out);
    }
    Result<std::uint64_t> size() const override { return file_->size(); }

   private:
    GatedDisk& disk_;
    const std::unique_ptr<journal::File> file_;
  };
};

}  // namespace switchyard::stream
