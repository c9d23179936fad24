#include "plugins/aws/encoding.h"

#include <array>
#include <cstring>

#include "plugins/aws/text.h"

namespace switchyard::aws {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kHex[] = "0123456789abcdef";
constexpr std::array<std::array<char, 2>, 256> make_hex_pairs() {
  std::array<std::array<char, 2>, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = {kHex[i >> 4], kHex[i & 15]};
  return table;
}
constexpr auto kHexPairs = make_hex_pairs();
constexpr char kUpperHex[] = "0123456789ABCDEF";

constexpr std::array<std::int8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr auto kStandardValues = reverse(kStandard);
constexpr auto kUrlValues = reverse(kUrl);

void encode(std::string& out, std::string_view bytes, std::string_view alphabet, bool pad) {
  const std::size_t begin = out.size();
  out.resize(begin + bytes.size() / 3 * 4);
  char* to = out.data() + begin;
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t word = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 16 |
                               static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8 |
                               static_cast<unsigned char>(bytes[i + 2]);
    *to++ = alphabet[word >> 18];
    *to++ = alphabet[word >> 12 & 63];
    *to++ = alphabet[word >> 6 & 63];
    *to++ = alphabet[word & 63];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return;
  std::uint32_t word = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 16;
  if (left == 2) word |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8;
  out += alphabet[word >> 18];
  out += alphabet[word >> 12 & 63];
  if (left == 2) out += alphabet[word >> 6 & 63];
  if (pad) out.append(left == 2 ? 1 : 2, '=');
}

bool decode(std::string_view text, std::string& out, const std::array<std::int8_t, 256>& values) {
  out.clear();
  if (text.size() % 4 == 1) return false;
  out.resize(text.size() * 3 / 4);
  char* to = out.data();
  std::uint32_t word = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::int8_t value = values[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    word = word << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      *to++ = static_cast<char>(word >> bits & 0xff);
    }
  }
  // Bits beyond the last byte must be zero, else two texts would name the same bytes.
  return (word & ((1u << bits) - 1)) == 0;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool unreserved(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~'; }

}  // namespace

void append_base64(std::string& out, std::string_view bytes) { encode(out, bytes, kStandard, true); }
void append_base64url(std::string& out, std::string_view bytes) { encode(out, bytes, kUrl, false); }

bool decode_base64(std::string_view text, std::string& out) {
  if (text.size() % 4 != 0) return false;
  if (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (!text.empty() && text.back() == '=') text.remove_suffix(1);
  return decode(text, out, kStandardValues);
}

bool decode_base64url(std::string_view text, std::string& out) { return decode(text, out, kUrlValues); }

void append_hex(std::string& out, const std::uint8_t* bytes, std::size_t n) {
  const std::size_t begin = out.size();
  out.resize(begin + 2 * n);
  write_hex(out.data() + begin, bytes, n);
}

void write_hex(char* out, const std::uint8_t* bytes, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) std::memcpy(out + 2 * i, kHexPairs[bytes[i]].data(), 2);
}

void append_percent_encoded(std::string& out, std::string_view text, bool keep_slash) {
  for (const char c : text) {
    if (unreserved(c) || (keep_slash && c == '/')) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    const char three[3] = {'%', kUpperHex[byte >> 4], kUpperHex[byte & 15]};
    out.append(three, 3);
  }
}

void append_percent_decoded(std::string& out, std::string_view text, bool plus_is_space) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus_is_space) {
      out += ' ';
      continue;
    }
    if (c == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high << 4 | low);
        i += 2;
        continue;
      }
    }
    out += c;
  }
}

void write_uuid(char out[36], const std::uint8_t id[16]) {
  write_hex(out, id, 4);
  write_hex(out + 9, id + 4, 2);
  write_hex(out + 14, id + 6, 2);
  write_hex(out + 19, id + 8, 2);
  write_hex(out + 24, id + 10, 6);
  out[8] = out[13] = out[18] = out[23] = '-';
}

void append_uuid(std::string& out, const std::uint8_t id[16]) {
  char text[36];
  write_uuid(text, id);
  out.append(text, sizeof text);
}

}  // namespace switchyard::aws
