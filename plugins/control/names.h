// A name for what the client did not name: "mnq-quiet-meadow".
//
// Thread: pure function.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::control {

std::string generated_name(std::string_view prefix, std::uint32_t random);

}  // namespace switchyard::control
