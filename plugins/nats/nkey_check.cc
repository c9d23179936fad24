#include "plugins/nats/nkey_check.h"

#include <cstddef>
#include <cstdint>

namespace switchyard::nats {
namespace {

constexpr std::size_t kTextSize = 56;
constexpr std::size_t kBytes = 35;  // Kind, 32 bytes of key, CRC-16.

int base32_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

std::uint16_t crc16(const std::uint8_t* data, std::size_t size) {
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i < size; ++i) {
    crc ^= static_cast<std::uint32_t>(data[i]) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021u : 0u);
    crc &= 0xffff;
  }
  return static_cast<std::uint16_t>(crc);
}

}  // namespace

bool is_public_nkey(std::string_view text, char letter) {
  // The first five bits are the first letter, and three zero bits follow: 'U' is 20 << 3.
  if (text.size() != kTextSize || text.front() != letter) return false;
  std::uint8_t bytes[kBytes];
  std::size_t used = 0;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = base32_digit(c);
    if (digit < 0) return false;
    bits = (bits << 5) | static_cast<std::uint32_t>(digit);
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes[used++] = static_cast<std::uint8_t>(bits >> held);
    bits &= (1u << held) - 1;
  }
  const auto written = static_cast<std::uint16_t>(bytes[kBytes - 2] | bytes[kBytes - 1] << 8);
  return (bytes[0] & 7) == 0 && crc16(bytes, kBytes - 2) == written;
}

}  // namespace switchyard::nats
