// Probe is a plugin made of one lambda per request, for tests of the host in memory.
#pragma once
#include <functional>
#include <string>

#include "switchyard/plugin.hpp"
#include "switchyard/testing/host.hpp"

namespace switchyard::testing::test {

struct Probe {
  inline static const sw_host* host = nullptr;
  inline static std::function<void(sw_http_exchange*, const sw_http_request*)> on_request;
  inline static std::function<sw_status(std::string_view json, bool dry_run, sw_error*)> on_configure;
  inline static std::function<void()> on_drain, on_stop;

  static void reset() {
    on_request = {};
    on_configure = {};
    on_drain = on_stop = {};
  }
  template <class Table>
  static const Table* table() {
    return sdk::Ext<Table>(*host).get();
  }
  static void answer(sw_http_exchange* exchange, const std::string& body = "", unsigned status = 200) {
    table<sw_http_api>()->respond(exchange, status, nullptr, 0, sdk::bytes(body));
  }
  static sw_namespace* caller() { return sdk::anonymous_namespace(*host); }

  static const sw_entry* entry() {
    static const char* const needs[] = {SW_EXT_HTTP, nullptr};
    static const sw_info info = {sizeof info, 0, "test.probe", "probe", "1", "", "", "", needs, nullptr, "{}"};
    static const sw_plugin plugin = {
        sizeof plugin,
        0,
        [](const sw_host* h, void**, sw_error*) -> sw_status { return host = h, SW_OK; },
        [](void*, sw_str json, std::uint32_t dry_run, sw_error* error) -> sw_status {
          return on_configure ? on_configure(sdk::view(json), dry_run != 0, error) : SW_OK;
        },
        [](void*, sw_error* error) -> sw_status {
          static const sw_http_handler handler = {
              sizeof handler, 0, nullptr,
              [](void*, void*, sw_http_exchange* e, const sw_http_request* r) { on_request(e, r); }};
          return table<sw_http_api>()->route(host, sdk::str(""), sdk::str("/probe/*"), 0, &handler, error);
        },
        nullptr,
        nullptr,
        [](void*, std::uint32_t, void*) {
          if (on_drain) on_drain();
        },
        [](void*) {
          if (on_stop) on_stop();
        },
        [](void*) {},
        nullptr};
    static const sw_entry entry = {sizeof entry, SW_ABI_GENERATION, SW_ABI_REVISION, 1, &info, &plugin};
    return &entry;
  }
};

}  // namespace switchyard::testing::test
