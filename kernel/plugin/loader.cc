#define BOOST_DLL_USE_STD_FS
#include "kernel/plugin/loader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <filesystem>
#include <memory>
#include <set>

#include "kernel/account/signing.h"
#include "kernel/base/ids.h"
#include "kernel/plugin/elf.h"

namespace switchyard::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEntrySymbol = "switchyard_plugin_v1";
constexpr off_t kMaxFileBytes = 512 << 20;

#if defined(__x86_64__)
constexpr std::string_view kTriplet = "x86_64-linux-gnu";
#elif defined(__aarch64__)
constexpr std::string_view kTriplet = "aarch64-linux-gnu";
#else
constexpr std::string_view kTriplet = "riscv64-linux-gnu";
#endif

Error refuse(std::string message) { return Error{Code::invalid, std::move(message)}; }

// A name becomes a file name: nothing in it may walk away from the folder.
bool is_plugin_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// The real path of `file`, which must lie directly or deeper in the real path of its folder.
Result<std::string> real_path_inside(const fs::path& file) {
  std::error_code error;
  const auto folder = fs::canonical(file.parent_path(), error);
  if (error) return refuse(file.string() + " cannot be reached: " + error.message());
  const auto real = fs::canonical(file, error);
  if (error) return refuse(file.string() + " cannot be reached: " + error.message());
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), real.begin(), real.end());
  if (end == folder.end()) return real.string();
  return refuse(file.string() + " is a symbolic link to " + real.string() +
                ", outside of its folder; put the file itself there");
}

Result<std::string> read_whole(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return refuse(path + " cannot be opened: " + std::generic_category().message(errno));
  struct stat info {};
  std::string bytes;
  Status status;
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    status = refuse(path + " is not a regular file");
  } else if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    status = refuse(path + " can be written by its group or by everyone; chmod go-w it");
  } else if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    status = refuse(path + " belongs to user " + std::to_string(info.st_uid) + "; chown it to root or to user " +
                    std::to_string(::geteuid()) + " that runs the server");
  } else if (info.st_size > kMaxFileBytes) {
    status = refuse(path + " has " + std::to_string(info.st_size) + " bytes; a plugin may have " +
                    std::to_string(kMaxFileBytes));
  } else {
    bytes.resize(static_cast<std::size_t>(info.st_size));
    std::size_t got = 0;
    while (got < bytes.size()) {
      const auto n = ::read(fd, bytes.data() + got, bytes.size() - got);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    if (got != bytes.size()) status = refuse(path + " cannot be read to its end");
  }
  ::close(fd);
  if (!status) return Error(status.error());
  return bytes;
}

Status judge_digest(const std::string& path, const std::string& bytes, const std::string& expected) {
  if (expected.empty()) return {};
  const auto digest = account::sha256(bytes);
  const auto actual = hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  std::string wanted = expected;
  std::transform(wanted.begin(), wanted.end(), wanted.begin(), [](unsigned char c) { return std::tolower(c); });
  if (actual == wanted) return {};
  return refuse(path + " has SHA-256 " + actual + ", the configuration wants " + expected +
                "; install the right file or change plugins.*.sha256");
}

// For good, also after static destructors: code is never unloaded.
void keep(std::unique_ptr<boost::dll::shared_library> library) {
  static auto& kept = *new std::vector<std::unique_ptr<boost::dll::shared_library>>;
  kept.push_back(std::move(library));
}

// "boost::dll::... (dlerror system message: WHAT): Bad file descriptor" -> WHAT.  The errno that is
// appended has nothing to do with the reason.
std::string dlerror_part(std::string_view text) {
  constexpr std::string_view kMark = "dlerror system message: ";
  const auto begin = text.find(kMark);
  if (begin == std::string_view::npos) return std::string(text);
  text.remove_prefix(begin + kMark.size());
  return std::string(text.substr(0, text.rfind("):")));
}

Status judge_requirements(const sw_info& info, const std::string& path) {
  if (info.requires_ == nullptr) return {};
  const auto& offered = offered_extensions();
  for (const char* const* id = info.requires_; *id != nullptr; ++id) {
    if (std::find(offered.begin(), offered.end(), *id) != offered.end()) continue;
    return refuse(path + " needs " + *id + ", which this server does not offer; install a newer switchyard");
  }
  return {};
}

Status judge_info(const sw_info* info, const Located& file) {
  if (info == nullptr || info->size < SW_END_OF(info, config_keys)) {
    return refuse(file.path + " describes itself with too small an sw_info; rebuild it with the SDK's header");
  }
  for (const char* text : {info->id, info->name, info->version}) {
    if (text == nullptr || *text == '\0') return refuse(file.path + " has no id, name or version in its sw_info");
  }
  if (!is_plugin_name(info->name)) {
    return refuse(file.path + " calls itself '" + info->name + "'; a name is 1 to 64 of [A-Za-z0-9_-]");
  }
  if (!file.name.empty() && file.name != info->name) {
    return refuse(file.path + " is the plugin '" + info->name + "', the configuration calls it '" + file.name +
                  "'; use plugins." + info->name);
  }
  return judge_requirements(*info, file.path);
}

