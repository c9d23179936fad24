#include "plugins/nats/base32.h"

#include <cstdint>

namespace switchyard::nats {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= '2' && c <= '7') return c - '2' + 26;
  return -1;
}

}  // namespace

std::string encode_base32(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 8 + 4) / 5);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out += kAlphabet[held >> (bits - 5) & 31];
    held &= (1u << bits) - 1;
  }
  if (bits > 0) out += kAlphabet[held << (5 - bits) & 31];
  return out;
}

std::optional<std::string> decode_base32(std::string_view text) {
  std::string out;
  out.reserve(text.size() * 5 / 8);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) return std::nullopt;
    held = held << 5 | static_cast<std::uint32_t>(value);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits);
    held &= (1u << bits) - 1;
  }
  // Five bits or more that fill no byte are a character too many.
  if (bits >= 5 || held != 0) return std::nullopt;
  return out;
}

}  // namespace switchyard::nats
