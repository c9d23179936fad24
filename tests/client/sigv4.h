// Signer makes whole, SigV4-signed AWS JSON 1.0 requests.
//
// A load generator shares the machine with the server it measures, so the signing key is kept per
// day, digests are fetched once, and nothing is allocated that need not be.  It is written from the
// specification and shares no code with the broker: an error in one shows against the other.
//
// Failure: none; OpenSSL refusing SHA-256 aborts the program.
//
// Thread: one at a time.
#pragma once
#include <openssl/evp.h>

#include <array>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

namespace switchyard::client {

struct Credentials {
  std::string access_key, secret_key;
  std::string region = "us-east-1";
};

class Signer {
 public:
  Signer(Credentials credentials, std::string host);
  ~Signer();

  // Appends one POST request for AmazonSQS.<action> to `out`.
  void append(std::string& out, std::string_view action, std::string_view body);

 private:
  using Digest = std::array<unsigned char, 32>;
  Digest sha256(std::string_view data);
  Digest hmac(std::string_view key, std::string_view data);
  void refresh(std::time_t now);

  const Credentials credentials_;
  const std::string host_;
  std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> sha256_;
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest_;
  std::time_t second_ = 0;
  std::string amz_date_, scope_;
  Digest key_{};
  std::string canonical_, to_sign_;  // Kept for their capacity.
};

}  // namespace switchyard::client
