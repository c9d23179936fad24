#include "kernel/base/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace switchyard {
namespace {

void read_random(char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(out, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    out += got;
    size -= static_cast<std::size_t>(got);
  }
}

class RandomBuffer {
 public:
  void take(char* out, std::size_t size) {
    if (size > sizeof bytes_) return read_random(out, size);
    if (size > left_) {
      read_random(bytes_, sizeof bytes_);
      left_ = sizeof bytes_;
    }
    // From the end, so that what was given out can be wiped without moving the rest.
    left_ -= size;
    std::memcpy(out, bytes_ + left_, size);
    explicit_bzero(bytes_ + left_, size);
  }

 private:
  char bytes_[1024];
  std::size_t left_ = 0;
};

RandomBuffer& buffer() {
  thread_local RandomBuffer instance;
  return instance;
}

// Values at or above the largest multiple of the alphabet's size are thrown away: a plain
// remainder would make the first letters more likely.
std::string random_text(std::string_view alphabet, std::size_t length) {
  const auto limit = static_cast<unsigned>(256 - 256 % alphabet.size());
  std::string out;
  out.reserve(length);
  while (out.size() < length) {
    unsigned char byte;
    random_bytes(&byte, 1);
    if (byte < limit) out.push_back(alphabet[byte % alphabet.size()]);
  }
  return out;
}

constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view kAlnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kHex = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// All three codings are groups of `bits` bits, most significant first.
std::string encode_bits(std::string_view bytes, unsigned bits, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() * 8 + bits - 1) / bits);
  std::uint32_t pending = 0;
  unsigned have = 0;
  for (const char c : bytes) {
    pending = (pending << 8) | static_cast<unsigned char>(c);
    have += 8;
    while (have >= bits) {
      have -= bits;
      out.push_back(alphabet[(pending >> have) & ((1u << bits) - 1)]);
    }
    pending &= (1u << have) - 1;
  }
  if (have > 0) out.push_back(alphabet[(pending << (bits - have)) & ((1u << bits) - 1)]);
  return out;
}

std::optional<std::string> decode_bits(std::string_view text, unsigned bits, std::string_view alphabet) {
  std::string out;
  out.reserve(text.size() * bits / 8);
  std::uint32_t pending = 0;
  unsigned have = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    pending = (pending << bits) | static_cast<std::uint32_t>(value);
    have += bits;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<char>(pending >> have));
    }
    pending &= (1u << have) - 1;
  }
  // A spare whole letter or bits that are not zero: some other text than the encoder's.
  if (have >= bits || pending != 0) return std::nullopt;
  return out;
}

}  // namespace

void random_bytes(void* out, std::size_t size) { buffer().take(static_cast<char*>(out), size); }

std::uint64_t random_u64() {
  std::uint64_t value;
  random_bytes(&value, sizeof value);
  return value;
}

UuidBytes random_uuid() {
  UuidBytes uuid;
  random_bytes(uuid.data(), uuid.size());
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x40);
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::string format_uuid(const UuidBytes& uuid) {
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(kHex[uuid[i] >> 4]);
    out.push_back(kHex[uuid[i] & 15]);
  }
  return out;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

std::string random_alnum(std::size_t length) { return random_text(kAlnum, length); }
std::string random_upper_alnum(std::size_t length) { return random_text(kUpper, length); }

std::string hex_encode(std::string_view bytes) { return encode_bits(bytes, 4, kHex); }

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  auto out = encode_bits(bytes, 6, kBase64);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode_bits(text, 6, kBase64);
}

std::string base64url_encode(std::string_view bytes) { return encode_bits(bytes, 6, kBase64Url); }
std::optional<std::string> base64url_decode(std::string_view text) { return decode_bits(text, 6, kBase64Url); }
std::string base32_encode(std::string_view bytes) { return encode_bits(bytes, 5, kBase32); }
std::optional<std::string> base32_decode(std::string_view text) { return decode_bits(text, 5, kBase32); }

}  // namespace switchyard
