#include "plugins/nats/lane.h"

#include <utility>

namespace switchyard::nats {

void Lane::count() {
  const auto& to = service.counters();
  const auto add = [this](sw_counter* counter, std::uint64_t& n) {
    if (n != 0 && counter != nullptr) host.metrics->add(counter, n);
    n = 0;
  };
  add(to.in_messages, in_messages);
  add(to.in_bytes, in_bytes);
  add(to.out_messages, out_messages);
  add(to.out_bytes, out_bytes);
}

}  // namespace switchyard::nats
