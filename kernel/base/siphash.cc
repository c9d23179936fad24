#include "kernel/base/siphash.h"

#include <bit>
#include <cstring>

namespace switchyard {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int n) {
    for (; n > 0; --n) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }
  void absorb(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  std::uint64_t sum() const { return v0 ^ v1 ^ v2 ^ v3; }
};

std::uint64_t load(const char* p, std::size_t n) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, n);
  return word;
}

}  // namespace

std::pair<std::uint64_t, std::uint64_t> siphash128(const SipKey& key, std::string_view data) {
  // The constants spell the paper's "somepseudorandomlygeneratedbytes"; 0xee and 0xdd mark the wide output.
  State state{key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du ^ 0xee, key[0] ^ 0x6c7967656e657261u,
              key[1] ^ 0x7465646279746573u};
  const std::size_t whole = data.size() & ~std::size_t{7};
  for (std::size_t i = 0; i < whole; i += 8) state.absorb(load(data.data() + i, 8));
  std::uint64_t tail = static_cast<std::uint64_t>(data.size()) << 56;
  if (whole != data.size()) tail |= load(data.data() + whole, data.size() - whole);
  state.absorb(tail);
  state.v2 ^= 0xee;
  state.rounds(4);
  const std::uint64_t low = state.sum();
  state.v1 ^= 0xdd;
  state.rounds(4);
  return {low, state.sum()};
}

}  // namespace switchyard
