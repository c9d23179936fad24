#include "plugins/nats/base64.h"

#include <cstdint>

namespace switchyard::nats {
namespace {

constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct LastTwo {
  char of_62, of_63;
};
constexpr LastTwo kUrl{'-', '_'}, kStandard{'+', '/'};

int value_of(char c, LastTwo last) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == last.of_62) return 62;
  if (c == last.of_63) return 63;
  return -1;
}

std::optional<std::string> decode(std::string_view text, LastTwo last) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = value_of(c, last);
    if (value < 0) return std::nullopt;
    held = held << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(held >> bits);
    held &= (1u << bits) - 1;
  }
  if (bits >= 6 || held != 0) return std::nullopt;
  return out;
}

}  // namespace

std::string encode_base64url(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) out += kUrlAlphabet[held >> (bits - 6) & 63];
    held &= (1u << bits) - 1;
  }
  if (bits > 0) out += kUrlAlphabet[held << (6 - bits) & 63];
  return out;
}

std::optional<std::string> decode_base64url(std::string_view text) { return decode(text, kUrl); }

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode(text, kStandard);
}

}  // namespace switchyard::nats
