#include "kernel/server/dev_admin.h"

#include <cstring>

#include "kernel/base/ids.h"
#include "kernel/server/yaml_tree.h"

namespace switchyard::server {
namespace {

UuidBytes derive(const SipKey& secret, std::string_view label) {
  const auto [low, high] = siphash128(secret, label);
  UuidBytes bytes;
  std::memcpy(bytes.data(), &low, sizeof low);
  std::memcpy(bytes.data() + sizeof low, &high, sizeof high);
  return bytes;
}

std::string derive_uuid(const SipKey& secret, std::string_view label) {
  auto bytes = derive(secret, label);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  return format_uuid(bytes);
}

}  // namespace

DevAdmin derive_dev_admin(const SipKey& folder_secret) {
  constexpr std::size_t kAccessKeyTail = 17;
  const auto bytes = derive(folder_secret, "dev admin access key");
  const auto tail = base32_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return {"SCW" + tail.substr(0, kAccessKeyTail), derive_uuid(folder_secret, "dev admin secret key"),
          derive_uuid(folder_secret, "dev project"), derive_uuid(folder_secret, "dev organization")};
}

bool give_dev_admin(plugin::PluginSpec& spec, const DevAdmin& admin) {
  const auto section = parse_yaml(spec.section, "plugins.control");
  if (!section || (section->is_map() && section->find("admins") != nullptr)) return false;
  const std::string admins = R"("admins":[{"name":"dev","access_key":")" + admin.access_key + R"(","secret_key":")" +
                             admin.secret_key + R"(","organization_id":")" + admin.organization_id + "\"}]";
  const auto at = spec.section.find('{');
  if (at == std::string::npos) {
    spec.section = "{" + admins + "}";
  } else {
    const bool empty = spec.section.find_first_not_of(" \n", at + 1) == spec.section.find('}', at);
    spec.section.insert(at + 1, admins + (empty ? "" : ","));
  }
  return true;
}

}  // namespace switchyard::server
