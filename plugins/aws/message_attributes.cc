#include "plugins/aws/message_attributes.h"

#include <cstring>

#include "plugins/aws/text.h"

namespace switchyard::aws {
namespace {

constexpr std::uint8_t kText = 1, kBinary = 2;

template <class Number>
void put(std::string& out, Number value) {
  char bytes[sizeof value];
  for (std::size_t i = 0; i < sizeof value; ++i) bytes[i] = static_cast<char>(value >> (8 * i) & 0xff);
  out.append(bytes, sizeof bytes);
}

// Takes little-endian numbers and counted texts off the front; `ok` turns false at the first that is cut.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  std::string_view take(std::size_t n) {
    if (rest.size() < n) {
      ok = false;
      return {};
    }
    const std::string_view head = rest.substr(0, n);
    rest.remove_prefix(n);
    return head;
  }
  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    const std::string_view text = take(bytes);
    for (std::size_t i = 0; i < text.size(); ++i) {
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) << (8 * i);
    }
    return value;
  }
  std::string_view counted(std::size_t bytes) { return take(number(bytes)); }
};

void add_length(Digests& digests, std::size_t length) {
  const char bytes[4] = {static_cast<char>(length >> 24 & 0xff), static_cast<char>(length >> 16 & 0xff),
                         static_cast<char>(length >> 8 & 0xff), static_cast<char>(length & 0xff)};
  digests.md5_add({bytes, sizeof bytes});
}

}  // namespace

void encode_headers(std::string& out, std::string_view sender_id, std::string_view trace_header,
                    std::span<const MessageAttribute> attributes) {
  sender_id = sender_id.substr(0, 255);
  trace_header = trace_header.substr(0, 65535);
  put<std::uint8_t>(out, static_cast<std::uint8_t>(sender_id.size()));
  out += sender_id;
  put<std::uint16_t>(out, static_cast<std::uint16_t>(trace_header.size()));
  out += trace_header;
  put<std::uint8_t>(out, static_cast<std::uint8_t>(attributes.size()));
  for (const MessageAttribute& attribute : attributes) {
    put<std::uint8_t>(out, attribute.binary ? kBinary : kText);
    put<std::uint16_t>(out, static_cast<std::uint16_t>(attribute.name.size()));
    out += attribute.name;
    put<std::uint16_t>(out, static_cast<std::uint16_t>(attribute.type.size()));
    out += attribute.type;
    put<std::uint32_t>(out, static_cast<std::uint32_t>(attribute.value.size()));
    out += attribute.value;
  }
}

bool decode_headers(std::string_view block, MessageHeaders& out) {
  Cursor in{block};
  out.attributes.clear();
  out.sender_id = in.counted(1);
  out.trace_header = in.counted(2);
  const std::uint32_t count = in.number(1);
  for (std::uint32_t i = 0; i < count && in.ok; ++i) {
    MessageAttribute attribute;
    const std::uint32_t transport = in.number(1);
    attribute.binary = transport == kBinary;
    attribute.name = in.counted(2);
    attribute.type = in.counted(2);
    attribute.value = in.counted(4);
    if (transport != kText && transport != kBinary) in.ok = false;
    if (in.ok) out.attributes.push_back(attribute);
  }
  return in.ok && in.rest.empty();
}

std::size_t attribute_bytes(std::span<const MessageAttribute> attributes) {
  std::size_t bytes = 0;
  for (const MessageAttribute& a : attributes) bytes += a.name.size() + a.type.size() + a.value.size();
  return bytes;
}

Md5 attributes_md5(Digests& digests, std::span<const MessageAttribute> attributes) {
  digests.md5_begin();
  for (const MessageAttribute& attribute : attributes) {
    add_length(digests, attribute.name.size());
    digests.md5_add(attribute.name);
    add_length(digests, attribute.type.size());
    digests.md5_add(attribute.type);
    const char transport = static_cast<char>(attribute.binary ? kBinary : kText);
    digests.md5_add({&transport, 1});
    add_length(digests, attribute.value.size());
    digests.md5_add(attribute.value);
  }
  return digests.md5_end();
}

bool is_attribute_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxAttributeName || name.front() == '.' || name.back() == '.') return false;
  if (starts_with_ignoring_case(name, "AWS.") || starts_with_ignoring_case(name, "Amazon.")) return false;
  char before = 0;
  for (const char c : name) {
    if (!is_alnum(c) && c != '_' && c != '-' && c != '.') return false;
    if (c == '.' && before == '.') return false;
    before = c;
  }
  return true;
}

std::string_view base_type(std::string_view type) { return type.substr(0, type.find('.')); }

bool is_attribute_type(std::string_view type) {
  if (type.empty() || type.size() > kMaxAttributeName) return false;
  const std::string_view base = base_type(type);
  if (base != "String" && base != "Number" && base != "Binary") return false;
  if (base.size() == type.size()) return true;
  const std::string_view label = type.substr(base.size() + 1);
  if (label.empty()) return false;
  for (const char c : label) {
    if (!is_alnum(c) && c != '_' && c != '-' && c != '.') return false;
  }
  return true;
}

// A decimal number of at most 38 significant digits between -10^128 and 10^126.
bool is_attribute_number(std::string_view value) {
  if (!value.empty() && (value.front() == '-' || value.front() == '+')) value.remove_prefix(1);
  const std::size_t e = value.find_first_of("eE");
  const std::string_view mantissa = value.substr(0, e);
  std::int64_t power = 0;
  if (e != std::string_view::npos) {
    std::string_view exponent = value.substr(e + 1);
    if (!exponent.empty() && exponent.front() == '+') exponent.remove_prefix(1);
    const auto parsed = parse_integer(exponent);
    if (!parsed || *parsed < -1000 || *parsed > 1000) return false;
    power = *parsed;
  }
  std::int64_t significant = 0, trailing_zeros = 0, before_point = 0;
  bool any = false, point = false;
  for (const char c : mantissa) {
    if (c == '.') {
      if (point) return false;
      point = true;
      continue;
    }
    if (!is_digit(c)) return false;
    any = true;
    if (c == '0') {
      if (significant > 0) ++trailing_zeros;
    } else {
      significant += trailing_zeros + 1;
      trailing_zeros = 0;
    }
    if (!point && (significant > 0)) ++before_point;
  }
  if (!any || significant > 38) return false;
  return significant == 0 || (before_point + power <= 127 && before_point + power >= -128);
}

}  // namespace switchyard::aws
