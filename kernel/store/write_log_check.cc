#include "kernel/store/write_log_check.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/base/bytes.h"
#include "kernel/base/crc32c.h"

namespace switchyard::store {
namespace {

// The log's format, which LevelDB promises not to change: blocks of 32 KiB; in each, fragments of
//   u32 crc32c of type and data, rotated and offset | u16 length | u8 type | data
// A fragment is a whole record, or the first, a middle or the last part of one; fewer than seven bytes
// at the end of a block are zeros.
constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;
enum FragmentType : std::uint8_t { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

std::uint32_t stored_form(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

struct Scan {
  std::optional<std::uint64_t> bad;  // Offset of the first unreadable fragment.
  bool resumed = false;              // A record begins behind it.
  std::uint64_t whole = 0;           // Up to here all is records that can be read.
};

// False when nothing more of this block can be read.
bool scan_fragment(std::string_view& block, std::uint64_t offset, Scan& scan) {
  if (block.size() < kHeaderBytes) return false;
  ByteReader header(block);
  const std::uint32_t crc = header.u32();
  const std::size_t length = header.u16();
  const std::uint8_t type = header.u8();
  const bool good = length <= header.remaining() && type >= kWhole && type <= kLast &&
                    stored_form(crc32c(block.substr(kHeaderBytes - 1, length + 1))) == crc;
  if (!good) {
    if (!scan.bad) scan.bad = offset;
    return false;
  }
  if (scan.bad && (type == kWhole || type == kFirst)) scan.resumed = true;
  block.remove_prefix(kHeaderBytes + length);
  if (!scan.bad && (type == kWhole || type == kLast)) scan.whole = offset + kHeaderBytes + length;
  return true;
}

Result<Scan> scan_log(const journal::File& file) {
  std::string buffer(kBlockBytes, '\0');
  Scan scan;
  for (std::uint64_t start = 0;; start += kBlockBytes) {
    const auto got = file.read(start, buffer);
    if (!got) return got.error();
    std::string_view block(buffer.data(), *got);
    const char* begin = block.data();
    while (scan_fragment(block, start + static_cast<std::uint64_t>(block.data() - begin), scan)) {
    }
    if (*got < kBlockBytes) return scan;
  }
}

Status check_log(journal::FileSystem& files, const std::string& path) {
  const auto file = files.open(path, false);
  if (!file) return file.error();
  const auto scan = scan_log(**file);
  if (!scan) return scan.error();
  if (!scan->resumed) return {};
  return Error{Code::corrupt, "store log " + path + " is damaged at offset " + std::to_string(*scan->bad) +
                                  ": records behind it are intact; restore the data folder from a copy"};
}

}  // namespace

Status check_write_logs(journal::FileSystem& files, const std::string& directory) {
  const auto names = files.list(directory);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (!name.ends_with(".log")) continue;
    if (auto status = check_log(files, directory + "/" + name); !status) return status;
  }
  return {};
}

Result<std::uint64_t> readable_bytes(const journal::File& file) {
  const auto scan = scan_log(file);
  if (!scan) return scan.error();
  if (scan->bad && !scan->resumed) return scan->whole;
  return file.size();
}

}  // namespace switchyard::store
