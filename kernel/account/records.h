// The key-value records of namespaces and credentials, byte by byte in FORMAT.md.
//
// Failure: decoders return nothing for bytes that are malformed or of a newer version.
//
// Thread: pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "kernel/account/types.h"

namespace switchyard::account {

inline constexpr std::string_view kNamespacePrefix = "ns/";
inline constexpr std::string_view kOwnerPrefix = "ns.owner/";
inline constexpr std::string_view kCredentialPrefix = "cred/";

std::string namespace_key(std::string_view id);
// What is unique among the namespaces of a protocol: the owner, and for a project its region, too.
std::string owner_name(const Namespace& ns);
std::string owner_name(std::string_view owner, std::string_view region);
// Holds the id; there is one, so two namespaces of a protocol cannot have one owner.
std::string owner_key(Protocol protocol, std::string_view owner_name);
// Where other rooms keep what a namespace owns: the table, then its number (8 bytes, big-endian).  Deleting
// a namespace erases these prefixes.  `part` narrows to what one plugin has ("sqs/"), or is empty.
inline constexpr std::string_view kOwnedTables[] = {"stream/", "plugin/"};
std::string owned_prefix(std::string_view table, NamespaceNumber number, std::string_view part);
// By access key, which makes it unique; also the additional data of the sealed secret.
std::string credential_key(std::string_view access_key);

std::string encode(const Namespace& ns);
std::optional<Namespace> decode_namespace(std::string_view key, std::string_view value);
std::string encode(const Credential& credential);
std::optional<Credential> decode_credential(std::string_view key, std::string_view value);

}  // namespace switchyard::account
