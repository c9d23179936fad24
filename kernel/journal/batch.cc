#include "kernel/journal/batch.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "kernel/base/crc32c.h"

namespace switchyard::journal {

void BatchBuilder::begin() {
  start_ = payload_->size();
  if (start_ == 0 && payload_->capacity() < expected_) payload_->reserve(expected_);
  payload_->append(kRecordHeaderBytes, '\0');
}

BatchBuilder::Added BatchBuilder::end() {
  assert(payload_->size() >= start_ + kRecordHeaderBytes);
  const auto body_bytes = static_cast<std::uint32_t>(payload_->size() - start_ - kRecordHeaderBytes);
  char* header = payload_->data() + start_;
  std::memcpy(header + 4, &body_bytes, 4);
  const std::uint32_t crc = crc32c({header + 4, 4 + std::size_t{body_bytes}});
  std::memcpy(header, &crc, 4);
  ++records_;
  return {static_cast<std::uint32_t>(start_), body_bytes + static_cast<std::uint32_t>(kRecordHeaderBytes)};
}

std::shared_ptr<std::string> BatchBuilder::take() {
  start_ = 0;
  records_ = 0;
  // Follows rising loads at once and falling ones slowly, so that a batch is seldom copied to grow.
  const std::size_t used = std::min(payload_->size(), kMaxExpected);
  expected_ = std::max(used + used / 8, expected_ - expected_ / 4);
  return std::exchange(payload_, std::make_shared<std::string>());
}

bool open_record(std::string_view record, std::string_view& body) {
  if (record.size() < kRecordHeaderBytes) return false;
  std::uint32_t crc = 0;
  std::uint32_t body_bytes = 0;
  std::memcpy(&crc, record.data(), 4);
  std::memcpy(&body_bytes, record.data() + 4, 4);
  if (body_bytes != record.size() - kRecordHeaderBytes) return false;
  if (crc32c(record.substr(4)) != crc) return false;
  body = record.substr(kRecordHeaderBytes);
  return true;
}

}  // namespace switchyard::journal
