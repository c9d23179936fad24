#include "kernel/plugin/check_chaos.h"

#include "kernel/plugin/check_server.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kLanes = 2, kRounds = 400, kInFlight = 64;
constexpr int kStopMs = 10'000, kParkedMs = 100;

struct Calm {  // What a request is answered when nothing is wrong; 0 = it waits.
  CheckRequest request;
  std::uint32_t status;
};

// One after the other, as they stand in the file: a later one may need an earlier one.
std::vector<Calm> ask_calmly(Chaos& chaos, const std::vector<CheckRequest>& requests) {
  std::vector<Calm> list;
  for (const auto& request : requests) {
    const auto before = chaos.unanswered();
    const auto number = chaos.ask(request, 0);
    if (before == 0) {
      chaos.wait_for_answers(kParkedMs);
    } else {
      for (int ms = 0; ms < kParkedMs && chaos.status_of(number) == 0; ++ms) chaos.wait_for_answers(1);
    }
    list.push_back({request, chaos.status_of(number)});
  }
  return list;
}

void make_trouble(Chaos& chaos, Host& host, const PluginSpec& spec, const ChaosSubject& subject,
                  const ChaosScenario& scenario, const std::vector<CheckRequest>& made_up) {
  std::mt19937_64 random(subject.seed);
  const auto pick = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (std::size_t round = 0; round < kRounds; ++round) {
    const bool own = !subject.requests.empty() && (made_up.empty() || pick(4) != 0);
    const auto& list = own ? subject.requests : made_up;
    if (list.empty()) return;
    chaos.ask(list[pick(list.size())], static_cast<std::uint32_t>(pick(kLanes)));
    if (chaos.unanswered() > kInFlight) chaos.wait_for_answers(5);
    if (!scenario.reloads || round % 16 != 0) continue;
    auto odd = spec;
    odd.section = subject.odd_sections[pick(subject.odd_sections.size())];
    // One that was refused must have changed nothing, so the first is not brought back.
    if (!host.reconfigure({odd})) continue;
    if (auto back = host.reconfigure({spec}); !back)
      chaos.find("refused its first configuration when it came again: " + back.error().message);
  }
}

// One that waits now may be right to do so: what it would have got is leased.  Whether it is ever answered is
// judged when its lane stops.
void recover(Chaos& chaos, const std::vector<Calm>& before) {
  for (const auto& calm : before) {
    if (calm.status == 0 || calm.status >= 500) continue;
    const auto number = chaos.ask(calm.request, 0);
    for (int ms = 0; ms < kParkedMs && chaos.status_of(number) == 0; ++ms) chaos.wait_for_answers(1);
    const auto after = chaos.status_of(number);
    if (after < 500) continue;
    chaos.find(calm.request.name() + " was answered with " + std::to_string(calm.status) +
               " before the trouble and with " + std::to_string(after) + " when it was over");
  }
}

}  // namespace

const std::vector<ChaosScenario>& chaos_scenarios() {
  static const std::vector<ChaosScenario> kAll = {
      {"answers while calls are refused", {.refuse = 0.3}},
      {"answers while calls fail", {.fail = 0.3, .no_memory = 0.05}},
      {"answers while completions are late and peers leave", {.late = 0.7, .leave = 0.3}},
      {"survives everything at once", {.refuse = 0.1, .fail = 0.1, .late = 0.5, .leave = 0.2, .no_memory = 0.02}},
      {"goes on after a bad configuration", {}, true, false},
      {"stops with work outstanding", {.late = 0.5, .leave = 0.1}, false, true},
  };
  return kAll;
}

Status run_chaos(const std::string& folder, const ChaosSubject& subject, const ChaosScenario& scenario,
                 ChaosOutcome& outcome) {
  SmallServer server(folder, kLanes);
  if (auto status = server.open(); !status) return status;
  auto entry = load_file({subject.name, subject.path}, "");
  if (!entry) return std::move(entry).error();
  Chaos chaos(**entry, subject.seed);
  PluginSpec spec;
  spec.name = subject.name;
  spec.linked = chaos.entry();
  spec.required = true;
  spec.section = subject.section;
  spec.anonymous_namespace = SmallServer::kNamespace;

  Status status;
  {
    Host host(server.services, {});
    status = host.load({spec});
    if (status) status = host.start();
    if (status) {
      std::vector<CheckRequest> made_up;
      for (const auto& route : chaos.routes()) {
        auto more = made_up_requests(route.method, route.pattern);
        made_up.insert(made_up.end(), more.begin(), more.end());
      }
      const auto before = ask_calmly(chaos, subject.requests.empty() ? made_up : subject.requests);
      chaos.plan(scenario.plan);
      make_trouble(chaos, host, spec, subject, scenario, made_up);
      if (!scenario.hurries) chaos.wait_for_answers(kParkedMs);
      chaos.plan({});
      if (!scenario.hurries) recover(chaos, before);
    }
    host.drain();
    chaos.flush();
    host.stop(server.clock.mono_ms() + kStopMs);
    if (status) status = first_failure(host);
    server.close();
  }
  outcome.note = chaos.summary();
  outcome.not_shown = chaos.not_shown(scenario.plan);
  std::string text = status ? "" : status.error().message;
  for (const auto& finding : chaos.findings()) text += (text.empty() ? "" : "\n") + finding;
  if (text.empty()) return {};
  return Error{Code::internal, text + "\n(seed " + std::to_string(subject.seed) + ": " + outcome.note + ")"};
}

}  // namespace switchyard::plugin
