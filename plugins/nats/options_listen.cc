#include "plugins/nats/options_listen.h"

#include <charconv>

namespace switchyard::nats {
namespace {

bool split_host_port(std::string_view text, std::string_view& host, std::string_view& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  host = text.substr(0, colon);
  port = text.substr(colon + 1);
  if (!host.empty() && host.front() == '[') {
    if (host.back() != ']' || host.size() < 2) return false;
    host = host.substr(1, host.size() - 2);
    return host.find_first_of("[]") == std::string_view::npos;
  }
  // A second colon outside of brackets: nobody can say where the host ends.
  return host.find_first_of(":[]") == std::string_view::npos;
}

}  // namespace

bool parse_listen_address(std::string_view text, ListenAddress& out, std::string& error) {
  std::string_view host, port;
  if (!split_host_port(text, host, port)) {
    error = "could not parse address string \"" + std::string(text) + "\"";
    return false;
  }
  int number = 0;
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (code != std::errc() || end != port.data() + port.size() || number < kAnyPort || number > 65535) {
    error = "could not parse port \"" + std::string(port) + "\"";
    return false;
  }
  out.host.assign(host);
  out.port = number;
  return true;
}

bool read_listen_address(OptionsReader& reader, const ConfMember& field, ListenAddress& out) {
  if (field.value.is(ConfValue::Kind::integer)) {
    out.host.clear();
    return reader.port(field, out.port);
  }
  if (!field.value.is(ConfValue::Kind::text)) {
    return reader.error(field.value.place,
                        std::string("expected port or host:port, got ") + describe(field.value.kind));
  }
  std::string why;
  return parse_listen_address(field.value.text, out, why) || reader.error(field.value.place, why);
}

}  // namespace switchyard::nats
