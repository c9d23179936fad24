// The user attributes of a message: their rules, their digest, and how they are stored beside the body.
//
// SQS and SNS share all three, so that a message fanned out to a queue reads as if it had been sent there.
//
// Stored form (header block with tag 'SQS1', little-endian):
//   u8 length + sender id | u16 length + AWSTraceHeader | u8 count, then per attribute, sorted by name:
//   u8 transport (1 text, 2 binary) | u16 length + name | u16 length + data type | u32 length + value
//
// Failure: decode() answers false for a block that is not exactly of this form.
// Thread: plain functions; the digest contexts belong to one lane.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/aws/digest.h"

namespace switchyard::aws {

inline constexpr std::uint32_t kHeaderFormat = 'S' | 'Q' << 8 | 'S' << 16 | static_cast<std::uint32_t>('1') << 24;
inline constexpr std::size_t kMaxAttributes = 10;
inline constexpr std::size_t kMaxAttributeName = 256;

struct MessageAttribute {
  std::string_view name, type, value;
  bool binary = false;
};

struct MessageHeaders {
  std::string_view sender_id, trace_header;
  std::vector<MessageAttribute> attributes;  // Sorted by name.
};

void encode_headers(std::string& out, std::string_view sender_id, std::string_view trace_header,
                    std::span<const MessageAttribute> attributes);
bool decode_headers(std::string_view block, MessageHeaders& out);  // Views into `block`.

// What counts towards the message size.
std::size_t attribute_bytes(std::span<const MessageAttribute> attributes);

// `attributes` sorted by name.
Md5 attributes_md5(Digests& digests, std::span<const MessageAttribute> attributes);

// ---- rules; each says whether a text is legal ----
bool is_attribute_name(std::string_view name);
bool is_attribute_type(std::string_view type);  // String, Number or Binary, with an optional ".label".
bool is_attribute_number(std::string_view value);
std::string_view base_type(std::string_view type);

}  // namespace switchyard::aws
