// Settings is the plugin's section of the configuration.
//
// Failure: parse() says which key is wrong, what it was and what it must be.
// Thread: parsed on the control thread; lanes read the copy in LiveSettings.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sqs/naming.h"

namespace switchyard::sqs {

struct Settings {
  std::int64_t recreate_wait_ms = 0;  // How long a deleted queue's name rests; 0 = not at all.
  std::int64_t purge_wait_ms = 60'000;
  UrlStyle url_style = UrlStyle::by_namespace;
};

// Schema of the section, for the server.
inline constexpr const char* kConfigKeys =
    R"json({"recreate_wait":{"type":"duration","default":"0s","help":"how long the name of a deleted queue cannot be used again (AWS: 60s)"},)json"
    R"json("purge_wait":{"type":"duration","default":"60s","help":"least time between two PurgeQueue calls on one queue; 0s = none"},)json"
    R"json("url_style":{"type":"string","default":"auto","help":"auto: queue URLs as the namespace's style says; yandex: /<folder>/<resource>/<queue>"}})json";

// False and a sentence in `error` when the section is wrong; `out` is then unspecified.
bool parse_settings(std::string_view json, Settings& out, std::string& error);

// Read on every lane while the control thread replaces it.  The values are independent of each other.
class LiveSettings {
 public:
  void store(const Settings& settings) {
    recreate_wait_ms_.store(settings.recreate_wait_ms, std::memory_order_relaxed);
    purge_wait_ms_.store(settings.purge_wait_ms, std::memory_order_relaxed);
    url_style_.store(settings.url_style, std::memory_order_relaxed);
  }
  std::int64_t recreate_wait_ms() const { return recreate_wait_ms_.load(std::memory_order_relaxed); }
  std::int64_t purge_wait_ms() const { return purge_wait_ms_.load(std::memory_order_relaxed); }
  UrlStyle url_style() const { return url_style_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> recreate_wait_ms_{0}, purge_wait_ms_{60'000};
  std::atomic<UrlStyle> url_style_{UrlStyle::by_namespace};
};

}  // namespace switchyard::sqs
