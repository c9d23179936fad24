// The number that a FIFO queue shows for a message's place: twenty digits, growing with every message.
//
// A stream's sequence is offset by 10^19, so that the numbers have one width and compare alike as numbers
// and as texts.
//
// Thread: pure function.
#pragma once
#include <charconv>
#include <cstdint>
#include <string_view>

namespace switchyard::sqs {

inline constexpr std::size_t kSequenceDigits = 20;

inline std::string_view write_sequence_number(char out[kSequenceDigits], std::uint64_t seq) {
  std::to_chars(out, out + kSequenceDigits, 10'000'000'000'000'000'000ull + seq);
  return {out, kSequenceDigits};
}

}  // namespace switchyard::sqs
