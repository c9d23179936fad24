// Texts of the ABI and the keyed hash, as the fake server needs them.
//
// Thread: pure functions.
#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "switchyard/plugin.h"

namespace switchyard::sqs::testing {

inline std::string text(sw_str s) { return std::string(s.data, s.len); }
inline std::string text(sw_bytes b) { return std::string(reinterpret_cast<const char*>(b.data), b.len); }
inline sw_str str(const std::string& s) { return {s.data(), s.size()}; }
inline sw_bytes bytes(const std::string& s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

inline std::string hmac(const std::string& key, const std::string& data) {
  unsigned char out[32];
  unsigned int n = sizeof out;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
       data.size(), out, &n);
  return std::string(reinterpret_cast<char*>(out), n);
}

inline std::string hex(const std::string& raw) {
  std::string out;
  char two[3];
  for (const char c : raw) {
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    out += two;
  }
  return out;
}

}  // namespace switchyard::sqs::testing
