#include "kernel/plugin/token_seal.h"

#include <algorithm>
#include <cstring>

namespace switchyard::plugin {
namespace {

SipKey derive(const SipKey& secret, std::string_view purpose) {
  const auto [low, high] = siphash128(secret, purpose);
  return {low, high};
}

// Fixed fields first, then the one that varies: no two inputs give the same bytes.
struct Fields {
  char bytes[20 + 256];
  std::size_t size = 0;

  template <class T>
  void put(T value) {
    std::memcpy(bytes + size, &value, sizeof value);
    size += sizeof value;
  }
  std::string_view view() const { return {bytes, size}; }
};

}  // namespace

TokenSeal::TokenSeal(const SipKey& secret)
    : tag_key_(derive(secret, "switchyard token tag")),
      mask_key_(derive(secret, "switchyard token mask")),
      check_key_(derive(secret, "switchyard token check")) {}

TokenSeal::Tag TokenSeal::tag(stream::StreamId stream, std::string_view consumer, stream::Token token) const {
  Fields fields;
  fields.put(stream);
  fields.put(token.seq);
  fields.put(token.attempt);
  // Names of consumers have at most 64 bytes; a longer text names none.
  const auto n = std::min<std::size_t>(consumer.size(), sizeof fields.bytes - fields.size);
  if (n > 0) std::memcpy(fields.bytes + fields.size, consumer.data(), n);
  fields.size += n;
  const auto [low, high] = siphash128(tag_key_, fields.view());
  return {low, high};
}

TokenSeal::Tag TokenSeal::mask(const Tag& tag) const {
  Fields fields;
  fields.put(tag.low);
  fields.put(tag.high);
  const auto [low, high] = siphash128(mask_key_, fields.view());
  return {low, high};
}

std::uint32_t TokenSeal::check(stream::Token token, const Tag& tag) const {
  Fields fields;
  fields.put(token.seq);
  fields.put(token.attempt);
  fields.put(tag.low);
  fields.put(tag.high);
  return static_cast<std::uint32_t>(siphash128(check_key_, fields.view()).first);
}

void TokenSeal::seal(stream::StreamId stream, std::string_view consumer, stream::Token token,
                     std::span<std::uint8_t, kSealedBytes> out) const {
  const Tag own = tag(stream, consumer, token);
  const Tag pad = mask(own);
  const std::uint64_t first = token.seq ^ pad.low;
  const std::uint64_t second = (std::uint64_t{check(token, own)} << 32 | token.attempt) ^ pad.high;
  std::memcpy(out.data(), &first, 8);
  std::memcpy(out.data() + 8, &second, 8);
  std::memcpy(out.data() + 16, &own.low, 8);
  std::memcpy(out.data() + 24, &own.high, 8);
}

Code TokenSeal::open(stream::StreamId stream, std::string_view consumer,
                     std::span<const std::uint8_t, kSealedBytes> sealed, stream::Token& out) const {
  std::uint64_t first, second;
  Tag claimed;
  std::memcpy(&first, sealed.data(), 8);
  std::memcpy(&second, sealed.data() + 8, 8);
  std::memcpy(&claimed.low, sealed.data() + 16, 8);
  std::memcpy(&claimed.high, sealed.data() + 24, 8);
  const Tag pad = mask(claimed);
  second ^= pad.high;
  const stream::Token token{first ^ pad.low, static_cast<std::uint32_t>(second)};

  const Tag own = tag(stream, consumer, token);
  const std::uint64_t differs = (own.low ^ claimed.low) | (own.high ^ claimed.high);
  const std::uint32_t forged = check(token, claimed) ^ static_cast<std::uint32_t>(second >> 32);
  if (forged != 0) return Code::invalid;
  if (differs != 0) return Code::conflict;
  out = token;
  return Code::ok;
}

}  // namespace switchyard::plugin
