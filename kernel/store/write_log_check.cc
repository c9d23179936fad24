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

struct Fragment {
  std::uint32_t crc = 0;
  std::size_t length = 0;
  std::uint8_t type = 0;
  bool fits = false;  // Its length does not leave the block.
};

// REQUIRES: `bytes` holds a header.
Fragment fragment_at(std::string_view bytes) {
  ByteReader header(bytes);
  Fragment fragment;
  fragment.crc = header.u32();
  fragment.length = header.u16();
  fragment.type = header.u8();
  fragment.fits = fragment.length <= header.remaining();
  return fragment;
}

bool is_good(std::string_view bytes, const Fragment& fragment) {
  return fragment.fits && fragment.type >= kWhole && fragment.type <= kLast &&
         stored_form(crc32c(bytes.substr(kHeaderBytes - 1, fragment.length + 1))) == fragment.crc;
}

// Where the next good fragment starts behind the bad one with which `block` begins; npos = nowhere in
// this block.  The length of the bad one is tried first.  When that reaches the end of what was written,
// the fragment is as a torn write leaves it, and what looks like a fragment inside it is its data.
std::size_t next_good(std::string_view block, const Fragment& bad) {
  const std::size_t claimed = kHeaderBytes + bad.length;
  if (bad.fits && bad.type >= kWhole && bad.type <= kLast) {
    if (block.size() - claimed < kHeaderBytes) return std::string_view::npos;
    const auto rest = block.substr(claimed);
    if (is_good(rest, fragment_at(rest))) return claimed;
  }
  for (std::size_t at = 1; at + kHeaderBytes <= block.size(); ++at) {
    const auto rest = block.substr(at);
    if (is_good(rest, fragment_at(rest))) return at;
  }
  return std::string_view::npos;
}

// False when nothing more of this block can be read.
bool scan_fragment(std::string_view& block, std::uint64_t offset, Scan& scan) {
  if (block.size() < kHeaderBytes) return false;
  const Fragment fragment = fragment_at(block);
  if (!is_good(block, fragment)) {
    if (!scan.bad) scan.bad = offset;
    const std::size_t next = next_good(block, fragment);
    if (next == std::string_view::npos) return false;
    block.remove_prefix(next);
    return true;
  }
  const std::size_t bytes = kHeaderBytes + fragment.length;
  if (scan.bad && (fragment.type == kWhole || fragment.type == kFirst)) scan.resumed = true;
  block.remove_prefix(bytes);
  if (!scan.bad && (fragment.type == kWhole || fragment.type == kLast)) scan.whole = offset + bytes;
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
