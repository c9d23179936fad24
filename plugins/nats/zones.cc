#include "plugins/nats/zones.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <vector>

namespace switchyard::nats {
namespace {

constexpr std::size_t kMaxFileBytes = 256 * 1024, kMaxNameBytes = 64, kHeaderBytes = 44, kTypeBytes = 6;
constexpr std::int64_t kMaxOffset = 26 * 3600;

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name.front() == '/' || name.back() == '/') return false;
  // Without dots no name leaves the folder.
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+' || c == '/';
  });
}

// Big-endian, two's complement.
std::int64_t number_at(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = (static_cast<unsigned char>(bytes[at]) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<std::int64_t>(value);
}

struct Counts {
  std::size_t ut, standard, leaps, times, types, letters;

  std::size_t body(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * kTypeBytes + letters + leaps * (time_bytes + 4) + standard + ut;
  }
};

std::optional<Counts> header(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with("TZif") || bytes[4] < '2') return std::nullopt;
  std::size_t counts[6];
  for (std::size_t i = 0; i < 6; ++i) {
    const auto count = number_at(bytes, 20 + 4 * i, 4);
    if (count < 0 || count > static_cast<std::int64_t>(kMaxFileBytes)) return std::nullopt;
    counts[i] = static_cast<std::size_t>(count);
  }
  return Counts{counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
}

std::optional<std::int32_t> offset_of_type(std::string_view types, std::size_t type) {
  if ((type + 1) * kTypeBytes > types.size()) return std::nullopt;
  const auto offset = number_at(types, type * kTypeBytes, 4);
  if (offset < -kMaxOffset || offset > kMaxOffset) return std::nullopt;
  return static_cast<std::int32_t>(offset);
}

std::optional<std::int32_t> server_offset_s(std::int64_t unix_s) {
  const std::time_t time = unix_s;
  std::tm local{};
  if (localtime_r(&time, &local) == nullptr) return std::nullopt;
  return static_cast<std::int32_t>(local.tm_gmtoff);
}

}  // namespace

std::optional<std::int32_t> tzif_offset_s(std::string_view file, std::int64_t unix_s) {
  // The first part repeats the second with 32-bit times, for old readers.
  const auto old = header(file);
  if (!old || file.size() < kHeaderBytes + old->body(4)) return std::nullopt;
  file.remove_prefix(kHeaderBytes + old->body(4));
  const auto counts = header(file);
  if (!counts || counts->types == 0 || file.size() < kHeaderBytes + counts->body(8)) return std::nullopt;
  file.remove_prefix(kHeaderBytes);

  const auto times = file.substr(0, counts->times * 8);
  const auto type_of_time = file.substr(times.size(), counts->times);
  const auto types = file.substr(times.size() + type_of_time.size(), counts->types * kTypeBytes);
  std::size_t begun = 0, end = counts->times;  // How many changes were not later than the time in question.
  while (begun < end) {
    const auto middle = begun + (end - begun) / 2;
    if (number_at(times, middle * 8, 8) <= unix_s) {
      begun = middle + 1;
    } else {
      end = middle;
    }
  }
  if (begun == counts->times) {
    auto rule = file.substr(counts->body(8));
    if (rule.size() > 2 && rule.front() == '\n' && rule.back() == '\n') {
      return posix_zone_offset_s(rule.substr(1, rule.size() - 2), unix_s);
    }
  }
  // Before the first change it is the first type.
  return offset_of_type(types, begun == 0 ? 0 : static_cast<unsigned char>(type_of_time[begun - 1]));
}

std::optional<std::int32_t> SystemZones::utc_offset_s(std::string_view zone, std::int64_t unix_s) const {
  if (zone.empty() || zone == "Local") return server_offset_s(unix_s);
  if (!is_zone_name(zone)) return std::nullopt;
  std::ifstream file(folder_ + '/' + std::string(zone), std::ios::binary);
  if (!file) return std::nullopt;
  std::string bytes(kMaxFileBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return tzif_offset_s(bytes, unix_s);
}

}  // namespace switchyard::nats
