#include "kernel/stream/chunk_codec.h"

#include "kernel/base/bytes.h"
#include "kernel/base/crc32c.h"

namespace switchyard::stream {
namespace {

constexpr std::size_t kCrcBytes = 4;

std::uint32_t checksum(ChunkNo no, std::string_view bytes) {
  std::string number;
  ByteWriter(number).u64(no);
  return crc32c(bytes, crc32c(number));
}

std::string_view kind_name(ImageFormat kind) {
  switch (kind) {
    case ImageFormat::sequences:
      return "sequence chunk";
    case ImageFormat::leases:
      return "lease chunk";
    case ImageFormat::dedup:
      return "dedup block";
  }
  return "chunk";
}

}  // namespace

std::string begin_image(ImageFormat kind) { return std::string(1, static_cast<char>(kind)); }

void seal_image(ChunkNo no, std::string& out) {
  const std::uint32_t crc = checksum(no, out);
  ByteWriter(out).u32(crc);
}

Error bad_image(ImageFormat kind, ChunkNo no, std::string_view why) {
  return Error{Code::corrupt, "index image of " + std::string(kind_name(kind)) + " " + std::to_string(no) + " " +
                                  std::string(why) + "; restore the data folder from a copy"};
}

Result<std::string_view> open_image(ImageFormat kind, ChunkNo no, std::string_view image) {
  if (no > kMaxChunkNo) return bad_image(kind, no, "has an impossible number");
  if (image.size() < 1 + kCrcBytes) return bad_image(kind, no, "is cut off");
  const auto framed = image.substr(0, image.size() - kCrcBytes);
  ByteReader crc(image.substr(framed.size()));
  if (crc.u32() != checksum(no, framed)) return bad_image(kind, no, "fails its checksum");
  if (static_cast<std::uint8_t>(framed.front()) != static_cast<std::uint8_t>(kind)) {
    return bad_image(kind, no, "has an unknown format");
  }
  return framed.substr(1);
}

}  // namespace switchyard::stream
