// `switchyard plugin check`: one plugin, one check after the other, each in a process of its own.
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernel/base/log.h"
#include "kernel/plugin/check_chaos.h"
#include "kernel/plugin/check_host.h"
#include "kernel/plugin/child.h"
#include "kernel/plugin/cli.h"
#include "kernel/plugin/elf.h"
#include "kernel/plugin/json_keys.h"

namespace switchyard::plugin {
namespace {

// Made and removed by the parent: a child that crashes cleans nothing up.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    std::string name = (std::filesystem::temp_directory_path(error) / "switchyard-check-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Report {
 public:
  explicit Report(CliStreams streams) : streams_(streams) {}

  void line(const std::string& text) { std::fprintf(streams_.out, "%s\n", text.c_str()); }
  bool result(const std::string& name, std::string failure, const std::string& note = "") {
    failures_ += failure.empty() ? 0 : 1;
    // Further findings stand below the first.
    for (auto at = failure.find('\n'); at != std::string::npos; at = failure.find('\n', at + 1))
      failure.replace(at, 1, "\n        ");
    line(failure.empty() ? "ok      " + name + (note.empty() ? "" : " (" + note + ")")
                         : "FAILED  " + name + ": " + failure);
    return failure.empty();
  }
  // The check is the whole body of a child.
  bool in_child(const std::string& name, int timeout_ms, const std::function<Status(std::string& note)>& check) {
    const auto ended = run_in_child(
        [&](bool& good) {
          log::set_level(log::Level::off);
          std::string note;
          const auto status = check(note);
          good = status.ok();
          return good ? note : status.error().message;
        },
        timeout_ms);
    return result(name, ended.ok ? "" : ended.why, ended.output);
  }
  // Trouble that did not happen proves nothing.  Where the author said what to ask, that is a failure.
  void chaos(const ChaosScenario& scenario, const ChaosSubject& subject, int timeout_ms) {
    const TemporaryFolder folder;
    const auto ended = run_in_child(
        [&](bool& good) {
          log::set_level(log::Level::off);
          ChaosOutcome outcome;
          const auto status = run_chaos(folder.path(), subject, scenario, outcome);
          good = status.ok();
          return good ? outcome.not_shown + '\n' + outcome.note : status.error().message;
        },
        timeout_ms);
    const auto end = ended.output.find('\n');
    const std::string missing = ended.ok ? ended.output.substr(0, end) : "";
    if (missing.empty()) {
      result(scenario.name, ended.ok ? "" : ended.why, ended.output.substr(ended.ok ? end + 1 : 0));
      return;
    }
    const bool asked = !subject.requests.empty();
    (asked ? failures_ : not_shown_) += 1;
    line("NOT SHOWN  " + std::string(scenario.name) + ": " + missing + " (" + ended.output.substr(end + 1) + "); " +
         (asked ? "the requests reach nothing that this can happen to: add some that do, or give --config JSON"
                : "give --requests FILE with requests that the plugin accepts, or --config JSON"));
  }
  // The last line, and the exit code.
  int end() {
    if (failures_ > 0) {
      line(std::to_string(failures_) + (failures_ == 1 ? " check failed" : " checks failed"));
    } else if (not_shown_ > 0) {
      line("good, but " + std::to_string(not_shown_) + (not_shown_ == 1 ? " thing was" : " things were") +
           " not shown");
    } else {
      line("good");
    }
    return failures_ == 0 ? 0 : 1;
  }

