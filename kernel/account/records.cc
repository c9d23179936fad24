#include "kernel/account/records.h"

#include "kernel/base/bytes.h"

namespace switchyard::account {
namespace {

constexpr std::uint8_t kVersion = 1;

void write_optional(ByteWriter& w, const std::optional<std::uint64_t>& value) { w.varint(value ? *value + 1 : 0); }

std::optional<std::uint64_t> read_optional(ByteReader& r) {
  const auto value = r.varint();
  return value == 0 ? std::nullopt : std::optional(value - 1);
}

template <class Enum>
bool read_enum(ByteReader& r, Enum last, Enum& out) {
  const auto value = r.u8();
  out = static_cast<Enum>(value);
  return value >= 1 && value <= static_cast<std::uint8_t>(last);
}

}  // namespace

std::string namespace_key(std::string_view id) { return std::string(kNamespacePrefix).append(id); }

std::string owner_key(Protocol protocol, std::string_view owner) {
  return std::string(kOwnerPrefix).append(protocol_name(protocol)).append("/").append(owner);
}

std::string credential_key(std::string_view access_key) { return std::string(kCredentialPrefix).append(access_key); }

std::string encode(const Namespace& ns) {
  std::string out;
  ByteWriter w(out);
  w.u8(kVersion);
  w.u8(static_cast<std::uint8_t>(ns.protocol));
  w.u8(static_cast<std::uint8_t>(ns.style));
  w.u8(static_cast<std::uint8_t>(ns.origin));
  w.u16(ns.shard);
  w.string(ns.name);
  w.string(ns.owner);
  w.string(ns.account_id);
  w.string(ns.project_id);
  w.string(ns.region);
  w.svarint(ns.created_ms);
  w.svarint(ns.updated_ms);
  write_optional(w, ns.limits.max_message_bytes);
  write_optional(w, ns.limits.max_stored_bytes);
  write_optional(w, ns.limits.requests_per_second);
  write_optional(w, ns.limits.max_connections);
  return out;
}

std::optional<Namespace> decode_namespace(std::string_view key, std::string_view value) {
  if (!key.starts_with(kNamespacePrefix)) return std::nullopt;
  ByteReader r(value);
  Namespace ns;
  ns.id = key.substr(kNamespacePrefix.size());
  if (r.u8() != kVersion) return std::nullopt;
  if (!read_enum(r, Protocol::webhooks, ns.protocol)) return std::nullopt;
  if (!read_enum(r, Style::namespace_id, ns.style)) return std::nullopt;
  if (!read_enum(r, Origin::dev, ns.origin)) return std::nullopt;
  ns.shard = r.u16();
  ns.name = r.string();
  ns.owner = r.string();
  ns.account_id = r.string();
  ns.project_id = r.string();
  ns.region = r.string();
  ns.created_ms = r.svarint();
  ns.updated_ms = r.svarint();
  ns.limits.max_message_bytes = read_optional(r);
  ns.limits.max_stored_bytes = read_optional(r);
  ns.limits.requests_per_second = read_optional(r);
  ns.limits.max_connections = read_optional(r);
  if (r.failed() || !r.empty()) return std::nullopt;
  return ns;
}

std::string encode(const Credential& credential) {
  std::string out;
  ByteWriter w(out);
  w.u8(kVersion);
  w.u8(static_cast<std::uint8_t>(credential.permissions));
  w.string(credential.id);
  w.string(credential.name);
  w.string(credential.namespace_id);
  w.svarint(credential.created_ms);
  w.svarint(credential.updated_ms);
  w.svarint(credential.expires_ms);
  w.string(credential.sealed_secret);
  return out;
}

std::optional<Credential> decode_credential(std::string_view key, std::string_view value) {
  if (!key.starts_with(kCredentialPrefix)) return std::nullopt;
  ByteReader r(value);
  Credential credential;
  credential.access_key = key.substr(kCredentialPrefix.size());
  if (r.u8() != kVersion) return std::nullopt;
  credential.permissions = r.u8();
  credential.id = r.string();
  credential.name = r.string();
  credential.namespace_id = r.string();
  credential.created_ms = r.svarint();
  credential.updated_ms = r.svarint();
  credential.expires_ms = r.svarint();
  credential.sealed_secret = r.string();
  if (r.failed() || !r.empty()) return std::nullopt;
  return credential;
}

}  // namespace switchyard::account
