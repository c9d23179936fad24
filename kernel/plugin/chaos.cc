#include "kernel/plugin/chaos.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "kernel/plugin/chaos_impl.h"

namespace switchyard::plugin {
namespace {

thread_local int callback_lane = -1;

constexpr int kBurst = 20;
constexpr std::uint32_t kMaxDelayMs = 8;
constexpr double kBurstStart = 0.01;

// SW_EXISTS is left out: it comes with what exists.  99 is no status: it is to be taken for SW_INTERNAL.
constexpr sw_status kStatuses[] = {SW_INVALID,  SW_NOT_FOUND, SW_UNAUTHENTICATED, SW_DENIED,   SW_QUOTA,   SW_BUSY,
                                   SW_TIMEOUT,  SW_CANCELLED, SW_UNSUPPORTED,     SW_CONFLICT, SW_CORRUPT, SW_IO,
                                   SW_STOPPING, SW_INTERNAL,  SW_UNKNOWN_OUTCOME, 99};

}  // namespace

Chaos* the_chaos = nullptr;

ChaosCallback::ChaosCallback(std::uint32_t lane) : outer_(std::exchange(callback_lane, static_cast<int>(lane))) {}
ChaosCallback::~ChaosCallback() { callback_lane = outer_; }
int ChaosCallback::lane() { return callback_lane; }

void Chaos::Exchange::overwrite() {
  for (auto* text : {&method, &target, &body, &peer}) std::fill(text->begin(), text->end(), '\xEE');
  for (auto& [key, value] : headers) {
    std::fill(key.begin(), key.end(), '\xEE');
    std::fill(value.begin(), value.end(), '\xEE');
  }
  for (auto& block : arena) std::memset(block.data(), 0xEE, block.size() * sizeof block[0]);
}

// ---- the plugin's table: its own functions, marked where they run on a lane -------------------------

struct ChaosPluginTable {
  static const sw_plugin& theirs() { return *the_chaos->theirs_.plugin; }
  static sw_status create(const sw_host* host, void** self, sw_error* error) {
    auto& c = *the_chaos;
    c.real_ = host;
    c.own_host_ = *host;
    c.own_host_.extension = [](const sw_host*, const char* id) { return chaos_table(id); };
    c.impl_->lane_states.resize(host->lanes);
    const auto status = theirs().create(&c.own_host_, self, error);
    c.self_ = *self;
    return status;
  }
  static sw_status configure(void* self, sw_str json, std::uint32_t dry_run, sw_error* error) {
    static std::string agreed;
    const auto status = theirs().configure(self, json, dry_run, error);
    const std::string_view text(json.data, json.len);
    if (dry_run != 0) {
      agreed = status == SW_OK ? text : std::string_view("\1");
    } else if (status != SW_OK && agreed == text) {
      the_chaos->find(
          "agreed to a configuration in its dry run and refused it in earnest; judge all of it when dry_run is 1");
    }
    return status;
  }
  static sw_status start(void* self, sw_error* error) { return theirs().start(self, error); }
  static sw_status lane_start(void* self, std::uint32_t lane, void** state, sw_error* error) {
    const ChaosCallback mark(lane);
    const auto status = SW_HAS(&theirs(), lane_start) ? theirs().lane_start(self, lane, state, error) : SW_OK;
    the_chaos->impl_->lane_states[lane] = *state;
    return status;
  }
  static void lane_drain(void* self, std::uint32_t lane, void* state) {
    const ChaosCallback mark(lane);
    if (SW_HAS(&theirs(), lane_drain)) theirs().lane_drain(self, lane, state);
  }
  static void lane_stop(void* self, std::uint32_t lane, void* state) {
    judge_requests(lane);
    {
      const ChaosCallback mark(lane);
      if (SW_HAS(&theirs(), lane_stop)) theirs().lane_stop(self, lane, state);
    }
    auto& i = *the_chaos->impl_;
    const std::lock_guard lock(i.mutex);
    const auto timers =
        std::count_if(i.timers.begin(), i.timers.end(), [&](const auto& entry) { return entry.second->lane == lane; });
    if (timers > 0) i.findings["left timers running when its lane stopped; cancel them in lane_stop"] += 1;
  }
  static void stop(void* self) { theirs().stop(self); }
  static void destroy(void* self) { theirs().destroy(self); }
  static const void* extension(void* self, const char* id) {
    return SW_HAS(&theirs(), extension) ? theirs().extension(self, id) : nullptr;
  }

