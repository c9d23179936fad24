#include "kernel/server/config_bootstrap.h"

#include <array>

#include "kernel/base/units.h"
#include "kernel/server/config_schema.h"

namespace switchyard::server {
namespace {

using account::DeclaredCredential;
using account::DeclaredNamespace;

class Reader {
 public:
  explicit Reader(Mistakes& mistakes) : mistakes_(mistakes) {}

  std::vector<DeclaredNamespace> bootstrap(const YamlNode& section) {
    std::vector<DeclaredNamespace> out;
    if (section.is_null()) return out;
    if (!is_map(section, "bootstrap")) return out;
    check_names(section, "bootstrap", {"namespaces"});
    const auto* list = section.find("namespaces");
    if (list == nullptr || list->is_null()) return out;
    if (!list->is_list()) {
      mistakes_.add(list->place, "bootstrap.namespaces must be a list");
      return out;
    }
    for (const auto& item : list->items) {
      if (is_map(item, "bootstrap.namespaces")) out.push_back(one_namespace(item));
    }
    return out;
  }

 private:
  using Names = std::vector<std::string_view>;

  bool is_map(const YamlNode& node, std::string_view path) {
    if (node.is_map()) return true;
    mistakes_.add(node.place, std::string(path) + ": a map of keys and values belongs here");
    return false;
  }

  void check_names(const YamlNode& map, std::string_view path, const Names& names) {
    for (const auto& pair : map.pairs) {
      if (std::find(names.begin(), names.end(), pair.name) == names.end()) {
        mistakes_.add(pair.place, unknown_key_text(path, pair.name, names));
      }
    }
  }

  // Empty when it is not there; complains when it must be.
  std::string text(const YamlNode& map, std::string_view name, std::string_view path, bool needed) {
    const auto* node = map.find(name);
    if (node != nullptr && node->is_scalar() && (node->quoted || node->type() != YamlNode::Type::null))
      return node->text;
    const bool absent = node == nullptr || node->is_null() || node->is_scalar();
    if (!absent) {
      mistakes_.add(node->place, std::string(path) + "." + std::string(name) + " must be text");
    } else if (needed) {
      mistakes_.add(map.place, std::string(path) + " needs the key '" + std::string(name) + "'");
    }
    return {};
  }

  DeclaredNamespace one_namespace(const YamlNode& map) {
    constexpr std::string_view path = "bootstrap.namespaces";
    check_names(map, path, {"name", "protocol", "project_id", "account_id", "region", "limits", "credentials"});
    DeclaredNamespace out;
    out.name = text(map, "name", path, true);
    const auto protocol = text(map, "protocol", path, true);
    if (const auto parsed = account::parse_protocol(protocol)) {
      out.protocol = *parsed;
    } else if (!protocol.empty()) {
      mistakes_.add(map.find("protocol")->place, std::string(path) + ".protocol: '" + protocol.substr(0, 80) +
                                                     "' is not one of sqs_sns, nats, topics, webhooks");
    }
    out.project_id = text(map, "project_id", path, false);
    out.account_id = text(map, "account_id", path, false);
    out.region = text(map, "region", path, false);
    if (const auto* limits = map.find("limits"); limits != nullptr && !limits->is_null())
      read_limits(*limits, out.limits);
    if (const auto* list = map.find("credentials"); list != nullptr && !list->is_null()) {
      if (!list->is_list()) mistakes_.add(list->place, std::string(path) + ".credentials must be a list");
      for (const auto& item : list->items) {
        if (is_map(item, "bootstrap.namespaces.credentials")) out.credentials.push_back(credential(item));
      }
    }
    return out;
  }

  void read_limits(const YamlNode& map, account::LimitOverrides& out) {
    constexpr std::string_view path = "bootstrap.namespaces.limits";
    if (!is_map(map, path)) return;
    check_names(map, path, {"message_size", "stored_bytes", "requests_per_second", "connections"});
    // The bounds of the server-wide keys hold here, too.
    const auto read = [&](std::string_view name, std::string_view key, std::optional<std::uint64_t>& value) {
      const auto* node = map.find(name);
      if (node == nullptr || node->is_null()) return;
      const auto checked = check_value(*find_key(key), *node);
      if (checked) {
        value = checked->number;
      } else {
        mistakes_.add(checked.error());
      }
    };
    read("message_size", "limits.message_size", out.max_message_bytes);
    read("stored_bytes", "limits.control_stored_bytes", out.max_stored_bytes);
    read("requests_per_second", "limits.requests_per_second", out.requests_per_second);
    read("connections", "limits.connections", out.max_connections);
  }

  DeclaredCredential credential(const YamlNode& map) {
    constexpr std::string_view path = "bootstrap.namespaces.credentials";
    check_names(map, path, {"name", "access_key", "secret_key", "permissions"});
    DeclaredCredential out;
    out.name = text(map, "name", path, true);
    out.access_key = text(map, "access_key", path, true);
    const auto reference = text(map, "secret_key", path, true);
    if (!reference.empty()) {
      auto secret = account::resolve_secret("secret_key of credential '" + out.name + "'", reference);
      if (secret) {
        out.secret = std::move(*secret);
      } else {
        mistakes_.add(map.find("secret_key")->place, secret.error().message);
      }
    }
    if (const auto* node = map.find("permissions"); node != nullptr && !node->is_null())
      out.permissions = permissions(*node);
    return out;
  }

  // A list of names, or a map of can_publish, can_receive, can_manage.
  std::uint32_t permissions(const YamlNode& node) {
    constexpr std::array<std::pair<std::string_view, std::uint32_t>, 3> kNames = {
        {{"publish", account::kMayPublish}, {"receive", account::kMayReceive}, {"manage", account::kMayManage}}};
    std::uint32_t bits = 0;
    const auto take = [&](std::string_view name, const YamlPlace& place) {
      for (const auto& [known, bit] : kNames) {
        if (name == known) {
          bits |= bit;
          return;
        }
      }
      mistakes_.add(place,
                    "permissions: '" + std::string(name.substr(0, 80)) + "' is not one of publish, receive, manage");
    };
    for (const auto& item : node.items) take(item.text, item.place);
    for (const auto& pair : node.pairs) {
      const std::string_view name = pair.name;
      if (!pair.value.is_scalar() || pair.value.type() != YamlNode::Type::boolean) {
        mistakes_.add(pair.place, "permissions." + pair.name.substr(0, 80) + " must be true or false");
      } else if (pair.value.as_bool()) {
        take(name.starts_with("can_") ? name.substr(4) : name, pair.place);
      }
    }
    if (node.is_scalar()) take(node.text, node.place);
    return bits;
  }

  Mistakes& mistakes_;
};

}  // namespace

std::vector<DeclaredNamespace> read_bootstrap(const YamlNode& section, Mistakes& mistakes) {
  return Reader(mistakes).bootstrap(section);
}

}  // namespace switchyard::server
