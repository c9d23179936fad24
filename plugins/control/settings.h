// Settings of the control plugin: who may administer, which regions there are.
//
// An administrator's secret key is what clients send as X-Auth-Token.  Without administrators nobody is let
// in.
//
// Failure: parse_settings() answers one sentence that names the key, the value and what fits.
// Thread: plain values; LiveSettings any thread.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::control {

struct Admin {
  std::string name, access_key, secret_key, organization_id;
  std::vector<std::string> projects;  // UUIDs in lower case; empty = all.

  bool may_use(std::string_view project_id) const;
};

struct Settings {
  std::vector<Admin> admins;
  std::vector<std::string> regions{"fr-par", "nl-ams"};  // v1alpha1 knows the first one alone.
  std::uint32_t namespaces_per_project = 0;              // Of one protocol, over the API; 0 = no limit.

  // Null: nobody has this secret.  Takes the same time whoever is found.
  const Admin* find(std::string_view token) const;
  bool has_region(std::string_view region) const;
};

// Empty, or what is wrong.  `json` is the section of the configuration.
std::string parse_settings(std::string_view json, Settings& out);

// 8-4-4-4-12 hex digits in any case.
bool is_uuid(std::string_view text);

class LiveSettings {
 public:
  std::shared_ptr<const Settings> get() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void set(Settings next) {
    auto made = std::make_shared<const Settings>(std::move(next));
    const std::lock_guard lock(mutex_);
    current_ = std::move(made);
  }

 private:
  mutable std::mutex mutex_;  // Administration is rare; no message waits for it.
  std::shared_ptr<const Settings> current_ = std::make_shared<const Settings>();
};

// The keys of the section, for sw_info.
inline constexpr const char* kConfigKeys = R"({
  "admins": {"type": "list", "help": "who may administer: name, access_key, secret_key (or file:/path), organization_id, projects"},
  "regions": {"type": "list", "default": ["fr-par", "nl-ams"], "help": "regions that the API has; v1alpha1 has the first one"},
  "namespaces_per_project": {"type": "integer", "default": 0, "help": "namespaces of one protocol in a project, 0 = no limit"}
})";

}  // namespace switchyard::control
