// Feeds text to the decoders of nkeys, seeds, signatures, base32, base64, address ranges, certificate names and zones.
//
// Checked: what is accepted encodes to the same text, so that a key has one spelling.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/nats/base32.h"
#include "plugins/nats/base64.h"
#include "plugins/nats/claims.h"
#include "plugins/nats/distinguished_name.h"
#include "plugins/nats/nkeys.h"
#include "plugins/nats/password.h"
#include "plugins/nats/zones.h"

namespace {

using namespace switchyard::nats;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = decode_base32(text)) check(encode_base32(*bytes) == text);
  check(decode_base32(encode_base32(text)) == text);
  if (const auto bytes = decode_base64url(text)) check(encode_base64url(*bytes) == text);
  check(decode_base64url(encode_base64url(text)) == text);
  if (const auto bytes = decode_base64(text))
    check(bytes->size() == text.size() / 4 * 3 - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0));

  if (const auto key = decode_public_nkey(text)) {
    check(encode_public_nkey(key->role, key->key) == text);
    verify_nkey(*key, text, std::string(64, 'x'));
  }
  if (const auto seed = NkeySeed::decode(text)) check(seed->text() == text);
  if (const auto signature = decode_nkey_signature(text)) check(signature->size() == 64);

  if (const auto range = parse_cidr(text)) check(cidr_contains(*range, text.substr(0, text.find('/'))));
  if (const auto second = parse_time_of_day(text)) check(*second >= 0 && *second < 86400);
  for (const std::int64_t time : {INT64_MIN, std::int64_t{-1}, std::int64_t{1'800'000'000}, INT64_MAX}) {
    for (const auto offset : {tzif_offset_s(text, time), posix_zone_offset_s(text, time)}) {
      check(!offset || (*offset >= -26 * 3600 && *offset <= 26 * 3600));
    }
  }
  canonical_dn(text);
  connection_type(text);
  // Never a hash: those cost too much to be fuzzed.
  if (!is_bcrypt(text)) check(password_matches(text, text));
  return 0;
}
