// Random bytes, ids and the text codings they travel in.
//
// Random bytes come from the kernel's generator (getrandom) through a buffer per thread, so that a
// message id costs nanoseconds and no system call; bytes are wiped from the buffer as they leave it.
// Everything that is secret (keys, tokens, nonces) uses the same source.
//
// Failure: decoders return nothing for text that is not exactly what the coding produces.  A
// machine whose random source fails stops the process: there is no safe way to go on.
//
// Thread: any.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

void random_bytes(void* out, std::size_t size);
std::uint64_t random_u64();

using UuidBytes = std::array<std::uint8_t, 16>;

// Version 4: 122 random bits.
UuidBytes random_uuid();
std::string format_uuid(const UuidBytes& uuid);  // Lower case, 36 characters.
inline std::string random_uuid_text() { return format_uuid(random_uuid()); }
// 8-4-4-4-12 hex digits in any case; no check of version or variant.
bool is_uuid(std::string_view text);

std::string random_alnum(std::size_t length);        // [A-Za-z0-9]
std::string random_upper_alnum(std::size_t length);  // [A-Z0-9]

std::string hex_encode(std::string_view bytes);  // Lower case.
std::optional<std::string> hex_decode(std::string_view text);
std::string base64_encode(std::string_view bytes);  // With padding.
std::optional<std::string> base64_decode(std::string_view text);
std::string base64url_encode(std::string_view bytes);  // Without padding.
std::optional<std::string> base64url_decode(std::string_view text);
std::string base32_encode(std::string_view bytes);  // RFC 4648, upper case, without padding.
std::optional<std::string> base32_decode(std::string_view text);

}  // namespace switchyard
