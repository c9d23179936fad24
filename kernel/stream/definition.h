// How a stream's definition is written as a key-value record, and where.
//
// Key: "stream/" | u64 namespace, big-endian | name.  Value: see kernel/stream/FORMAT.md.  The id of a
// stream is the revision that created the record, so a name that is used again is another stream.
//
// Failure: decode() refuses malformed bytes with Code::corrupt.
//
// Thread: pure functions.
#pragma once
#include <string>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/store/kv.h"
#include "kernel/stream/types.h"

namespace switchyard::stream {

inline constexpr std::string_view kDefinitionPrefix = "stream/";

std::string definition_key(NamespaceId ns, std::string_view name);
// The same, in memory that is used again.
void write_definition_key(std::string& out, NamespaceId ns, std::string_view name);
std::string encode_definition(const Definition& definition);
Result<DefinitionPtr> decode_definition(std::string_view key, const store::KvEntry& entry);

// What create() and update() refuse; the sentence names the member and its bound.
Status check_definition(std::string_view name, const StreamConfig& config,
                        const std::vector<ConsumerConfig>& consumers);

}  // namespace switchyard::stream
