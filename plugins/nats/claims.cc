#include "plugins/nats/claims.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace switchyard::nats {
namespace {

constexpr int kV4Bits = 96;  // The prefix of mapped addresses.

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

std::optional<int> small_number(std::string_view text, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // from_chars takes a minus.
  if (text.front() == '-' || value > max) return std::nullopt;
  return value;
}

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;
};

std::optional<Address> parse_address(std::string_view text) {
  constexpr std::size_t kLongest = 45;
  if (text.empty() || text.size() > kLongest || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  Address out;
  if (inet_pton(AF_INET, copy.c_str(), out.bytes.data() + kV4Bits / 8) == 1) {
    out.bytes[10] = out.bytes[11] = 0xff;
    out.v4 = true;
    return out;
  }
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

}  // namespace

std::optional<ConnectionType> connection_type(std::string_view name) {
  static constexpr std::pair<std::string_view, ConnectionType> kNames[] = {
      {"STANDARD", ConnectionType::standard},
      {"WEBSOCKET", ConnectionType::websocket},
      {"LEAFNODE", ConnectionType::leafnode},
      {"LEAFNODE_WS", ConnectionType::leafnode_ws},
      {"MQTT", ConnectionType::mqtt},
      {"MQTT_WS", ConnectionType::mqtt_ws},
      {"IN_PROCESS", ConnectionType::in_process},
  };
  for (const auto& [known, type] : kNames) {
    if (known.size() != name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < name.size(); ++i) same = same && upper(name[i]) == known[i];
    if (same) return type;
  }
  return std::nullopt;
}

bool ConnectionTypes::add(std::string_view name) {
  restricted = true;
  const auto type = connection_type(name);
  if (type) allowed = static_cast<std::uint8_t>(allowed | static_cast<std::uint8_t>(*type));
  return type.has_value();
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto bits = small_number(text.substr(slash + 1), address->v4 ? 32 : 128);
  if (!bits) return std::nullopt;
  return Cidr{address->bytes, *bits + (address->v4 ? kV4Bits : 0)};
}

bool cidr_contains(const Cidr& range, std::string_view address) {
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  const auto whole = static_cast<std::size_t>(range.prefix_bits / 8);
  if (std::memcmp(parsed->bytes.data(), range.address.data(), whole) != 0) return false;
  const int rest = range.prefix_bits % 8;
  return rest == 0 || (parsed->bytes[whole] ^ range.address[whole]) >> (8 - rest) == 0;
}

std::optional<std::int32_t> parse_time_of_day(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 2 || text.size() != colon + 6) return std::nullopt;
  if (text[colon + 3] != ':') return std::nullopt;
  const auto hour = small_number(text.substr(0, colon), 23);
  const auto minute = small_number(text.substr(colon + 1, 2), 59);
  const auto second = small_number(text.substr(colon + 4), 59);
  if (!hour || !minute || !second) return std::nullopt;
  return (*hour * 60 + *minute) * 60 + *second;
}

bool Revocations::revoked(std::string_view key, std::int64_t issued_s) const {
  for (const auto name : {key, std::string_view("*")}) {
    const auto found = until_s.find(name);
    if (found != until_s.end() && found->second >= issued_s) return true;
  }
  return false;
}

}  // namespace switchyard::nats
