// The tables of C functions that plugins are lent, one per extension id.
//
// Thread: constants.
#pragma once
#include "switchyard/plugin.h"

namespace switchyard::plugin {

extern const sw_log_api kLogTable;
extern const sw_clock_api kClockTable;
extern const sw_auth_api kAuthTable;
extern const sw_http_api kHttpTable;
extern const sw_stream_api kStreamTable;
extern const sw_kv_api kKvTable;
extern const sw_metrics_api kMetricsTable;
extern const sw_accounts_api kAccountsTable;
extern const sw_listen_api kListenTable;
extern const sw_bus_api kBusTable;

}  // namespace switchyard::plugin
