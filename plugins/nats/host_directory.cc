#include "plugins/nats/host_directory.h"

namespace switchyard::nats {

bool HostDirectory::find_account(std::string_view account_key, DirectoryAccount& out) const {
  sw_namespace* ns = nullptr;
  const sw_namespace_info* info = nullptr;
  if (host_.auth->find_namespace(host_.host, to_str(account_key), &ns, &info) != SW_OK) return false;
  if (view(info->protocol) != "nats" || info->signing_key.len == 0) return false;
  out.namespace_id = view(info->id);
  out.signing_keys = {std::string(view(info->signing_key))};
  out.limits = LoginLimits{};
  out.limits.payload = info->max_message_bytes;
  return true;
}

DirectoryUser HostDirectory::find_user(std::string_view account_key, std::string_view user_key, std::int64_t) const {
  DirectoryUser user;
  user.revoked = true;
  const sw_principal* principal = nullptr;
  if (host_.auth->find_public(host_.host, to_str(user_key), &principal) != SW_OK) return user;
  const sw_namespace_info* info = nullptr;
  if (host_.auth->describe(host_.host, principal->ns, &info) != SW_OK || view(info->id) != account_key) return user;
  user.revoked = false;
  user.may_publish = (principal->permissions & SW_PERM_PUBLISH) != 0;
  user.may_subscribe = (principal->permissions & SW_PERM_RECEIVE) != 0;
  user.expires_s = principal->expires_ms / 1000;
  user.credential_id = view(principal->credential_id);
  return user;
}

}  // namespace switchyard::nats
