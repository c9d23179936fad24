// The C functions through which the server drives the plugin; nothing may be thrown past them.
#include <exception>
#include <memory>
#include <string>

#include "plugins/nats/client.h"
#include "plugins/nats/service.h"

namespace switchyard::nats {
namespace {

sw_status fail(sw_error* error, sw_status status, std::string_view text) {
  if (error == nullptr) return status;
  error->code = status;
  error->message[text.copy(error->message, sizeof error->message - 1)] = '\0';
  return status;
}

// Turns whatever `body` throws into a status.
template <class Body>
sw_status contained(sw_error* error, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::exception& e) {
    return fail(error, SW_INTERNAL, e.what());
  } catch (...) {
    return fail(error, SW_INTERNAL, "an unknown exception");
  }
}

sw_status create(const sw_host* host, void** self, sw_error* error) {
  return contained(error, [&]() -> sw_status {
    auto service = std::make_unique<Service>(host);
    if (!service->host().complete()) {
      return fail(error, SW_UNSUPPORTED, "the server lacks a capability that NATS needs: clock, auth, listen or bus");
    }
    *self = service.release();
    return SW_OK;
  });
}

sw_status configure(void* self, sw_str json, std::uint32_t dry_run, sw_error* error) {
  return contained(error, [&]() -> sw_status {
    const std::string wrong = static_cast<Service*>(self)->configure(view(json), dry_run != 0);
    return wrong.empty() ? SW_OK : fail(error, SW_INVALID, wrong);
  });
}

sw_status start(void* self, sw_error* error) {
  return contained(error, [&] { return static_cast<Service*>(self)->start(error); });
}

sw_status lane_start(void* self, std::uint32_t index, void** lane_state, sw_error* error) {
  return contained(error, [&]() -> sw_status {
    *lane_state = new Lane(*static_cast<Service*>(self), index);
    return SW_OK;
  });
}

void lane_stop(void*, std::uint32_t, void* lane_state) { delete static_cast<Lane*>(lane_state); }
void lane_drain(void*, std::uint32_t, void* lane_state) {
  for (auto* client : static_cast<Lane*>(lane_state)->clients) client->drain();
}
void stop(void*) {}
void destroy(void* self) { delete static_cast<Service*>(self); }
const void* extension(void*, const char*) { return nullptr; }

constexpr sw_plugin kPlugin = {sizeof(sw_plugin), 0,          create, configure, start,    lane_start,
                               lane_stop,         lane_drain, stop,   destroy,   extension};

}  // namespace

const sw_plugin* plugin_table() { return &kPlugin; }

}  // namespace switchyard::nats
