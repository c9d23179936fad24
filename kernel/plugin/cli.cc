#include "kernel/plugin/cli.h"

#include <filesystem>
#include <optional>

#include "kernel/plugin/child.h"
#include "kernel/plugin/scaffold.h"

namespace switchyard::plugin {
namespace {

constexpr int kListTimeoutMs = 5'000;
constexpr char kUsage[] =
    "usage: switchyard plugin list\n"
    "       switchyard plugin check FILE [--config JSON] [--requests FILE] [--seed N] [--timeout SECONDS]\n"
    "       switchyard plugin new NAME [--lang c|cpp|rust] [--dir FOLDER]\n";

std::string or_dash(const char* text) { return text == nullptr || *text == '\0' ? "-" : text; }

// One line of the list, made where the plugin's code is loaded.
std::string describe(const Located& file, bool& good) {
  auto entry = load_file({"", file.path}, "");
  good = entry.ok();
  if (!entry) return entry.error().message;
  const auto& info = *(*entry)->info;
  return or_dash(info.id) + "\t" + or_dash(info.version) + "\t" + or_dash(info.summary);
}

// Whole seconds, 1 to 3600; 0 for anything else.
int parse_seconds(const std::string& text) {
  if (text.empty() || text.size() > 4 || text.find_first_not_of("0123456789") != std::string::npos) return 0;
  const int seconds = std::stoi(text);
  return seconds <= 3600 ? seconds : 0;
}

std::optional<std::uint64_t> parse_number(const std::string& text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoull(text);
}

int check_command(const std::vector<std::string>& arguments, CliStreams streams) {
  CheckOptions options;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] == "--config" && i + 1 < arguments.size()) {
      options.section = arguments[++i];
    } else if (arguments[i] == "--requests" && i + 1 < arguments.size()) {
      options.requests_file = arguments[++i];
    } else if (arguments[i] == "--seed" && i + 1 < arguments.size() && parse_number(arguments[i + 1])) {
      options.seed = *parse_number(arguments[++i]);
    } else if (arguments[i] == "--timeout" && i + 1 < arguments.size() && parse_seconds(arguments[i + 1]) > 0) {
      options.timeout_ms = 1000 * parse_seconds(arguments[++i]);
    } else if (options.file.empty() && arguments[i].rfind("--", 0) != 0) {
      options.file = arguments[i];
    } else {
      std::fprintf(streams.err, "switchyard plugin check: unknown argument '%s'\n%s", arguments[i].c_str(), kUsage);
      return 2;
    }
  }
  if (options.file.empty()) {
    std::fputs(kUsage, streams.err);
    return 2;
  }
  return plugin_check(options, streams);
}

int new_command(const std::vector<std::string>& arguments, CliStreams streams) {
  std::string name, folder = ".", language = "cpp";
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] == "--lang" && i + 1 < arguments.size()) {
      language = arguments[++i];
    } else if (arguments[i] == "--dir" && i + 1 < arguments.size()) {
      folder = arguments[++i];
    } else if (name.empty() && arguments[i].rfind("--", 0) != 0) {
      name = arguments[i];
    } else {
      std::fprintf(streams.err, "switchyard plugin new: unknown argument '%s'\n%s", arguments[i].c_str(), kUsage);
      return 2;
    }
  }
  if (name.empty()) {
    std::fputs(kUsage, streams.err);
    return 2;
  }
  const auto parsed = parse_language(language);
  auto written = parsed ? write_scaffold(folder, name, *parsed) : parsed.error();
  if (!written) {
    std::fprintf(streams.err, "switchyard plugin new: %s\n", written.error().message.c_str());
    return 1;
  }
  const auto path = folder == "." ? name : folder + "/" + name;
  for (const auto& file : *written) std::fprintf(streams.out, "%s/%s\n", path.c_str(), file.c_str());
  std::fprintf(streams.out, "wrote %s; %s/README.md has the commands that build, check and run it\n", path.c_str(),
               path.c_str());
  return 0;
}

}  // namespace

int plugin_list(const LoaderOptions& loader, CliStreams streams) {
  const auto files = list_files(loader);
  bool all_good = true;
  std::fprintf(streams.out, "%-16s %-28s %-12s %s\n", "NAME", "ID", "VERSION", "SUMMARY");
  for (const auto& file : files) {
    const auto result = run_in_child([&](bool& good) { return describe(file, good); }, kListTimeoutMs);
    if (!result.ok) {
      all_good = false;
      std::fprintf(streams.out, "%-16s cannot be used: %s\n", file.name.c_str(), result.why.c_str());
      continue;
    }
    const auto first = result.output.find('\t'), second = result.output.find('\t', first + 1);
    std::fprintf(streams.out, "%-16s %-28s %-12s %s\n", file.name.c_str(), result.output.substr(0, first).c_str(),
                 result.output.substr(first + 1, second - first - 1).c_str(), result.output.substr(second + 1).c_str());
  }
  if (files.empty()) {
    std::string folders;
    for (const auto& folder : loader.folders) folders += "\n  " + folder;
    std::fprintf(streams.err, "no plugin is installed in%s\n", folders.c_str());
  }
  return all_good ? 0 : 1;
}

int run_plugin_command(const std::vector<std::string>& arguments, const LoaderOptions& loader, CliStreams streams) {
  const std::string verb = arguments.empty() ? "" : arguments.front();
  if (verb == "list" && arguments.size() == 1) return plugin_list(loader, streams);
  if (verb == "check") return check_command(arguments, streams);
  if (verb == "new") return new_command(arguments, streams);
  std::fputs(kUsage, streams.err);
  return 2;
}

}  // namespace switchyard::plugin
