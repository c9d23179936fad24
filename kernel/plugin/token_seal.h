// TokenSeal turns a delivery token into 32 opaque bytes and back.
//
// Layout: {sequence 8, attempt 4, check 4} masked, then a 16-byte tag.  The tag is a MAC over stream,
// consumer, sequence and attempt; the mask is derived from the tag, so equal sequences of two streams
// look unrelated and numbers of messages cannot be read off; the check is a MAC over everything else
// that needs no stream to verify, so that a handle of another stream is told from a forged one.
// Bytes depend on the secret alone: they survive a restart.
//
// Failure: Code::invalid = not made with this secret, Code::conflict = made for another stream or
// consumer.  Comparison takes constant time.
//
// Thread: immutable, any.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/base/siphash.h"
#include "kernel/stream/types.h"

namespace switchyard::plugin {

inline constexpr std::size_t kSealedBytes = 32;

class TokenSeal {
 public:
  explicit TokenSeal(const SipKey& secret);

  void seal(stream::StreamId stream, std::string_view consumer, stream::Token token,
            std::span<std::uint8_t, kSealedBytes> out) const;
  Code open(stream::StreamId stream, std::string_view consumer, std::span<const std::uint8_t, kSealedBytes> sealed,
            stream::Token& out) const;

 private:
  struct Tag {
    std::uint64_t low, high;
  };
  Tag tag(stream::StreamId stream, std::string_view consumer, stream::Token token) const;
  Tag mask(const Tag& tag) const;
  std::uint32_t check(stream::Token token, const Tag& tag) const;

  const SipKey tag_key_, mask_key_, check_key_;
};

}  // namespace switchyard::plugin
