// Recovery and fsck over damaged folders.
//
// The first byte of the input chooses:
//   0  the rest is a segment file as it stands
//   1  the rest is a segment file whose checksums are made right first, so that lengths, counts and
//      offsets that no writer would write reach the code behind the checksums
//   2  the rest is a list of edits (5 bytes each) to a sound folder of three segments; then whatever is
//      replayed must be what was written
//
// In all cases opening twice must show the same batches, and nothing may crash or hang.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/crc32c.h"
#include "kernel/base/log.h"
#include "kernel/journal/format.h"
#include "kernel/journal/group_writer.h"
#include "kernel/journal/journal.h"
#include "tests/support/simulated_disk.h"

using namespace switchyard;
using namespace switchyard::journal;

namespace {

constexpr std::uint64_t kSalt = 0x1234567800000001;
constexpr std::uint32_t kFileBytes = 32u << 10;

using Batches = std::map<BatchSeq, std::string>;

Options options() {
  Options o;
  o.directory = "/j";
  o.first_segment_bytes = 16u << 10;
  o.max_segment_bytes = 64u << 10;
  o.on_damage = OnDamage::quarantine;
  return o;
}

// Batch contents of the sound folder.
const Batches& written() {
  static const Batches all = [] {
    Batches batches;
    for (BatchSeq i = 1; i <= 24; ++i) {
      BatchBuilder builder;
      for (BatchSeq r = 0; r <= i % 3; ++r) {
        builder.begin();
        builder.writer().bytes(std::string(i * 97 % 900, static_cast<char>('a' + i % 26)));
        builder.end();
      }
      batches[i] = *builder.take();
    }
    return batches;
  }();
  return all;
}

const test::SimulatedDisk::Image& sound_folder() {
  static const test::SimulatedDisk::Image image = [] {
    test::SimulatedDisk::Image files;
    auto next = written().begin();
    for (std::uint32_t number = 1; number <= 3; ++number) {
      std::string file = encode_segment_header({number, kSalt * number, kFileBytes, SegmentKind::hot});
      for (int g = 0; g < 4; ++g) {
        GroupWriter group;
        group.begin(kSalt * number, static_cast<std::uint32_t>(file.size()), next->first);
        for (int b = 0; b < 2; ++b, ++next) (void)group.add(next->second, 1, 0);
        for (const iovec& part : group.finish(0)) file.append(static_cast<const char*>(part.iov_base), part.iov_len);
      }
      if (file.size() > kFileBytes) std::abort();
      file.resize(kFileBytes, '\0');
      files["/j/" + segment_name(number)] = std::move(file);
    }
    return files;
  }();
  return image;
}

void edit(test::SimulatedDisk::Image& files, std::string_view edits) {
  for (; edits.size() >= 5; edits.remove_prefix(5)) {
    std::uint32_t where = 0;
    std::memcpy(&where, edits.data() + 1, 4);
    const auto what = static_cast<std::uint8_t>(edits[0]);
    const std::string name = "/j/" + segment_name(1 + where % 3);
    const auto at = files.find(name);
    if (at == files.end()) continue;
    std::string& file = at->second;
    if (file.empty()) continue;
    const std::size_t offset = where / 3 % file.size();
    switch (what % 8) {
      case 0:
        file[offset] = static_cast<char>(file[offset] ^ (1 << what / 8 % 8));
        break;
      case 1:
        file[offset] = static_cast<char>(what / 8);
        break;
      case 2:
        file.replace(offset, std::min<std::size_t>(512, file.size() - offset),
                     std::min<std::size_t>(512, file.size() - offset), '\0');
        break;
      case 3:
        file.resize(offset);
        break;
      case 4:
        files.erase(at);
        break;
      case 5: {  // One page onto another.
        const std::size_t from = offset / kPageBytes * kPageBytes;
        const std::size_t to = where / 97 % file.size() / kPageBytes * kPageBytes;
        const std::string page = file.substr(from, kPageBytes);
        file.replace(to, std::min(page.size(), file.size() - to), page.substr(0, file.size() - to));
        break;
      }
      case 6: {  // A page of another file.
        const std::string& other = files.begin()->second;
        const std::size_t page = offset / kPageBytes * kPageBytes;
        if (other.size() >= page + kPageBytes && file.size() >= page + kPageBytes) {
          file.replace(page, kPageBytes, other.substr(page, kPageBytes));
        }
        break;
      }
      default:
        files["/j/" + segment_name(4)] = file;
        break;
    }
  }
}

void put32(std::string& file, std::size_t at, std::uint32_t value) { std::memcpy(file.data() + at, &value, 4); }
std::uint32_t get32(const std::string& file, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, file.data() + at, 4);
  return value;
}

