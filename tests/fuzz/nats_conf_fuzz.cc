// nats-server's configuration language, its directives and its command line: any bytes give options or a problem
// with a place, never a crash, and what is read stays within the bounds.
//
// Input: a configuration; after a zero byte an included file; after another one the flags, one a line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nats/conf_parser.h"
#include "plugins/nats/server_command_line.h"

namespace switchyard::nats {
namespace {

constexpr int kDepth = 16;

void require(bool condition) {
  if (!condition) std::abort();
}

struct FuzzSurroundings : Surroundings {
  bool read_file(const std::string& path, std::size_t max_bytes, std::string& out, std::string& error) override {
    const std::string& text = path == "main.conf" ? main : included;
    if (text.size() > max_bytes || path.find("none") != std::string::npos) {
      error = "no such file";
      return false;
    }
    out = text;
    return true;
  }
  // Variables of the environment are hostile, too: the included text stands for all of them.
  std::optional<std::string> environment(const std::string& name) override {
    if (name.size() > 3) return std::nullopt;
    return included;
  }
  std::string main, included;
};

struct Totals {
  std::size_t values = 0;
  int depth = 0;
};

void walk(const ConfDocument& document, const ConfValue& value, int depth, Totals& totals) {
  ++totals.values;
  totals.depth = std::max(totals.depth, depth);
  require(!document.where(value.place).empty());
  require(value.items.empty() || value.is(ConfValue::Kind::array));
  require(value.members.empty() || value.is(ConfValue::Kind::map));
  for (const ConfValue& item : value.items) walk(document, item, depth + 1, totals);
  for (const ConfMember& member : value.members) walk(document, member.value, depth + 1, totals);
}

void language(FuzzSurroundings& surroundings) {
  ConfLimits limits;
  limits.max_values = 2000;
  limits.max_depth = kDepth;
  limits.max_include_depth = 3;
  limits.max_files = 20;
  limits.max_total_bytes = 200'000;
  ConfDocument document;
  ConfProblem problem;
  if (!parse_conf_file("main.conf", surroundings, limits, document, problem)) {
    require(!problem.text.empty());
    return;
  }
  Totals totals;
  walk(document, document.root, 0, totals);
  require(totals.values <= limits.max_values + 1 && totals.depth <= kDepth + 1);
  ServerOptions options;
  OptionProblems problems;
  const bool ok = read_server_options(document, surroundings, options, problems);
  require(ok == problems.errors.empty());
  for (const ConfProblem& p : problems.errors) require(!p.where.empty() && !p.text.empty());
  if (ok) (void)check_server_options(options);
}

void command_line(FuzzSurroundings& surroundings, std::string_view text) {
  std::vector<std::string> arguments;
  while (!text.empty() && arguments.size() < 50) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  const StartPlan plan = plan_start(arguments, surroundings);
  const bool refused = plan.kind == StartPlan::Kind::refused;
  require(refused == (plan.exit_status != 0));
  require(!refused || (!plan.message.empty() && plan.message.back() == '\n'));
  if (plan.kind == StartPlan::Kind::serve) require(plan.options.port != 0 && plan.options.max_payload > 0);
}

}  // namespace
}  // namespace switchyard::nats

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard::nats;
  constexpr std::size_t kMaxInput = 16384;
  if (size > kMaxInput) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take = [&rest] {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    return part;
  };
  FuzzSurroundings surroundings;
  surroundings.main = take();
  surroundings.included = take();
  language(surroundings);
  command_line(surroundings, rest);
  return 0;
}
