// SHA-256 and MD5 of the AWS wires.
//
// The plain functions of the library, not its EVP interface: OpenSSL 3.0 frees and allocates a context
// again for every message there, which costs as much as hashing a small one.  MD5 is what the SQS and SNS
// contracts put into their answers; it protects nothing here.
//
// Failure: none.
// Thread: one lane.
#pragma once
#include <openssl/md5.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace switchyard::aws {

using Sha256 = std::array<std::uint8_t, 32>;
using Md5 = std::array<std::uint8_t, 16>;

class Digests {
 public:
  Sha256 sha256(std::string_view bytes);
  Md5 md5(std::string_view bytes);

  // One MD5 in pieces.
  void md5_begin();
  void md5_add(std::string_view bytes);
  Md5 md5_end();

 private:
  MD5_CTX md5_{};
};

}  // namespace switchyard::aws
