// The message calls of stream/1; table_stream.cc puts them into the table.  Their contracts stand in
// sdk/include/switchyard/plugin.h.
//
// Thread: [lane].
#pragma once
#include "kernel/base/result.h"
#include "kernel/plugin/call_pool.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

sw_status stream_append(const sw_host*, sw_namespace*, sw_stream_id, const sw_message* const*, size_t n,
                        uint32_t all_or_nothing, sw_append_done, void* user);
sw_status stream_fetch(const sw_host*, sw_namespace*, sw_stream_id, sw_str consumer, const sw_fetch*, sw_fetch_id*,
                       sw_fetch_done, void* user);
void stream_cancel_fetch(const sw_host*, sw_fetch_id);
sw_status stream_move(const sw_host*, sw_namespace*, sw_stream_id, sw_str consumer, const sw_move*, sw_move_done,
                      void* user);
sw_status stream_ack(const sw_host*, sw_namespace*, sw_stream_id, sw_str consumer, const sw_token*, size_t n,
                     uint32_t flags, sw_tokens_done, void* user);
sw_status stream_extend(const sw_host*, sw_namespace*, sw_stream_id, sw_str consumer, const sw_token*,
                        const uint32_t* after_ms, size_t n, uint32_t flags, sw_tokens_done, void* user);
sw_status stream_read(const sw_host*, sw_namespace*, sw_stream_id, uint64_t from, uint32_t max, sw_str filter,
                      sw_fetch_done, void* user);
sw_status stream_purge(const sw_host*, sw_namespace*, sw_stream_id, sw_done, void* user);
sw_status stream_state(const sw_host*, sw_namespace*, sw_stream_id, sw_str consumer, sw_state_done, void* user);

// Completes a call that has nothing to tell but its status.
void void_done(Call* call, const Status& status);

}  // namespace switchyard::plugin