 private:
  CliStreams streams_;
  int failures_ = 0, not_shown_ = 0;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "-" : text;
}

void append_ids(std::string& out, const char* label, const char* const* ids) {
  std::vector<std::string> list;
  for (; ids != nullptr && *ids != nullptr; ++ids) list.emplace_back(*ids);
  out += std::string(label) + joined(list) + "\n";
}

// What the plugin says of itself, for people; the first line is its name.
std::string portrait(const sw_entry& entry) {
  const auto& info = *entry.info;
  const auto text = [](const char* s) { return std::string(s == nullptr || *s == '\0' ? "-" : s); };
  std::string out = text(info.name) + "\n";
  out += "id        " + text(info.id) + "\n";
  out += "version   " + text(info.version) + " by " + text(info.vendor) + ", " + text(info.license) + "\n";
  out += "summary   " + text(info.summary) + "\n";
  out += "abi       generation " + std::to_string(entry.generation) + ", built for revision " +
         std::to_string(entry.built_revision) + ", needs revision " + std::to_string(entry.min_revision) + "\n";
  append_ids(out, "requires  ", info.requires_);
  append_ids(out, "optional  ", info.optional);
  const auto keys = json_keys(info.config_keys == nullptr ? "{}" : info.config_keys, "config_keys");
  out += "keys      " + (keys ? joined(*keys) : keys.error().message);
  return out;
}

Status check_config_keys(const sw_entry& entry) {
  if (entry.info->config_keys == nullptr) return {};
  auto keys = json_keys(entry.info->config_keys, "config_keys");
  return keys ? Status{} : Status(std::move(keys).error());
}

// Configurations that no operator writes on purpose.
std::vector<std::string> garbage() {
  std::vector<std::string> list = {"",
                                   "{",
                                   "}",
                                   "null",
                                   "[]",
                                   "0",
                                   "\"",
                                   "{\"\":{}}",
                                   "{\"a\":1e999}",
                                   "{\"a\":\"\\ud800\"}",
                                   "{\"listen\":[[[]]]}",
                                   std::string("{\"a\0b\":1}", 9),
                                   "{\"a\":\"\xff\xfe\"}"};
  list.push_back("{\"a\":" + std::string(5'000, '[') + std::string(5'000, ']') + "}");
  list.push_back("{\"a\":\"" + std::string(1 << 20, 'x') + "\"}");
  return list;
}

Status check_shape(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  auto facts = read_elf(bytes.str(), path);
  if (!facts) return std::move(facts).error();
  if (!facts->unique.empty()) {
    return Error{Code::invalid, "has the unique symbol " + facts->unique.front() +
                                    ", which ties plugins together; build with -fno-gnu-unique or hidden visibility"};
  }
  if (facts->executable_stack) return Error{Code::invalid, "wants an executable stack; link with -z noexecstack"};
  if (!facts->bind_now) return Error{Code::invalid, "resolves functions late; link with -z now"};
  return {};
}

Result<std::vector<CheckRequest>> read_requests(const std::string& path) {
  if (path.empty()) return std::vector<CheckRequest>{};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{Code::io, path + " cannot be read; give a file of requests"};
  return parse_requests(text.str(), path);
}

}  // namespace

int plugin_check(const CheckOptions& options, CliStreams streams) {
  Report report(streams);
  std::error_code error;
  const auto path = std::filesystem::canonical(options.file, error).string();
  if (error) {
    std::fprintf(streams.err, "%s cannot be reached: %s\n", options.file.c_str(), error.message().c_str());
    return 1;
  }
  auto requests = read_requests(options.requests_file);
  if (!requests) {
    std::fprintf(streams.err, "%s\n", requests.error().message.c_str());
    return 1;
  }
  const auto loaded = run_in_child(
      [&](bool& good) {
        log::set_level(log::Level::off);
        auto entry = load_file({"", path}, "");
        good = entry.ok();
        return good ? portrait(**entry) : entry.error().message;
      },
      options.timeout_ms);
  std::string name;
  if (loaded.ok) {
    const auto end = loaded.output.find('\n');
    name = loaded.output.substr(0, end);
    report.line("plugin    " + name);
    report.line(loaded.output.substr(end + 1));
  }
  if (!report.result("loads, with one exported symbol", loaded.ok ? "" : loaded.why)) return 1;
  const Located file{name, path};
  const auto with_entry = [&](const std::function<Status(const sw_entry&)>& check) {
    auto entry = load_file(file, "");
    return entry ? check(**entry) : Status(std::move(entry).error());
  };
  report.in_child("linked as the SDK links", options.timeout_ms, [&](std::string&) { return check_shape(path); });
  report.in_child("config_keys are a JSON object", options.timeout_ms,
                  [&](std::string&) { return with_entry(check_config_keys); });
  const auto lives = [&](const std::string& what, std::size_t lanes, const std::vector<std::string>& odd_sections) {
    const TemporaryFolder folder;
    report.in_child(what, options.timeout_ms, [&](std::string&) {
      return run_lifecycle(folder.path(), path, name, options.section, lanes, odd_sections);
    });
  };
  lives("lives and ends on 1 lane", 1, {});
  lives("lives and ends on 4 lanes", 4, {});
  lives("survives garbage as configuration", 1, garbage());
  const ChaosSubject subject{path, name, options.section, std::move(*requests), garbage(), options.seed};
  for (const auto& scenario : chaos_scenarios()) report.chaos(scenario, subject, options.timeout_ms);
  return report.end();
}

}  // namespace switchyard::plugin
