#include "kernel/plugin/scaffold.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace switchyard::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxName = 40;

// Targets of CMake, routes and plugins of the server, words that no crate may be called.
constexpr std::string_view kTaken[] = {
    "all",     "clean",      "help",      "install",  "test",    "package", "edit_cache", "rebuild_cache",
    "metrics", "livez",      "readyz",    "mnq",      "v1",      "queues",  "topics",     "control",
    "sqs",     "sns",        "nats",      "webhooks", "as",      "async",   "await",      "break",
    "const",   "continue",   "crate",     "dyn",      "else",    "enum",    "extern",     "false",
    "fn",      "for",        "if",        "impl",     "in",      "let",     "loop",       "match",
    "mod",     "move",       "mut",       "pub",      "ref",     "return",  "self",       "static",
    "struct",  "super",      "trait",     "true",     "type",    "unsafe",  "use",        "where",
    "while",   "abstract",   "become",    "box",      "do",      "final",   "macro",      "override",
    "priv",    "try",        "typeof",    "unsized",  "virtual", "yield",   "core",       "std",
    "alloc",   "proc_macro", "switchyard"};

struct Output {
  std::string_view key;  // Of the template.
  std::string path;      // In the new folder.
};

std::vector<Output> outputs(const std::string& name, Language language) {
  std::vector<Output> list{{"common/README.md", "README.md"},
                           {"common/switchyard.yaml", "switchyard.yaml"},
                           {"common/requests.http", "requests.http"},
                           {"common/gitignore", ".gitignore"}};
  if (language == Language::rust) {
    list.push_back({"rust/Cargo.toml", "Cargo.toml"});
    list.push_back({"rust/lib.rs", "src/lib.rs"});
    list.push_back({"rust/switchyard.rs", "src/switchyard.rs"});
    return list;
  }
  list.push_back({"common/plugin_test.cpp", name + "_test.cpp"});
  if (language == Language::c) {
    list.push_back({"c/CMakeLists.txt", "CMakeLists.txt"});
    list.push_back({"c/plugin.c", name + ".c"});
  } else {
    list.push_back({"cpp/CMakeLists.txt", "CMakeLists.txt"});
    list.push_back({"cpp/plugin.cpp", name + ".cpp"});
  }
  return list;
}

// What stands for @WORD@ in a template.
std::vector<std::pair<std::string_view, std::string>> words(const std::string& name, Language language) {
  if (language == Language::rust) {
    return {{"@NAME@", name},
            {"@SOURCE@", "src/lib.rs"},
            {"@FILE@", "target/release/lib" + name + ".so"},
            {"@READS@", "DELETE"},
            {"@TRY@", "curl -X DELETE \"$AWS_ENDPOINT_URL/" + name + "\""},
            {"@BUILD@",
             "cargo build --release --offline\nchmod go-w target/release/lib" + name + ".so\ncargo test --offline"}};
  }
  return {{"@NAME@", name},
          {"@SOURCE@", name + (language == Language::c ? ".c" : ".cpp")},
          {"@FILE@", "build/" + name + ".so"},
          {"@READS@", "GET"},
          {"@TRY@", "curl \"$AWS_ENDPOINT_URL/" + name + "\""},
          {"@BUILD@", "cmake -S . -B build\ncmake --build build\nctest --test-dir build --output-on-failure"}};
}

std::string filled(std::string_view text, const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out(text);
  for (const auto& [word, value] : values) {
    for (auto at = out.find(word); at != std::string::npos; at = out.find(word, at + value.size()))
      out.replace(at, word.size(), value);
  }
  return out;
}

Error io_error(const std::string& what, const std::string& path, const std::string& why) {
  return Error{Code::io, what + " " + path + ": " + why};
}

Status write_file(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file ? Status{} : Status(io_error("cannot write", path.string(), std::strerror(errno)));
}

}  // namespace

Result<Language> parse_language(std::string_view text) {
  if (text == "c") return Language::c;
  if (text == "cpp" || text == "c++") return Language::cpp;
  if (text == "rust") return Language::rust;
  return Error{Code::invalid, "--lang is '" + std::string(text) + "'; it is c, cpp or rust"};
}

Status judge_new_name(std::string_view name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty() || name.size() > kMaxName || name.front() < 'a' || name.front() > 'z' || name.back() == '_' ||
      !std::all_of(name.begin(), name.end(), good)) {
    return Error{Code::invalid, "'" + std::string(name) + "' cannot name a plugin; take 1 to " +
                                    std::to_string(kMaxName) +
                                    " of a-z, 0-9 and _, a letter first and no _ last, say 'mail_box'"};
  }
  if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken)) {
    return Error{Code::invalid, "'" + std::string(name) +
                                    "' is taken by the server, by a build tool or by a language; take another name"};
  }
  return {};
}

Result<std::vector<std::string>> write_scaffold(const std::string& folder, const std::string& name, Language language) {
  if (auto status = judge_new_name(name); !status) return std::move(status).error();
  std::error_code error;
  const fs::path target = fs::path(folder) / name;
  if (fs::symlink_status(target, error).type() != fs::file_type::not_found) {
    return Error{Code::exists, target.string() + " is already there; take another name or another --dir"};
  }
  const fs::path draft = fs::path(folder) / ("." + name + ".new");
  if (!fs::create_directory(draft, error)) {
    return io_error("cannot make", draft.string(), error ? error.message() : "it is already there; remove it");
  }
  std::vector<std::string> written;
  Status status;
  const auto values = words(name, language);
  for (const auto& output : outputs(name, language)) {
    const auto& all = templates();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Template& t) { return t.key == output.key; });
    assert(found != all.end());
    status = write_file(draft / output.path, filled(found->text, values));
    if (!status) break;
    written.push_back(output.path);
  }
  if (status) {
    fs::rename(draft, target, error);
    if (error) status = io_error("cannot rename to", target.string(), error.message());
  }
  if (!status) {
    fs::remove_all(draft, error);
    return std::move(status).error();
  }
  std::sort(written.begin(), written.end());
  return written;
}

}  // namespace switchyard::plugin
