// CRC-32C (Castagnoli), the checksum of everything on disk.
//
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <string_view>

namespace switchyard {

// Continues `crc` over `data`; start with 0.  Uses the processor's instruction where there is one.
std::uint32_t crc32c(std::string_view data, std::uint32_t crc = 0);

// The same result by table, for machines without the instruction and for the test that compares both.
std::uint32_t crc32c_portable(std::string_view data, std::uint32_t crc = 0);

}  // namespace switchyard