  static void judge_requests(std::uint32_t lane) {
    auto& i = *the_chaos->impl_;
    const std::lock_guard lock(i.mutex);
    for (const auto& [number, e] : i.exchanges) {
      if (e->lane != lane || !e->open()) continue;
      if (i.lost++ == 0) i.first_lost = e->name;
    }
  }
};

Chaos::Chaos(const sw_entry& entry, std::uint64_t seed) : theirs_(entry), impl_(std::make_unique<Impl>(seed)) {
  using T = ChaosPluginTable;
  own_plugin_ = {sizeof own_plugin_, 0,       T::create,  T::configure, T::start, T::lane_start, T::lane_stop,
                 T::lane_drain,      T::stop, T::destroy, T::extension};
  own_entry_ = {sizeof own_entry_,  entry.generation, entry.built_revision,
                entry.min_revision, entry.info,       &own_plugin_};
  the_chaos = this;
}

Chaos::~Chaos() { the_chaos = nullptr; }

void Chaos::plan(const ChaosPlan& plan) {
  const std::lock_guard lock(impl_->mutex);
  impl_->plan = plan;
  impl_->busy_burst = 0;
}

// ---- decisions --------------------------------------------------------------------------------------

Chaos::Decision Chaos::decide(const char*, bool) {
  auto& i = *impl_;
  const std::lock_guard lock(i.mutex);
  ++i.calls;
  Decision decision;
  decision.with_error = i.chance() < 0.5;
  if (i.busy_burst == 0 && i.plan.refuse > 0 && i.chance() < kBurstStart) i.busy_burst = kBurst;
  if (i.busy_burst > 0) {
    --i.busy_burst;
    decision = {Fault::refuse, SW_BUSY, false};
  } else if (i.chance() < i.plan.refuse) {
    decision.fault = Fault::refuse;
    decision.status = kStatuses[i.pick(std::size(kStatuses))];
  } else if (i.chance() < i.plan.fail) {
    decision.fault = Fault::fail;
    decision.status = kStatuses[i.pick(std::size(kStatuses))];
  }
  i.refused += decision.fault == Fault::refuse ? 1 : 0;
  i.failed += decision.fault == Fault::fail ? 1 : 0;
  return decision;
}

std::uint32_t Chaos::delay_ms() {
  auto& i = *impl_;
  const std::lock_guard lock(i.mutex);
  if (i.flushing || i.chance() >= i.plan.late) return 0;
  return 1 + static_cast<std::uint32_t>(i.pick(kMaxDelayMs));
}

void Chaos::count_late() {
  const std::lock_guard lock(impl_->mutex);
  ++impl_->delayed;
}

bool Chaos::out_of_memory() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->chance() < impl_->plan.no_memory;
}

std::uint64_t Chaos::fake_fetch() {
  const std::lock_guard lock(impl_->mutex);
  return (1ull << 63) | impl_->next++;
}

void Chaos::find(const std::string& sentence) {
  const std::lock_guard lock(impl_->mutex);
  ++impl_->findings[sentence];
}

bool Chaos::in_callback(const char* call) {
  if (callback_lane >= 0) return true;
  find(std::string("called ") + call + " outside of a lane callback, from another thread or from a [control] call");
  return false;
}

std::vector<std::string> Chaos::findings() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::string> list;
  for (const auto& [sentence, times] : impl_->findings)
    list.push_back(times == 1 ? sentence : sentence + " (" + std::to_string(times) + " times)");
  if (impl_->lost > 0) {
    list.push_back("left " + std::to_string(impl_->lost) + (impl_->lost == 1 ? " request" : " requests") +
                   " unanswered when its lanes stopped, one is " + impl_->first_lost +
                   "; answer in every completion, also one that failed, and park nothing beyond lane_drain");
  }
  return list;
}

