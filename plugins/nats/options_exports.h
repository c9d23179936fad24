// What accounts share: exports{...} and imports{...} of streams and services.
//
// Failure: problems are reported in the reader; an entry with a problem is not kept.
// Thread: the control thread.
#pragma once
#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

bool read_exports(OptionsReader& reader, const ConfMember& block, std::vector<ExportOptions>& out);
bool read_imports(OptionsReader& reader, const ConfMember& block, std::vector<ImportOptions>& out);

}  // namespace switchyard::nats
