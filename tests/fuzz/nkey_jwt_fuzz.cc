// Feeds text to the decoders of nkeys, seeds and JWTs.
//
// Checked: what is accepted encodes to the same text, so that a key has one spelling; a token that nobody
// here signed is not believed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kernel/account/nkeys.h"
#include "kernel/account/user_jwt.h"

using namespace switchyard::account;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto signing = NkeyPair::generate(NkeyKind::account);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {NkeyKind::account, NkeyKind::user}) {
    if (const auto key = decode_public_nkey(kind, text)) {
      check(encode_public_nkey(kind, *key) == text);
      verify_nkey_signature(*key, text, text.substr(0, 64));
    }
    if (const auto pair = NkeyPair::from_seed(kind, text)) check(pair->seed_text().view() == text);
  }
  if (const auto parts = split_jwt(text)) check(!jwt_signed_by(*parts, signing.public_text()));

  // A name is anybody's text; the token made of it must read back.
  const UserClaims claims{signing.public_text(), "U", std::string(text.substr(0, 128)), 1, 0};
  const auto token = make_user_jwt(claims, signing);
  const auto parts = split_jwt(token);
  check(parts && jwt_signed_by(*parts, signing.public_text()));
  return 0;
}
