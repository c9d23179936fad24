#include "plugins/aws/json_writer.h"

#include <bit>
#include <cstdint>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace switchyard::aws {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ull;
constexpr std::uint64_t kHigh = 0x8080808080808080ull;

// Some byte of the word may be below 0x20, a quote or a backslash.  May say yes for nothing, never no wrongly.
bool may_need_escape(std::uint64_t word) {
  const auto zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kHigh; };
  const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHigh;
  return (control | zero(word ^ (kOnes * '"')) | zero(word ^ (kOnes * '\\'))) != 0;
}

#ifdef __SSE2__
// A bit for each of the sixteen bytes at `p` that must be escaped.
unsigned escapes_in_16(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#endif

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escape(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  std::size_t begin = 0, i = 0;
  while (i < text.size()) {
#ifdef __SSE2__
    if (text.size() - i >= 16) {
      const unsigned found = escapes_in_16(text.data() + i);
      if (found == 0) {
        i += 16;
        continue;
      }
      i += static_cast<std::size_t>(std::countr_zero(found));
      out.append(text, begin, i - begin);
      append_escape(out, text[i]);
      begin = ++i;
      continue;
    }
#endif
    if (text.size() - i >= 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + i, sizeof word);
      if (!may_need_escape(word)) {
        i += 8;
        continue;
      }
    }
    const std::size_t stop = text.size() - i >= 8 ? i + 8 : text.size();
    for (; i < stop; ++i) {
      if (!needs_escape(text[i])) continue;
      out.append(text, begin, i - begin);
      append_escape(out, text[i]);
      begin = i + 1;
    }
  }
  out.append(text, begin, text.size() - begin);
}

}  // namespace switchyard::aws
