// A batch is the unit of atomicity: some records that survive together or not at all.
//
// BatchBuilder encodes records straight into the buffer that is written to disk.  A record is
//   u32 crc32c(length field and body) | u32 length of body | body
// so that one record can be read back and checked without its batch.  What a body means belongs to
// the stream room.  FORMAT.md has every byte.
//
// Thread: a builder belongs to one lane.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kernel/base/bytes.h"

namespace switchyard::journal {

// Where a record lies.  Segment 0 is never used: a zero Place is nowhere.
struct Place {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;  // Of the record's header in the segment file.
  std::uint32_t length = 0;  // Header included.
  friend bool operator==(const Place&, const Place&) = default;
};

inline constexpr std::size_t kRecordHeaderBytes = 8;

class BatchBuilder {
 public:
  BatchBuilder() : payload_(std::make_shared<std::string>()) {}

  // Usage: begin(), append to writer(), then end() -> {offset in the payload, length with header}.
  void begin();
  ByteWriter writer() { return ByteWriter(*payload_); }
  struct Added {
    std::uint32_t offset;
    std::uint32_t length;
  };
  Added end();

  std::size_t bytes() const { return payload_->size(); }
  std::uint32_t records() const { return records_; }
  bool empty() const { return records_ == 0; }
  // Gives the payload away and starts a new one.
  std::shared_ptr<std::string> take();

 private:
  std::shared_ptr<std::string> payload_;
  static constexpr std::size_t kMaxExpected = 64 * 1024;
  std::size_t start_ = 0;
  std::size_t expected_ = 0;  // Bytes that the next batch will probably have.
  std::uint32_t records_ = 0;
};

// Splits the body off a record after checking its length and checksum; false if it is damaged.
bool open_record(std::string_view record, std::string_view& body);

}  // namespace switchyard::journal