Status judge_calls(const sw_plugin* plugin, const std::string& path) {
  if (plugin == nullptr || plugin->size < SW_END_OF(plugin, extension)) {
    return refuse(path + " has too small an sw_plugin table; rebuild it with the SDK's header");
  }
  if (plugin->create && plugin->configure && plugin->start && plugin->stop && plugin->destroy) return {};
  return refuse(path + " lacks one of create, configure, start, stop and destroy");
}

}  // namespace

std::vector<std::string> default_folders() {
  std::vector<std::string> folders;
  std::error_code error;
  const auto self = fs::canonical("/proc/self/exe", error);
  if (!error) folders.push_back((self.parent_path().parent_path() / "lib/switchyard/plugins").string());
  for (const auto& folder :
       {"/usr/lib/" + std::string(kTriplet), std::string("/usr/lib64"), std::string("/usr/local/lib")}) {
    const auto path = folder + "/switchyard/plugins";
    if (std::find(folders.begin(), folders.end(), path) == folders.end()) folders.push_back(path);
  }
  return folders;
}

Result<Located> locate(const LoaderOptions& options, const std::string& name, const std::string& path) {
  if (!is_plugin_name(name)) return refuse("plugins." + name + " is no plugin name; it is 1 to 64 of [A-Za-z0-9_-]");
  if (!path.empty()) {
    if (path.front() != '/') return refuse("plugins." + name + ".path is '" + path + "'; give an absolute path");
    auto real = real_path_inside(path);
    if (!real) return std::move(real).error();
    return Located{name, *real};
  }
  std::string searched;
  for (const auto& folder : options.folders) {
    const auto file = fs::path(folder) / (name + ".so");
    std::error_code error;
    if (!fs::exists(fs::symlink_status(file, error))) {
      searched += (searched.empty() ? "" : ", ") + folder;
      continue;
    }
    auto real = real_path_inside(file);
    if (!real) return std::move(real).error();
    return Located{name, *real};
  }
  return Error{Code::not_found,
               "the plugin '" + name + "' is not installed: there is no " + name + ".so in " + searched};
}

std::vector<Located> list_files(const LoaderOptions& options) {
  std::vector<Located> found;
  std::set<std::string> names;
  for (const auto& folder : options.folders) {
    std::error_code error;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == ".so" && is_plugin_name(entry.path().stem().string()))
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      const auto name = file.stem().string();
      if (names.insert(name).second) found.push_back({name, file.string()});
    }
  }
  return found;
}

Status judge_file(const std::string& path, const std::string& sha256) {
  auto bytes = read_whole(path);
  if (!bytes) return std::move(bytes).error();
  if (auto digest = judge_digest(path, *bytes, sha256); !digest) return digest;
  auto facts = read_elf(*bytes, path);
  if (!facts) return std::move(facts).error();
  if (std::find(facts->exported.begin(), facts->exported.end(), kEntrySymbol) == facts->exported.end()) {
    return refuse(path + " does not export " + std::string(kEntrySymbol) +
                  "; it is not a switchyard plugin of this generation");
  }
  if (facts->exported.size() > 1) {
    const auto& other = facts->exported[facts->exported.front() == kEntrySymbol ? 1 : 0];
    return refuse(path + " exports " + std::to_string(facts->exported.size()) + " symbols, among them " + other +
                  "; a plugin exports " + std::string(kEntrySymbol) + " alone: link it with the SDK's plugin.map");
  }
  return {};
}

Status judge_entry(const sw_entry* entry, const Located& file) {
  if (entry == nullptr || entry->size < SW_END_OF(entry, plugin)) {
    return refuse(file.path + " returned too small an sw_entry; rebuild it with the SDK's header");
  }
  if (entry->generation != SW_ABI_GENERATION) {
    return refuse(file.path + " is of ABI generation " + std::to_string(entry->generation) + "; this server speaks " +
                  std::to_string(SW_ABI_GENERATION));
  }
  if (entry->min_revision > SW_ABI_REVISION) {
    return refuse(file.path + " needs ABI revision " + std::to_string(entry->min_revision) + ", this server has " +
                  std::to_string(SW_ABI_REVISION) + "; install a newer switchyard");
  }
  if (auto info = judge_info(entry->info, file); !info) return info;
  return judge_calls(entry->plugin, file.path);
}

Result<const sw_entry*> load_file(const Located& file, const std::string& sha256) {
  if (auto status = judge_file(file.path, sha256); !status) return std::move(status).error();
  const sw_entry* entry = nullptr;
  try {
    using boost::dll::load_mode::type;
    auto library = std::make_unique<boost::dll::shared_library>(
        fs::path(file.path), static_cast<type>(boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local));
    const auto find_entry = library->get<const sw_entry*()>(std::string(kEntrySymbol));
    keep(std::move(library));
    entry = find_entry();
  } catch (const std::exception& e) {
    return refuse(file.path + " cannot be loaded: " + dlerror_part(e.what()));
  } catch (...) {
    return refuse(file.path + " cannot be loaded: it threw something that is not a std::exception");
  }
  if (auto status = judge_entry(entry, file); !status) return std::move(status).error();
  return entry;
}

}  // namespace switchyard::plugin
