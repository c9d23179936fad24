// Base64, hexadecimal, percent and UUID text: the encodings of the AWS wires.
//
// Failure: decoders answer false and leave `out` unspecified for text that is not exactly canonical
// (whitespace, wrong padding, stray bits), so that a value has one spelling.
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::aws {

void append_base64(std::string& out, std::string_view bytes);
// Alphabet of RFC 4648 section 5, without padding.
void append_base64url(std::string& out, std::string_view bytes);
bool decode_base64(std::string_view text, std::string& out);
bool decode_base64url(std::string_view text, std::string& out);

void append_hex(std::string& out, const std::uint8_t* bytes, std::size_t n);
void write_hex(char* out, const std::uint8_t* bytes, std::size_t n);  // 2 n characters.

// Everything but the unreserved characters of RFC 3986 becomes %XX; a slash too unless it is kept.
void append_percent_encoded(std::string& out, std::string_view text, bool keep_slash);
// "%41" -> "A"; a '+' becomes a space when asked.  A broken escape stays as it is.
void append_percent_decoded(std::string& out, std::string_view text, bool plus_is_space);

void write_uuid(char out[36], const std::uint8_t id[16]);
void append_uuid(std::string& out, const std::uint8_t id[16]);

}  // namespace switchyard::aws
