#include "kernel/account/records.h"

#include "kernel/base/bytes.h"

namespace switchyard::account {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint64_t kNsPerMs = 1'000'000;

void write_optional(ByteWriter& w, const std::optional<std::uint64_t>& value) { w.varint(value ? *value + 1 : 0); }

std::optional<std::uint64_t> read_optional(ByteReader& r) {
  const auto value = r.varint();
  return value == 0 ? std::nullopt : std::optional(value - 1);
}

// Version 1 counted milliseconds.
std::int64_t read_time(ByteReader& r, std::uint8_t version) {
  const auto value = static_cast<std::uint64_t>(r.svarint());
  return static_cast<std::int64_t>(version == 1 ? value * kNsPerMs : value);
}

template <class Enum>
bool read_enum(ByteReader& r, Enum last, Enum& out) {
  const auto value = r.u8();
  out = static_cast<Enum>(value);
  return value >= 1 && value <= static_cast<std::uint8_t>(last);
}

}  // namespace

std::string namespace_key(std::string_view id) { return std::string(kNamespacePrefix).append(id); }

std::string owner_name(std::string_view owner, std::string_view region) {
  std::string name(owner);
  if (!region.empty()) (name += '@') += region;
  return name;
}

std::string owner_name(const Namespace& ns) {
  return owner_name(ns.owner, ns.style == Style::project ? std::string_view(ns.region) : std::string_view());
}

std::string owner_key(Protocol protocol, std::string_view owner_name) {
  return std::string(kOwnerPrefix).append(protocol_name(protocol)).append("/").append(owner_name);
}

std::string owned_prefix(std::string_view table, NamespaceNumber number, std::string_view part) {
  std::string key(table);
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key.append(part);
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
  w.svarint(ns.created_ns);
  w.svarint(ns.updated_ns);
  write_optional(w, ns.limits.max_message_bytes);
  write_optional(w, ns.limits.max_stored_bytes);
  write_optional(w, ns.limits.requests_per_second);
  write_optional(w, ns.limits.max_connections);
  w.u8(ns.services);
  for (const auto* times : {&ns.sqs_times, &ns.sns_times}) {
    w.svarint(times->created_ns);
    w.svarint(times->updated_ns);
  }
  w.string(ns.signing_key);
  w.string(ns.sealed_signing_seed);
  return out;
}

std::optional<Namespace> decode_namespace(std::string_view key, std::string_view value) {
  if (!key.starts_with(kNamespacePrefix)) return std::nullopt;
  ByteReader r(value);
  Namespace ns;
  ns.id = key.substr(kNamespacePrefix.size());
  const auto version = r.u8();
  if (version < 1 || version > kVersion) return std::nullopt;
  if (!read_enum(r, Protocol::webhooks, ns.protocol)) return std::nullopt;
  if (!read_enum(r, Style::namespace_id, ns.style)) return std::nullopt;
  if (!read_enum(r, Origin::dev, ns.origin)) return std::nullopt;
  ns.shard = r.u16();
  ns.name = r.string();
  ns.owner = r.string();
  ns.account_id = r.string();
  ns.project_id = r.string();
  ns.region = r.string();
  ns.created_ns = read_time(r, version);
  ns.updated_ns = read_time(r, version);
  ns.limits.max_message_bytes = read_optional(r);
  ns.limits.max_stored_bytes = read_optional(r);
  ns.limits.requests_per_second = read_optional(r);
  ns.limits.max_connections = read_optional(r);
  if (version >= 2) {
    ns.services = r.u8();
    for (auto* times : {&ns.sqs_times, &ns.sns_times}) {
      times->created_ns = r.svarint();
      times->updated_ns = r.svarint();
    }
    ns.signing_key = r.string();
    ns.sealed_signing_seed = r.string();
  }
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
  w.svarint(credential.created_ns);
  w.svarint(credential.updated_ns);
  w.svarint(credential.expires_ms);
  w.string(credential.sealed_secret);
  w.u8(credential.services);
  w.string(credential.checksum);
  return out;
}

std::optional<Credential> decode_credential(std::string_view key, std::string_view value) {
  if (!key.starts_with(kCredentialPrefix)) return std::nullopt;
  ByteReader r(value);
  Credential credential;
  credential.access_key = key.substr(kCredentialPrefix.size());
  const auto version = r.u8();
  if (version < 1 || version > kVersion) return std::nullopt;
  credential.permissions = r.u8();
  credential.id = r.string();
  credential.name = r.string();
  credential.namespace_id = r.string();
  credential.created_ns = read_time(r, version);
  credential.updated_ns = read_time(r, version);
  credential.expires_ms = r.svarint();
  credential.sealed_secret = r.string();
  if (version >= 2) {
    credential.services = r.u8();
    credential.checksum = r.string();
  }
  if (r.failed() || !r.empty()) return std::nullopt;
  return credential;
}

}  // namespace switchyard::account
