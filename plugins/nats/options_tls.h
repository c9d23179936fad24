// The tls{...} block of the client listener and of the WebSocket listener.
//
// Certificates are named here, not opened: whoever starts the listener reads them and says what is wrong with them.
// Failure: problems are reported in the reader; false means that the block cannot be used.
// Thread: the control thread.
#pragma once
#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

bool read_tls_options(OptionsReader& reader, const ConfMember& block, TlsOptions& out);

}  // namespace switchyard::nats
