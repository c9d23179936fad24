#include "plugins/aws/digest.h"

#include <stdexcept>

namespace switchyard::aws {
namespace {

const EVP_MD* fetched(const char* name) {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  if (algorithm == nullptr) throw std::runtime_error(std::string("OpenSSL offers no ") + name);
  return algorithm;  // Kept until the process ends.
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetched("SHA256");
  return algorithm;
}

const EVP_MD* md5_algorithm() {
  static const EVP_MD* const algorithm = fetched("MD5");
  return algorithm;
}

}  // namespace

Digests::Digests() : sha256_(EVP_MD_CTX_new()), md5_(EVP_MD_CTX_new()) {
  if (!sha256_ || !md5_) throw std::bad_alloc();
  if (EVP_DigestInit_ex2(sha256_.get(), sha256_algorithm(), nullptr) != 1 ||
      EVP_DigestInit_ex2(md5_.get(), md5_algorithm(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL refuses SHA-256 or MD5");
  }
}

Sha256 Digests::sha256(std::string_view bytes) {
  Sha256 out;
  EVP_DigestInit_ex2(sha256_.get(), nullptr, nullptr);
  EVP_DigestUpdate(sha256_.get(), bytes.data(), bytes.size());
  EVP_DigestFinal_ex(sha256_.get(), out.data(), nullptr);
  return out;
}

Md5 Digests::md5(std::string_view bytes) {
  md5_begin();
  md5_add(bytes);
  return md5_end();
}

void Digests::md5_begin() { EVP_DigestInit_ex2(md5_.get(), nullptr, nullptr); }
void Digests::md5_add(std::string_view bytes) { EVP_DigestUpdate(md5_.get(), bytes.data(), bytes.size()); }

Md5 Digests::md5_end() {
  Md5 out;
  EVP_DigestFinal_ex(md5_.get(), out.data(), nullptr);
  return out;
}

}  // namespace switchyard::aws
