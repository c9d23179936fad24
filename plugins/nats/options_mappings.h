// Subject mappings: `source: destination`, a map with a weight, or an array of such maps.
//
// Destinations keep their functions ($1, {{partition(...)}}) as text; the router compiles and checks them.
// Failure: problems are reported in the reader.
// Thread: the control thread.
#pragma once
#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

bool read_mappings(OptionsReader& reader, const ConfMember& block, std::vector<MappingOptions>& out);

}  // namespace switchyard::nats
