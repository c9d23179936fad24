// The plain functions are deprecated in favour of the slower interface; see digest.h.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "plugins/aws/digest.h"

#include <openssl/sha.h>

namespace switchyard::aws {

Sha256 Digests::sha256(std::string_view bytes) {
  Sha256 out;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(out.data(), &context);
  return out;
}

Md5 Digests::md5(std::string_view bytes) {
  md5_begin();
  md5_add(bytes);
  return md5_end();
}

void Digests::md5_begin() { MD5_Init(&md5_); }
void Digests::md5_add(std::string_view bytes) { MD5_Update(&md5_, bytes.data(), bytes.size()); }

Md5 Digests::md5_end() {
  Md5 out;
  MD5_Final(out.data(), &md5_);
  return out;
}

}  // namespace switchyard::aws
