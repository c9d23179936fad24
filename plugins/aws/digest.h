// Digests holds one lane's SHA-256 and MD5 contexts.
//
// Fetching an algorithm costs more than hashing a small message, so the algorithms are fetched once per
// process and the contexts are reused.  MD5 is what the SQS and SNS contracts put into their answers; it
// protects nothing here.
//
// Failure: the constructor throws std::runtime_error when the library refuses an algorithm (a FIPS-only
// configuration has no MD5); afterwards hashing cannot fail.
// Thread: one lane.
#pragma once
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace switchyard::aws {

using Sha256 = std::array<std::uint8_t, 32>;
using Md5 = std::array<std::uint8_t, 16>;

class Digests {
 public:
  Digests();

  Sha256 sha256(std::string_view bytes);
  Md5 md5(std::string_view bytes);

  // One MD5 in pieces.
  void md5_begin();
  void md5_add(std::string_view bytes);
  Md5 md5_end();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> sha256_, md5_;
};

}  // namespace switchyard::aws
