/* Tables reach plugins as `const void *`, where a comparison of libraries cannot see them.  This library
 * names every type of plugin.h in a signature, so that abidiff can. */
#include <switchyard/plugin.h>

#define SW_WITNESS(type)                 \
  SW_EXPORT void witness_##type(type *); \
  void witness_##type(type *p) { (void)p; }

SW_WITNESS(sw_str)
SW_WITNESS(sw_bytes)
SW_WITNESS(sw_pair)
SW_WITNESS(sw_token)
SW_WITNESS(sw_error)
SW_WITNESS(sw_host)
SW_WITNESS(sw_info)
SW_WITNESS(sw_plugin)
SW_WITNESS(sw_entry)
SW_WITNESS(sw_log_api)
SW_WITNESS(sw_clock_api)
SW_WITNESS(sw_principal)
SW_WITNESS(sw_namespace_info)
SW_WITNESS(sw_mac_check)
SW_WITNESS(sw_auth_api)
SW_WITNESS(sw_http_request)
SW_WITNESS(sw_http_handler)
SW_WITNESS(sw_http_api)
SW_WITNESS(sw_stream_config)
SW_WITNESS(sw_consumer_config)
SW_WITNESS(sw_stream_info)
SW_WITNESS(sw_stream_state)
SW_WITNESS(sw_message)
SW_WITNESS(sw_appended)
SW_WITNESS(sw_delivery)
SW_WITNESS(sw_fetch)
SW_WITNESS(sw_stream_api)
SW_WITNESS(sw_kv_api)
SW_WITNESS(sw_metrics_api)
