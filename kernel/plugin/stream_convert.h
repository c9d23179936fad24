// Conversions of stream/1: definitions, configurations and messages between the C structs and the
// stream room's types.
//
// Text and bodies are never copied here; arrays come from the lane's scratch memory.
//
// Failure: configurations that break a rule of the header are Code::invalid with a sentence.
//
// Thread: the lane whose scratch is used.
#pragma once
#include <span>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/plugin/lane_context.h"
#include "kernel/stream/types.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

Result<stream::StreamConfig> stream_config(const sw_stream_config* from);
Result<std::vector<stream::ConsumerConfig>> consumer_configs(const sw_consumer_config* const* from, std::size_t n);
// Lent to the plugin until its callback returns.
const sw_stream_info* lend_definition(Scratch& scratch, stream::DefinitionPtr definition);

// Empty when a message is malformed.
std::span<const stream::MessageIn> messages_in(Scratch& scratch, const sw_message* const* from, std::size_t n);
const sw_appended* const* appended_out(Scratch& scratch, std::span<const stream::Appended> from);
const sw_delivery* const* deliveries_out(Scratch& scratch, std::span<const stream::Delivery> from);
std::span<const stream::Token> tokens_in(Scratch& scratch, const sw_token* from, std::size_t n);

}  // namespace switchyard::plugin