std::string Chaos::summary() const {
  const auto& i = *impl_;
  const std::lock_guard lock(i.mutex);
  const auto n = [](std::uint64_t count) { return std::to_string(count); };
  std::map<std::uint32_t, std::uint64_t> classes;
  for (const auto& [number, e] : i.exchanges) ++classes[e->status / 100];
  std::string answers;
  for (const auto& [hundreds, count] : classes) {
    if (hundreds != 0) answers += " " + n(hundreds) + "xx:" + n(count);
  }
  return n(i.exchanges.size()) + " requests" + answers + ", " + n(i.left) + " peers left, " + n(i.calls) + " calls, " +
         n(i.refused) + " refused, " + n(i.failed) + " failed, " + n(i.delayed) + " late";
}

std::string Chaos::not_shown(const ChaosPlan& plan) const {
  const auto& i = *impl_;
  const std::lock_guard lock(i.mutex);
  if (i.exchanges.empty()) return "nothing was asked";
  const struct {
    double planned;
    std::uint64_t happened;
    const char* missing;
  } kinds[] = {{plan.refuse, i.refused, "no call was refused"},
               {plan.fail, i.failed, "no call failed"},
               {plan.late, i.delayed, "no completion was late"},
               {plan.leave, i.left, "no peer left"}};
  std::string text;
  for (const auto& kind : kinds) {
    if (kind.planned == 0) continue;
    if (kind.happened > 0) return {};
    text += (text.empty() ? "" : ", ") + std::string(kind.missing);
  }
  return text;
}

// ---- what comes later -------------------------------------------------------------------------------

namespace {

struct LateKey {
  std::uint64_t number;
};

void run_late(std::uint64_t number) {
  auto& i = the_chaos->impl();
  std::optional<Chaos::Impl::Late> due;
  {
    const std::lock_guard lock(i.mutex);
    const auto found = i.late.find(number);
    if (found == i.late.end()) return;
    due = std::move(found->second);
    i.late.erase(found);
  }
  const ChaosCallback mark(due->lane);
  due->run();
}

void fire_late(void* user) {
  const std::unique_ptr<LateKey> key(static_cast<LateKey*>(user));
  run_late(key->number);
}

}  // namespace

void Chaos::later(std::uint32_t after_ms, std::function<void()> run) {
  auto& i = *impl_;
  const auto lane = static_cast<std::uint32_t>(callback_lane);
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(i.mutex);
    number = i.next++;
    i.late[number] = {lane, std::move(run)};
  }
  table<sw_clock_api>(SW_EXT_CLOCK)->start(real_, after_ms, fire_late, new LateKey{number});
}

void Chaos::flush() {
  auto& i = *impl_;
  {
    const std::lock_guard lock(i.mutex);
    i.flushing = true;
  }
  const auto* clock = table<sw_clock_api>(SW_EXT_CLOCK);
  const auto none_late = [&i] {
    const std::lock_guard lock(i.mutex);
    return i.late.empty();
  };
  // A completion may start calls that fail, and these end with a completion of their own.
  for (int round = 0; round < 1000 && !none_late(); ++round) {
    for (std::uint32_t lane = 0; lane < real_->lanes; ++lane) {
      clock->post(
          real_, lane,
          [](void* on, void*) {
            auto& all = the_chaos->impl();
            std::vector<std::uint64_t> due;
            {
              const std::lock_guard lock(all.mutex);
              for (const auto& [number, late] : all.late) {
                if (late.lane == reinterpret_cast<std::uintptr_t>(on)) due.push_back(number);
              }
            }
            for (const auto number : due) run_late(number);
          },
          reinterpret_cast<void*>(static_cast<std::uintptr_t>(lane)));
    }
    std::unique_lock lock(i.mutex);
    i.changed.wait_for(lock, std::chrono::milliseconds(5), [&i] { return i.late.empty(); });
  }
}

}  // namespace switchyard::plugin
