// RandomIds hands out UUIDs (version 4) from a buffer of random bytes that the server fills.
//
// Asking the server per id would cost a system call per request.
//
// Thread: one lane.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "plugins/aws/encoding.h"
#include "plugins/aws/host.h"

namespace switchyard::aws {

class RandomIds {
 public:
  explicit RandomIds(const Host& host) : host_(host) {}

  void append_uuid(std::string& out) {
    if (used_ == pool_.size()) {
      host_.clock->random(host_.host, pool_.data(), pool_.size());
      used_ = 0;
    }
    std::uint8_t* id = pool_.data() + used_;
    used_ += 16;
    id[6] = static_cast<std::uint8_t>((id[6] & 0x0f) | 0x40);
    id[8] = static_cast<std::uint8_t>((id[8] & 0x3f) | 0x80);
    aws::append_uuid(out, id);
  }

 private:
  const Host& host_;
  std::array<std::uint8_t, 2048> pool_;
  std::size_t used_ = sizeof pool_;
};

}  // namespace switchyard::aws
