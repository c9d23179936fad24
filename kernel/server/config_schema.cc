#include "kernel/server/config_schema.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "kernel/base/units.h"

namespace switchyard::server {
namespace {

constexpr std::uint64_t kKiB = 1u << 10, kMiB = 1u << 20, kGiB = 1u << 30;
constexpr std::uint64_t kSecond = 1'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
constexpr std::uint64_t kAny = std::numeric_limits<std::int64_t>::max();

using S = Settings;
using V = KeyValue;

std::uint32_t u32(const V& v) { return static_cast<std::uint32_t>(v.number); }
std::int64_t i64(const V& v) { return static_cast<std::int64_t>(v.number); }

// clang-format off
constexpr KeySpec kSchema[] = {
    {"data_dir", KeyType::text, "/var/lib/switchyard", 0, 0, "", false,
     "Folder of everything durable; one server at a time.  In dev mode ./switchyard-data.",
     [](S& s, const V& v) { s.data_dir = v.text; }},
    {"region", KeyType::text, "us-east-1", 0, 0, "", false,
     "Region in dev.env and wherever a client names none.",
     [](S& s, const V& v) { s.region = v.text; }},
    {"lanes", KeyType::lanes, "auto", 1, 64, "", false,
     "Event loops; auto = one less than the processors, at least one.",
     [](S& s, const V& v) { s.lanes = u32(v); }},
    {"sealing_key", KeyType::text, "", 0, 0, "", false,
     "Key that seals secrets at rest: file:/path or credential:NAME, 64 hex digits or base64 of 32 bytes.  Empty = "
     "sealing.key in the data folder, made at first start.  `switchyard rotate-key` replaces it, for which the server "
     "renames a file beside it.",
     [](S& s, const V& v) { s.sealing_key = v.text; }},
    {"plugin_dirs", KeyType::text_list, "", 0, 0, "", false,
     "Folders that are searched for NAME.so, in order.  Empty = beside the program, the system's, the site's.",
     [](S& s, const V& v) { s.plugin_dirs = v.list; }},
    {"log.level", KeyType::choice, "info", 0, 0, "debug|info|warn|error|off", true,
     "What is written to stderr.",
     [](S& s, const V& v) { log::parse_level(v.text, s.log_level); }},

    {"storage.segment_size", KeyType::size, "64MiB", 64 * kKiB, kGiB, "", false,
     "Largest journal segment; segments start at 1 MiB and double up to it.",
     [](S& s, const V& v) { s.storage.segment_bytes = u32(v); }},
    {"storage.reserve", KeyType::size, "4MiB", 0, kGiB, "", false,
     "Disk space kept so that messages can still be acknowledged and deleted on a full disk.",
     [](S& s, const V& v) { s.storage.reserve_bytes = u32(v); }},
    {"storage.on_damage", KeyType::choice, "refuse", 0, 0, "refuse|quarantine", false,
     "When synced data was changed: refuse to start, or start without the damaged range and say what is missing.",
     [](S& s, const V& v) { s.storage.on_damage = v.text == "quarantine" ? journal::OnDamage::quarantine : journal::OnDamage::refuse; }},
    {"storage.checkpoint_interval", KeyType::duration, "5s", 100, kHour, "", false,
     "Longest time between checkpoints.",
     [](S& s, const V& v) { s.storage.checkpoint_interval_ms = u32(v); }},
    {"storage.checkpoint_bytes", KeyType::size, "256MiB", kMiB, 64 * kGiB, "", false,
     "Most journal bytes between checkpoints: what a start has to replay.",
     [](S& s, const V& v) { s.storage.checkpoint_bytes = v.number; }},
    {"storage.tail_cache", KeyType::size, "16MiB", 0, 16 * kGiB, "", false,
     "Recent messages kept in memory, per lane.",
     [](S& s, const V& v) { s.storage.tail_cache_bytes = v.number; }},
    {"storage.resident_chunks", KeyType::integer, "4096", 64, 10'000'000, "", false,
     "Index chunks kept in memory, per lane.",
     [](S& s, const V& v) { s.storage.resident_chunks = u32(v); }},

    {"http.listen", KeyType::address, "127.0.0.1:9324", 0, 0, "", false,
     "Address of all HTTP protocols: host:port, [v6]:port or unix:/path.  Port 0 = a free one.",
     [](S& s, const V& v) { s.http.listen = v.text; }},
    {"http.public_url", KeyType::text, "", 0, 0, "", true,
     "What clients call this server, without a final slash; empty = the Host header of each request.",
     [](S& s, const V& v) { s.http.public_url = v.text; }},
    {"http.control_listen", KeyType::address, "", 0, 0, "", false,
     "Own address of the control API: /mnq is answered there and nowhere else; empty = none.",
     [](S& s, const V& v) { s.http.control_listen = v.text; }},
    {"http.limits.max_header_bytes", KeyType::size, "16KiB", kKiB, kMiB, "", true,
     "Request line and headers.",
     [](S& s, const V& v) { s.http.limits.max_head_bytes = v.number; }},
    {"http.limits.max_headers", KeyType::integer, "100", 8, 10'000, "", true,
     "Header lines of one request.",
     [](S& s, const V& v) { s.http.limits.max_headers = v.number; }},
    {"http.limits.max_body_bytes", KeyType::size, "8MiB", kKiB, kGiB, "", true,
     "Body of one request.",
     [](S& s, const V& v) { s.http.limits.max_body_bytes = v.number; }},
    {"http.limits.max_connections", KeyType::integer, "20000", 1, 1'000'000, "", true,
     "Open connections of all listeners.",
     [](S& s, const V& v) { s.http.limits.max_connections = v.number; }},
    {"http.limits.max_buffered_bytes", KeyType::size, "256MiB", kMiB, 1024 * kGiB, "", true,
     "All request bodies that are being received or handled, bodies up to 16 KiB not counted; beyond it 503.  At least "
     "max_body_bytes.",
     [](S& s, const V& v) { s.http.limits.max_buffered_bytes = v.number; }},
    {"http.limits.header_timeout", KeyType::duration, "10s", 100, kHour, "", true,
     "From the first byte of a request to the end of its headers.",
     [](S& s, const V& v) { s.http.limits.header_timeout_ms = i64(v); }},
    {"http.limits.body_timeout", KeyType::duration, "60s", 100, 24 * kHour, "", true,
     "For a whole body.",
     [](S& s, const V& v) { s.http.limits.body_timeout_ms = i64(v); }},
    {"http.limits.idle_timeout", KeyType::duration, "75s", 100, 24 * kHour, "", true,
     "Between two requests of a connection.",
     [](S& s, const V& v) { s.http.limits.idle_timeout_ms = i64(v); }},
    {"http.limits.write_timeout", KeyType::duration, "60s", 100, 24 * kHour, "", true,
     "For a whole answer; a client that does not read is cut off.",
     [](S& s, const V& v) { s.http.limits.write_timeout_ms = i64(v); }},

    {"tls.certificate", KeyType::text, "", 0, 0, "", true,
     "Certificate chain, PEM, the server's own first; with tls.key it turns the listeners to HTTPS.",
     [](S& s, const V& v) { s.tls.certificate = v.text; }},
    {"tls.cert", KeyType::text, "", 0, 0, "", true,
     "Another name of tls.certificate.",
     [](S& s, const V& v) { s.tls.certificate = v.text; }},
    {"tls.key", KeyType::text, "", 0, 0, "", true,
     "Private key, PEM.",
     [](S& s, const V& v) { s.tls.key = v.text; }},
    {"tls.client_ca", KeyType::text, "", 0, 0, "", true,
     "Certificates that clients must be signed by; empty = none is asked for.",
     [](S& s, const V& v) { s.tls.client_ca = v.text; }},

    {"limits.message_size", KeyType::size, "1MiB", kKiB, 64 * kMiB, "", true,
     "Largest message of a namespace of account style.",
     [](S& s, const V& v) { s.limits.account_message_bytes = u32(v); }},
    {"limits.control_message_size", KeyType::size, "256KiB", kKiB, 64 * kMiB, "", true,
     "Largest message of other namespaces.",
     [](S& s, const V& v) { s.limits.namespace_message_bytes = u32(v); }},
    {"limits.control_stored_bytes", KeyType::size, "100MB", 0, kAny, "", true,
     "Stored bytes of a namespace of the control API; 0 = no limit.  Declared namespaces have none unless they say so.",
     [](S& s, const V& v) { s.limits.control_stored_bytes = v.number; }},
    {"limits.requests_per_second", KeyType::integer, "0", 0, 10'000'000, "", true,
     "Requests per second of a namespace; 0 = no limit.",
     [](S& s, const V& v) { s.limits.requests_per_second = u32(v); }},
    {"limits.connections", KeyType::integer, "0", 0, 1'000'000, "", true,
     "Connections of a namespace; 0 = no limit.",
     [](S& s, const V& v) { s.limits.max_connections = u32(v); }},
};
// clang-format on

constexpr std::string_view kTypeNames[] = {
    "text", "whole number", "size", "duration", "choice", "'auto' or a whole number", "list of texts", "address"};

std::string choice_list(std::string_view choices) {
  std::string out;
  for (const char c : choices) out += c == '|' ? std::string(", ") : std::string(1, c);
  return out;
}

// host:port, [v6]:port or unix:/path; whether the host exists is found out when it is bound.
bool is_address(std::string_view text) {
  if (text.starts_with("unix:")) return text.size() > 6 && text[5] == '/' && text.size() < 5 + 108;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto host = text.substr(0, colon), port = text.substr(colon + 1);
  const bool v6 = host.front() == '[' && host.back() == ']' && host.size() > 2;
  if (!v6 && host.find_first_of(":[]/ ") != std::string_view::npos) return false;
  const auto number = parse_integer("", port);
  return number && *number >= 0 && *number <= 65'535;
}

std::string formatted(const KeySpec& key, std::uint64_t value) {
  if (key.type == KeyType::size) return format_size(value);
  if (key.type == KeyType::duration) return format_duration_ms(static_cast<std::int64_t>(value));
  return std::to_string(value);
}

bool is_choice(std::string_view choices, std::string_view text) {
  while (!choices.empty()) {
    const auto end = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, end) == text) return true;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return false;
}

Error complaint(const YamlNode& node, std::string_view what) {
  return Error{Code::invalid, node.place.text() + ": " + std::string(what)};
}

Result<std::uint64_t> parse_number(const KeySpec& key, const std::string& text) {
  if (key.type == KeyType::size) return parse_size(key.path, text);
  const auto value = key.type == KeyType::duration ? parse_duration_ms(key.path, text) : parse_integer(key.path, text);
  if (!value) return Error(value.error());
  if (*value < 0) {
    return Error{Code::invalid, std::string(key.path) + ": '" + text + "' is negative"};
  }
  return static_cast<std::uint64_t>(*value);
}

Result<KeyValue> check_number(const KeySpec& key, const YamlNode& node) {
  const auto number = parse_number(key, node.text);
  if (!number) return complaint(node, number.error().message);
  if (*number < key.least || *number > key.most) {
    return complaint(node, std::string(key.path) + ": '" + node.text + "' is out of range; it must be from " +
                               formatted(key, key.least) + " to " + formatted(key, key.most));
  }
  return KeyValue{node.text, *number, {}};
}

Result<KeyValue> check_list(const KeySpec& key, const YamlNode& node) {
  KeyValue value;
  for (const auto& item : node.items) {
    if (!item.is_scalar()) return complaint(item, std::string(key.path) + " must be a list of texts");
    value.list.push_back(item.text);
  }
  return value;
}

}  // namespace

