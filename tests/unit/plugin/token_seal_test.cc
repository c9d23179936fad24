#include "kernel/plugin/token_seal.h"

#include <gtest/gtest.h>

namespace switchyard::plugin::test {
namespace {

using Sealed = std::array<std::uint8_t, kSealedBytes>;

Sealed seal(const TokenSeal& by, stream::StreamId stream, const std::string& consumer, stream::Token token) {
  Sealed out{};
  by.seal(stream, consumer, token, out);
  return out;
}

TEST(TokenSeal, opens_what_it_sealed) {
  const TokenSeal by({1, 2});
  for (const stream::Token token : {stream::Token{1, 1}, stream::Token{~0ull, ~0u}, stream::Token{0, 0}}) {
    for (const std::string consumer : {"", "q", "a-consumer-with-a-name-of-sixty-four-characters-just-as-allowed_"}) {
      stream::Token opened;
      ASSERT_EQ(by.open(9, consumer, seal(by, 9, consumer, token), opened), Code::ok);
      EXPECT_EQ(opened.seq, token.seq);
      EXPECT_EQ(opened.attempt, token.attempt);
    }
  }
}

TEST(TokenSeal, a_change_of_any_bit_is_refused) {
  const TokenSeal by({1, 2});
  const auto good = seal(by, 9, "q", {123, 4});
  for (std::size_t bit = 0; bit < kSealedBytes * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    stream::Token token{77, 77};
    EXPECT_EQ(by.open(9, "q", bad, token), Code::invalid) << "bit " << bit;
    EXPECT_EQ(token.seq, 77u) << "nothing is given out";
  }
}

TEST(TokenSeal, a_handle_of_another_stream_or_consumer_is_a_conflict_and_of_another_server_invalid) {
  const TokenSeal by({1, 2}), other({1, 3});
  const auto sealed = seal(by, 9, "q", {123, 4});
  stream::Token token;
  EXPECT_EQ(by.open(10, "q", sealed, token), Code::conflict);
  EXPECT_EQ(by.open(9, "r", sealed, token), Code::conflict);
  EXPECT_EQ(by.open(9, "", sealed, token), Code::conflict);
  EXPECT_EQ(other.open(9, "q", sealed, token), Code::invalid);
}

TEST(TokenSeal, handles_do_not_show_their_numbers) {
  const TokenSeal by({1, 2});
  // Neighbours differ in about half of all bits, in both halves of the handle.
  int close = 0;
  for (std::uint64_t seq = 1; seq < 200; ++seq) {
    const auto one = seal(by, 9, "q", {seq, 1}), next = seal(by, 9, "q", {seq + 1, 1});
    int first = 0, second = 0;
    for (std::size_t i = 0; i < 16; ++i) {
      first += __builtin_popcount(one[i] ^ next[i]);
      second += __builtin_popcount(one[i + 16] ^ next[i + 16]);
    }
    close += first < 32 || second < 32 ? 1 : 0;
  }
  EXPECT_EQ(close, 0);
  EXPECT_NE(seal(by, 9, "q", {1, 1}), seal(by, 9, "q", {1, 2}));
  EXPECT_EQ(seal(by, 9, "q", {1, 1}), seal(by, 9, "q", {1, 1})) << "a restart makes the same handle";
}

}  // namespace
}  // namespace switchyard::plugin::test
