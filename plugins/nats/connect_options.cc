#include "plugins/nats/connect_options.h"

#include <array>
#include <boost/json.hpp>
#include <new>

#include "plugins/nats/utf8.h"

namespace switchyard::nats {
namespace {

namespace json = boost::json;

struct FlagField {
  std::string_view name;
  bool ConnectOptions::*place;
};

struct TextField {
  std::string_view name;
  std::string ConnectOptions::*place;
};

constexpr std::array<FlagField, 7> kFlags = {{
    {"verbose", &ConnectOptions::verbose},
    {"pedantic", &ConnectOptions::pedantic},
    {"echo", &ConnectOptions::echo},
    {"tls_required", &ConnectOptions::tls_required},
    {"headers", &ConnectOptions::headers},
    {"no_responders", &ConnectOptions::no_responders},
    {"new_account", &ConnectOptions::new_account},
}};

constexpr std::array<TextField, 11> kTexts = {{
    {"name", &ConnectOptions::name},
    {"lang", &ConnectOptions::lang},
    {"version", &ConnectOptions::version},
    {"account", &ConnectOptions::account},
    {"user", &ConnectOptions::user},
    {"pass", &ConnectOptions::pass},
    {"auth_token", &ConnectOptions::auth_token},
    {"nkey", &ConnectOptions::nkey},
    {"jwt", &ConnectOptions::jwt},
    {"sig", &ConnectOptions::sig},
    {"proxy_sig", &ConnectOptions::proxy_sig},
}};

bool is_name(std::string_view key, std::string_view name) {
  if (key.size() != name.size()) return false;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i] >= 'A' && key[i] <= 'Z' ? static_cast<char>(key[i] + ('a' - 'A')) : key[i];
    if (c != name[i]) return false;
  }
  return true;
}

// Monitoring shows these texts in JSON, so what is not UTF-8 is replaced here, as nats-server does.
std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

bool take_number(const json::value& value, std::int64_t& place) {
  if (!value.is_int64()) return false;  // A fraction, an exponent, or beyond 64 bits.
  place = value.get_int64();
  return true;
}

bool take_field(std::string_view key, const json::value& value, ConnectOptions& options) {
  if (value.is_null()) return true;
  for (const FlagField& field : kFlags) {
    if (!is_name(key, field.name)) continue;
    if (!value.is_bool()) return false;
    options.*field.place = value.get_bool();
    return true;
  }
  for (const TextField& field : kTexts) {
    if (!is_name(key, field.name)) continue;
    if (!value.is_string()) return false;
    options.*field.place = clean(value.get_string());
    return true;
  }
  if (is_name(key, "protocol")) return take_number(value, options.protocol);
  return true;
}

bool decode(std::string_view text, ConnectOptions& options) {
  // Clients send a few hundred bytes: their tree fits here and nothing is allocated for it.
  alignas(std::max_align_t) unsigned char room[4096];
  json::monotonic_resource memory(room, sizeof room);
  json::parse_options rules;
  rules.max_depth = kMaxConnectDepth;
  rules.allow_invalid_utf8 = true;

  boost::system::error_code error;
  const json::value tree = json::parse({text.data(), text.size()}, error, &memory, rules);
  if (error) return false;
  if (tree.is_null()) return true;
  if (!tree.is_object()) return false;

  ConnectOptions changed = options;
  for (const auto& field : tree.get_object()) {
    if (!take_field({field.key().data(), field.key().size()}, field.value(), changed)) return false;
  }
  options = std::move(changed);
  return true;
}

}  // namespace

bool decode_connect(std::string_view text, ConnectOptions& options) {
  if (text.size() > kMaxConnectBytes) return false;
  try {
    return decode(text, options);
  } catch (const std::exception&) {  // Memory ran out, in the library or here.
    return false;
  }
}

}  // namespace switchyard::nats