std::span<const KeySpec> config_schema() { return kSchema; }

const KeySpec* find_key(std::string_view path) {
  for (const auto& key : kSchema) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

bool is_section(std::string_view path) {
  return std::any_of(std::begin(kSchema), std::end(kSchema), [&](const KeySpec& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.';
  });
}

Result<KeyValue> check_value(const KeySpec& key, const YamlNode& node) {
  if (node.is_null() || (node.is_scalar() && node.type() == YamlNode::Type::null)) return default_value(key);
  if (key.type == KeyType::text_list && node.is_list()) return check_list(key, node);
  if (!node.is_scalar()) {
    return complaint(node, std::string(key.path) + " is a " + (node.is_list() ? "list" : "section") +
                               "; it must be a " + std::string(kTypeNames[static_cast<int>(key.type)]));
  }
  switch (key.type) {
    case KeyType::text:
      return KeyValue{node.text, 0, {}};
    case KeyType::text_list:
      return KeyValue{{}, 0, {node.text}};
    case KeyType::choice:
      if (is_choice(key.choices, node.text)) return KeyValue{node.text, 0, {}};
      return complaint(node, std::string(key.path) + ": '" + node.text.substr(0, 80) + "' is not one of " +
                                 choice_list(key.choices));
    case KeyType::address:
      if (node.text.empty() || is_address(node.text)) return KeyValue{node.text, 0, {}};
      return complaint(node, std::string(key.path) + ": '" + node.text.substr(0, 120) +
                                 "' is not an address; use host:port, [v6]:port or unix:/path");
    case KeyType::lanes:
      if (node.text == "auto") return KeyValue{node.text, 0, {}};
      return check_number(key, node);
    case KeyType::integer:
    case KeyType::size:
    case KeyType::duration:
      return check_number(key, node);
  }
  return complaint(node, std::string(key.path) + " cannot be read");
}

KeyValue default_value(const KeySpec& key) {
  if (key.type == KeyType::text_list) return {};
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.text = key.fallback;
  node.quoted = true;
  auto value = check_value(key, node);
  assert(value.ok());
  return std::move(*value);
}

std::string_view nearest_name(std::string_view wrong, const std::vector<std::string_view>& names) {
  if (wrong.size() > 64) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  for (const auto name : names) {
    // Edits with neighbours swapped counted as one: "lanse" is one from "lanes".
    std::vector<std::vector<std::size_t>> d(wrong.size() + 1, std::vector<std::size_t>(name.size() + 1));
    for (std::size_t i = 0; i <= wrong.size(); ++i) {
      for (std::size_t j = 0; j <= name.size(); ++j) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        const std::size_t change = wrong[i - 1] == name[j - 1] ? 0 : 1;
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
        const bool swapped = i > 1 && j > 1 && wrong[i - 1] == name[j - 2] && wrong[i - 2] == name[j - 1];
        if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
    if (d[wrong.size()][name.size()] < least) {
      least = d[wrong.size()][name.size()];
      best = name;
    }
  }
  return best;
}

std::string unknown_key_text(std::string_view prefix, std::string_view wrong,
                             const std::vector<std::string_view>& names) {
  const std::string in = prefix.empty() ? "" : std::string(prefix) + ".";
  std::string out = "unknown key '" + in + std::string(wrong.substr(0, 80)) + "'";
  const auto near = nearest_name(wrong, names);
  if (!near.empty()) out += "; did you mean '" + in + std::string(near) + "'?";
  return out;
}

std::string schema_reference() {
  std::string out;
  for (const auto& key : kSchema) {
    out += std::string(key.path) + ": " + (key.fallback.empty() ? "\"\"" : std::string(key.fallback)) + "\n    " +
           std::string(kTypeNames[static_cast<int>(key.type)]);
    if (key.type == KeyType::choice) out += " of " + choice_list(key.choices);
    if (key.most != 0) out += ", " + formatted(key, key.least) + " to " + formatted(key, key.most);
    out += key.reloadable ? ", applied by a reload" : ", needs a restart";
    out += "\n    " + std::string(key.help) + "\n";
  }
  return out;
}

}  // namespace switchyard::server
