// Base32 of RFC 4648 without padding, the alphabet of nkeys.
//
// Failure: the decoder answers nothing for text that is not exactly what the encoder writes (lower case,
// padding, stray bits), so that a key has one spelling.
// Thread: pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::nats {

std::string encode_base32(std::string_view bytes);
std::optional<std::string> decode_base32(std::string_view text);

}  // namespace switchyard::nats
