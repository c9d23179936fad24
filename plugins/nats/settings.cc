#include "plugins/nats/settings.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <limits>
#include <optional>
#include <variant>

namespace switchyard::nats {

namespace json = boost::json;

const char* const kConfigKeys =
    R"json({"listen":{"type":"string","default":"127.0.0.1:4222","help":"where NATS clients connect; port 0 = any free one"},)json"
    R"json("public_url":{"type":"string","default":"","help":"where clients reach it, for what the control API answers"},)json"
    R"json("server_name":{"type":"string","default":"","help":"shown to clients; empty: the server's id"},)json"
    R"json("max_connections":{"type":"integer","default":65536,"help":"at once; more are told so and closed"},)json"
    R"json("max_control_line":{"type":"size","default":"4KiB","help":"of a line of the protocol"},)json"
    R"json("max_payload":{"type":"size","default":"1MiB","help":"of header and body of a message"},)json"
    R"json("max_pending":{"type":"size","default":"64MiB","help":"queued for one connection; one that reads too slowly is closed"},)json"
    R"json("max_subscriptions":{"type":"integer","default":0,"help":"of one connection; 0 = no limit"},)json"
    R"json("ping_interval":{"type":"duration","default":"2m","help":"how often a connection is asked whether it is there"},)json"
    R"json("ping_max":{"type":"integer","default":2,"help":"unanswered so often, and it is closed"},)json"
    R"json("auth_timeout":{"type":"duration","default":"2s","help":"from the connection to a CONNECT that proves who it is"},)json"
    R"json("write_deadline":{"type":"duration","default":"10s","help":"a connection that takes nothing for so long while something is queued is closed"}})json";

namespace {

// A number and its unit, if one of `units` follows.
struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit kSizes[] = {{"", 1}, {"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};
constexpr Unit kDurations[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kNumbers[] = {{"", 1}};

template <std::size_t N>
std::optional<std::uint64_t> amount(const json::value& value, const Unit (&units)[N]) {
  if (value.is_int64() && value.get_int64() >= 0 && units[0].name.empty()) {
    return static_cast<std::uint64_t>(value.get_int64());
  }
  if (!value.is_string()) return std::nullopt;
  const std::string_view text(value.get_string().data(), value.get_string().size());
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& known : units) {
    if (known.name != unit) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / known.factor) return std::nullopt;
    return number * known.factor;
  }
  return std::nullopt;
}

enum class Kind { text, number, size, duration };

struct Key {
  std::string_view name;
  Kind kind;
  std::uint64_t least, most;
  std::variant<std::string Settings::*, std::uint32_t Settings::*, std::uint64_t Settings::*, std::monostate> to;
  std::string_view range;
};

const Key kKeys[] = {
    {"listen", Kind::text, 0, 0, &Settings::listen, "an address such as 127.0.0.1:4222"},
    {"server_name", Kind::text, 0, 0, &Settings::server_name, "a name"},
    {"public_url", Kind::text, 0, 0, std::monostate(), "a URL such as nats://queue.example.com:4222"},
    {"max_connections", Kind::number, 1, 10'000'000, &Settings::max_connections, "a number from 1 to 10000000"},
    {"max_control_line", Kind::size, 512, 1 << 20, &Settings::max_control_line, "a size from 512B to 1MiB"},
    {"max_payload", Kind::size, 1, 64 << 20, &Settings::max_payload, "a size from 1B to 64MiB"},
    {"max_pending", Kind::size, 1 << 16, std::uint64_t{1} << 32, &Settings::max_pending, "a size from 64KiB to 4GiB"},
    {"max_subscriptions", Kind::number, 0, 100'000'000, &Settings::max_subscriptions, "a number from 0 to 100000000"},
    {"ping_interval", Kind::duration, 10, 86'400'000, &Settings::ping_interval_ms, "a duration from 10ms to 1d"},
    {"ping_max", Kind::number, 1, 1000, &Settings::ping_max, "a number from 1 to 1000"},
    {"auth_timeout", Kind::duration, 10, 600'000, &Settings::auth_timeout_ms, "a duration from 10ms to 10m"},
    {"write_deadline", Kind::duration, 10, 3'600'000, &Settings::write_deadline_ms, "a duration from 10ms to 1h"},
};

bool assign(const Key& key, const json::value& value, Settings& out) {
  if (key.kind == Kind::text) {
    if (!value.is_string()) return false;
    if (const auto* to = std::get_if<std::string Settings::*>(&key.to)) {
      out.*(*to) = std::string(value.get_string().data(), value.get_string().size());
    }
    return true;
  }
  std::optional<std::uint64_t> number;
  if (key.kind == Kind::number) number = amount(value, kNumbers);
  if (key.kind == Kind::size) number = amount(value, kSizes);
  if (key.kind == Kind::duration) number = amount(value, kDurations);
  if (!number || *number < key.least || *number > key.most) return false;
  if (const auto* to = std::get_if<std::uint32_t Settings::*>(&key.to))
    out.*(*to) = static_cast<std::uint32_t>(*number);
  if (const auto* to = std::get_if<std::uint64_t Settings::*>(&key.to)) out.*(*to) = *number;
  return true;
}

bool is_servers_key(std::string_view key) {
  return key == "enabled" || key == "path" || key == "anonymous_namespace" || key == "required" || key == "sha256";
}

}  // namespace

bool parse_settings(std::string_view text, Settings& out, std::string& error) {
  out = Settings{};
  if (text.empty()) return true;
  boost::system::error_code failure;
  const json::value section = json::parse({text.data(), text.size()}, failure);
  if (!failure && section.is_null()) return true;
  if (failure || !section.is_object()) {
    error = "plugins.nats must be a map of settings";
    return false;
  }
  for (const auto& [name, value] : section.get_object()) {
    const std::string_view key(name.data(), name.size());
    if (is_servers_key(key)) continue;
    const auto* known = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& k) { return k.name == key; });
    if (known == std::end(kKeys)) {
      error = "plugins.nats." + std::string(key) + " is not a setting; `switchyard help config` lists them";
      return false;
    }
    if (assign(*known, value, out)) continue;
    error = "plugins.nats." + std::string(key) + " is " + json::serialize(value) + "; it must be " +
            std::string(known->range);
    return false;
  }
  if (out.max_payload > out.max_pending) {
    error = "plugins.nats.max_payload is above max_pending: no message of that size could be delivered; lower it";
    return false;
  }
  return true;
}

}  // namespace switchyard::nats
