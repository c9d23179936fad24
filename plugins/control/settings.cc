#include "plugins/control/settings.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "plugins/aws/text.h"

namespace switchyard::control {
namespace {

namespace json = boost::json;

std::string_view text_of(const json::string& text) { return {text.data(), text.size()}; }

// Sizes are no secret; which byte differs is.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += aws::lower(c);
  return out;
}

bool is_access_key(std::string_view text) {
  return text.size() == 20 && text.starts_with("SCW") &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'A' && c <= 'Z') || aws::is_digit(c); });
}

bool is_region(std::string_view text) {
  return text.size() >= 6 && text.size() <= 10 && text[2] == '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

// Reads `file:/path`, or takes the text itself.
std::string resolve(std::string_view key, std::string_view text, std::string& out) {
  constexpr std::string_view kFile = "file:";
  out = text;
  if (!text.starts_with(kFile)) return {};
  const std::string path(text.substr(kFile.size()));
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::string(key) + ": " + path + " cannot be read";
  out.assign(std::istreambuf_iterator<char>(file), {});
  if (out.ends_with('\n')) out.pop_back();
  return {};
}

class SectionReader {
 public:
  explicit SectionReader(Settings& out) : out_(out) {}

  std::string read(const json::object& section) {
    for (const auto& [name, value] : section) {
      const std::string_view key(name.data(), name.size());
      std::string wrong;
      if (key == "admins") {
        wrong = admins(value);
      } else if (key == "regions") {
        wrong = regions(value);
      } else if (key == "namespaces_per_project") {
        wrong = limit(value);
      } else if (key != "enabled" && key != "path" && key != "sha256" && key != "required" &&
                 key != "anonymous_namespace") {
        wrong = "plugins.control." + std::string(key) +
                " is not a setting; there are admins, regions and namespaces_per_project";
      }
      if (!wrong.empty()) return wrong;
    }
    return {};
  }

 private:
  static std::string must(const std::string& key, std::string_view what) {
    return "plugins.control." + key + " must be " + std::string(what);
  }

  std::string limit(const json::value& value) {
    constexpr std::int64_t kMost = 100'000;
    const auto* number = value.if_int64();
    if (number == nullptr || *number < 0 || *number > kMost)
      return must("namespaces_per_project", "a whole number from 0 to 100000");
    out_.namespaces_per_project = static_cast<std::uint32_t>(*number);
    return {};
  }

  std::string regions(const json::value& value) {
    const auto* list = value.if_array();
    if (list == nullptr || list->empty()) return must("regions", "a list of at least one region");
    out_.regions.clear();
    for (const auto& item : *list) {
      if (!item.is_string() || !is_region(text_of(item.get_string())))
        return must("regions", "regions such as fr-par; " + json::serialize(item) + " is none");
      out_.regions.emplace_back(text_of(item.get_string()));
    }
    return {};
  }

  std::string admins(const json::value& value) {
    const auto* list = value.if_array();
    if (list == nullptr) return must("admins", "a list");
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string key = "admins[" + std::to_string(i) + "]";
      const auto* one = (*list)[i].if_object();
      if (one == nullptr) return must(key, "a map with name, access_key and secret_key");
      Admin admin;
      if (auto wrong = admin_of(*one, key, admin); !wrong.empty()) return wrong;
      if (out_.find(admin.secret_key) != nullptr) return must(key + ".secret_key", "another one than that before it");
      out_.admins.push_back(std::move(admin));
    }
    return {};
  }

  std::string admin_of(const json::object& one, const std::string& key, Admin& admin) {
    for (const auto& [name, value] : one) {
      const std::string member(name.data(), name.size());
      const std::string path = key + "." + member;
      if (member == "projects") {
        if (auto wrong = projects(value, path, admin); !wrong.empty()) return wrong;
        continue;
      }
      if (!value.is_string()) return must(path, "a text");
      const auto text = text_of(value.get_string());
      if (member == "name") {
        admin.name = text;
      } else if (member == "access_key") {
        admin.access_key = text;
      } else if (member == "secret_key") {
        if (auto wrong = resolve("plugins.control." + path, text, admin.secret_key); !wrong.empty()) return wrong;
      } else if (member == "organization_id") {
        admin.organization_id = lower(text);
      } else {
        return must(path, "left out; an administrator has name, access_key, secret_key, organization_id and projects");
      }
    }
    if (!is_access_key(admin.access_key))
      return must(key + ".access_key", "SCW and 17 capital letters or digits: clients refuse others");
    if (!is_uuid(admin.secret_key)) return must(key + ".secret_key", "a UUID: clients refuse others");
    if (!admin.organization_id.empty() && !is_uuid(admin.organization_id))
      return must(key + ".organization_id", "a UUID");
    return {};
  }

  static std::string projects(const json::value& value, const std::string& path, Admin& admin) {
    const auto* list = value.if_array();
    if (list == nullptr) return must(path, "a list of UUIDs");
    for (const auto& item : *list) {
      if (!item.is_string() || !is_uuid(text_of(item.get_string()))) return must(path, "a list of UUIDs");
      admin.projects.push_back(lower(text_of(item.get_string())));
    }
    return {};
  }

  Settings& out_;
};

}  // namespace

bool Admin::may_use(std::string_view project_id) const {
  return projects.empty() || std::find(projects.begin(), projects.end(), project_id) != projects.end();
}

const Admin* Settings::find(std::string_view token) const {
  const Admin* found = nullptr;
  for (const auto& admin : admins) {
    if (same(admin.secret_key, token)) found = &admin;
  }
  return found;
}

bool Settings::has_region(std::string_view region) const {
  return std::find(regions.begin(), regions.end(), region) != regions.end();
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = aws::lower(text[i]);
    if (dash ? c != '-' : !(aws::is_digit(c) || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

std::string parse_settings(std::string_view text, Settings& out) {
  out = Settings{};
  if (text.empty()) return {};
  boost::system::error_code failure;
  const json::value section = json::parse({text.data(), text.size()}, failure);
  if (failure || (!section.is_object() && !section.is_null())) return "plugins.control must be a map of settings";
  return section.is_null() ? std::string() : SectionReader(out).read(section.get_object());
}

}  // namespace switchyard::control