// Makes every checksum of a segment right, whatever the fields say.
std::string repaired(std::string_view bytes) {
  std::string file(bytes);
  file.resize(round_up(std::max<std::size_t>(file.size(), 2 * kPageBytes), kPageBytes), '\0');
  const std::string header =
      encode_segment_header({1, kSalt, static_cast<std::uint32_t>(file.size()), SegmentKind::hot});
  file.replace(0, header.size(), header);
  const std::uint32_t seed = checksum_seed(kSalt);
  for (std::size_t at = kPageBytes; at + kBatchHeaderBytes <= file.size(); at += kBatchAlignment) {
    if (at % kPageBytes == 0) {
      GroupHeader probe;
      char magic[kGroupHeaderBytes];
      encode_group_header(probe, kSalt, 0, magic);
      if (std::memcmp(file.data() + at, magic, 4) != 0) continue;
      std::memcpy(file.data() + at + 8, &kSalt, 8);
      put32(file, at + 36, static_cast<std::uint32_t>(at));
      put32(file, at + 4, crc32c({file.data() + at + 8, kGroupHeaderBytes - 8}, seed));
      at += kGroupHeaderBytes - kBatchAlignment;
    } else if (may_be_batch_header(file.data() + at, kSalt)) {
      const std::size_t room = file.size() - at - kBatchHeaderBytes;
      const std::size_t length = std::min<std::size_t>(get32(file, at + 8), room);
      put32(file, at + 4, crc32c({file.data() + at + kBatchHeaderBytes, length}, seed));
      put32(file, at, crc32c({file.data() + at + 4, kBatchHeaderBytes - 4}, seed));
    }
  }
  return file;
}

// Empty optional-like flag: false when opening was refused.
bool replay(test::SimulatedDisk& disk, Batches& out) {
  ManualClock clock;
  RecoveryReport report;
  BatchSeq last = 0;
  auto journal = Journal::open(
      disk, options(), clock, {},
      [&](const Replayed& r) {
        if (r.batch <= last) std::abort();  // Order.
        last = r.batch;
        out[r.batch] = std::string(r.payload);
        return Status();
      },
      report);
  return journal.ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > (256u << 10)) return 0;
  log::set_level(log::Level::off);
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  test::SimulatedDisk::Image files;
  const int mode = data[0] % 3;
  if (mode == 0) files["/j/" + segment_name(1)] = std::string(rest);
  if (mode == 1) files["/j/" + segment_name(1)] = repaired(rest);
  if (mode == 2) {
    files = sound_folder();
    edit(files, rest);
  }
  test::SimulatedDisk disk;
  disk.load(files);
  (void)fsck(disk, "/j", {});
  Batches first, second;
  if (!replay(disk, first)) return 0;
  if (mode == 2) {
    for (const auto& [batch, payload] : first) {
      const auto original = written().find(batch);
      if (original == written().end() || original->second != payload) std::abort();
    }
  }
  if (!replay(disk, second) || first != second) std::abort();
  (void)fsck(disk, "/j", {});
  return 0;
}
