// The websocket{...} block.
//
// Failure: problems are reported in the reader.
// Thread: the control thread.
#pragma once
#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

bool read_websocket(OptionsReader& reader, const ConfMember& block, WebsocketOptions& out);

}  // namespace switchyard::nats
