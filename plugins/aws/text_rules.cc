#include "plugins/aws/text_rules.h"

#include <cstdint>
#include <cstring>

namespace switchyard::aws {
namespace {

constexpr std::uint64_t kHigh = 0x8080808080808080ull;

// No byte of the word is above 0x7f or below 0x20.  Subtracting 0x20 from each byte borrows out of its top bit
// exactly when the byte was smaller; bytes above 0x7f are caught by their own top bit.
bool printable_ascii(std::uint64_t word) { return ((word | (word - 0x2020202020202020ull)) & kHigh) == 0; }

bool continuation(unsigned char c) { return (c & 0xc0) == 0x80; }

// Length of the well-formed, allowed sequence at `p`, or 0.
std::size_t sequence(const unsigned char* p, std::size_t left) {
  const unsigned char c = p[0];
  if (c < 0x80) return c >= 0x20 || c == '\t' || c == '\n' || c == '\r' ? 1 : 0;
  if (c < 0xc2) return 0;
  if (c < 0xe0) return left >= 2 && continuation(p[1]) ? 2 : 0;
  if (c < 0xf0) {
    if (left < 3 || !continuation(p[1]) || !continuation(p[2])) return 0;
    if (c == 0xe0 && p[1] < 0xa0) return 0;                   // Overlong.
    if (c == 0xed && p[1] >= 0xa0) return 0;                  // Surrogates.
    if (c == 0xef && p[1] == 0xbf && p[2] >= 0xbe) return 0;  // U+FFFE, U+FFFF.
    return 3;
  }
  if (c > 0xf4 || left < 4 || !continuation(p[1]) || !continuation(p[2]) || !continuation(p[3])) return 0;
  if (c == 0xf0 && p[1] < 0x90) return 0;   // Overlong.
  if (c == 0xf4 && p[1] >= 0x90) return 0;  // Above U+10FFFF.
  return 4;
}

}  // namespace

bool is_message_text(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    while (left >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, sizeof word);
      if (!printable_ascii(word)) break;
      p += 8;
      left -= 8;
    }
    if (left == 0) break;
    const std::size_t n = sequence(p, left);
    if (n == 0) return false;
    p += n;
    left -= n;
  }
  return true;
}

}  // namespace switchyard::aws
