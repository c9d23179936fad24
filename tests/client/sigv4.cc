#include "tests/client/sigv4.h"

#include <cstdlib>
#include <cstring>
#include <utility>

namespace switchyard::client {
namespace {

template <std::size_t N>
void append_hex(std::string& out, const std::array<unsigned char, N>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const unsigned char byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
}

std::string_view view(const std::array<unsigned char, 32>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::string_view kContentType = "application/x-amz-json-1.0";
constexpr std::string_view kSignedHeaders = "content-type;host;x-amz-date;x-amz-target";

}  // namespace

Signer::Signer(Credentials credentials, std::string host)
    : credentials_(std::move(credentials)),
      host_(std::move(host)),
      sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free),
      digest_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {}

Signer::~Signer() = default;

Signer::Digest Signer::sha256(std::string_view data) {
  Digest out;
  if (EVP_DigestInit_ex(digest_.get(), sha256_.get(), nullptr) != 1 ||
      EVP_DigestUpdate(digest_.get(), data.data(), data.size()) != 1 ||
      EVP_DigestFinal_ex(digest_.get(), out.data(), nullptr) != 1) {
    std::abort();
  }
  return out;
}

Signer::Digest Signer::hmac(std::string_view key, std::string_view data) {
  char block[64] = {};
  if (key.size() > sizeof block) {
    const Digest hashed = sha256(key);
    std::memcpy(block, hashed.data(), hashed.size());
  } else {
    std::memcpy(block, key.data(), key.size());
  }
  std::string inner(64, '\0');
  for (std::size_t i = 0; i < 64; ++i) inner[i] = static_cast<char>(block[i] ^ 0x36);
  inner.append(data);
  std::string outer(64, '\0');
  for (std::size_t i = 0; i < 64; ++i) outer[i] = static_cast<char>(block[i] ^ 0x5c);
  outer.append(view(sha256(inner)));
  return sha256(outer);
}

void Signer::refresh(std::time_t now) {
  if (now == second_) return;
  second_ = now;
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  amz_date_.assign(text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts));
  const std::string scope = amz_date_.substr(0, 8) + "/" + credentials_.region + "/sqs/aws4_request";
  if (scope == scope_) return;
  scope_ = scope;
  key_ = hmac("AWS4" + credentials_.secret_key, amz_date_.substr(0, 8));
  for (const std::string_view part :
       {std::string_view(credentials_.region), std::string_view("sqs"), std::string_view("aws4_request")}) {
    key_ = hmac(view(key_), part);
  }
}

void Signer::append(std::string& out, std::string_view action, std::string_view body) {
  refresh(std::time(nullptr));
  canonical_.assign("POST\n/\n\ncontent-type:").append(kContentType).append("\nhost:").append(host_);
  canonical_.append("\nx-amz-date:").append(amz_date_).append("\nx-amz-target:AmazonSQS.").append(action);
  canonical_.append("\n\n").append(kSignedHeaders).append("\n");
  append_hex(canonical_, sha256(body));
  to_sign_.assign("AWS4-HMAC-SHA256\n").append(amz_date_).append("\n").append(scope_).append("\n");
  append_hex(to_sign_, sha256(canonical_));

  out.append("POST / HTTP/1.1\r\nHost: ").append(host_).append("\r\nContent-Type: ").append(kContentType);
  out.append("\r\nX-Amz-Date: ").append(amz_date_).append("\r\nX-Amz-Target: AmazonSQS.").append(action);
  out.append("\r\nAuthorization: AWS4-HMAC-SHA256 Credential=").append(credentials_.access_key).append("/");
  out.append(scope_).append(", SignedHeaders=").append(kSignedHeaders).append(", Signature=");
  append_hex(out, hmac(view(key_), to_sign_));
  out.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

}  // namespace switchyard::client
