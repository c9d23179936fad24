// SipHash-2-4 with 128-bit output (Aumasson, Bernstein 2012): a fast keyed MAC for short inputs.
//
// Signs receipt handles and names dedup ids; the key is a secret of the data folder.
//
// Thread: pure functions.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace switchyard {

using SipKey = std::array<std::uint64_t, 2>;

// Returns {low, high} of the 128-bit tag.
std::pair<std::uint64_t, std::uint64_t> siphash128(const SipKey& key, std::string_view data);

}  // namespace switchyard
