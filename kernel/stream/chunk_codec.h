// The frame around every chunk image: u8 kind | body | u32 crc32c.
//
// The checksum also covers the chunk's number, so that an image under the wrong key of the store is as
// bad as a flipped bit.  `kind` says what the body is and in which version; a new layout is a new kind.
//
// Failure: open_image() gives Code::corrupt with the kind and number of the image.
//
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/stream/chunk.h"

namespace switchyard::stream {

enum class ImageFormat : std::uint8_t { sequences = 0x11, leases = 0x21, dedup = 0x31 };

// Sequences stay below 2^62 (a million a second for 146,000 years): postings use the two bits above.
inline constexpr ChunkNo kMaxChunkNo = (std::uint64_t{1} << 62) / kChunkSeqs - 1;

// An image begins with its kind; a body is appended, then it is sealed with its checksum.
std::string begin_image(ImageFormat kind);
void seal_image(ChunkNo no, std::string& out);

// The body of an image, or why it is none.
Result<std::string_view> open_image(ImageFormat kind, ChunkNo no, std::string_view image);

Error bad_image(ImageFormat kind, ChunkNo no, std::string_view why);

}  // namespace switchyard::stream
