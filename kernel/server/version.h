// The product's version, from the build.
#pragma once
#include <string>

namespace switchyard::server {

#ifndef SWITCHYARD_VERSION
#error "the build defines SWITCHYARD_VERSION"
#endif
inline const std::string kVersion = SWITCHYARD_VERSION;

}  // namespace switchyard::server
