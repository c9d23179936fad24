// What Chaos keeps; shared by its sources.
#pragma once
#include <set>

#include "kernel/plugin/chaos.h"

namespace switchyard::plugin {

struct Chaos::Exchange {
  std::uint64_t number = 0;
  std::uint32_t lane = 0, status = 0;
  std::string name;  // "POST /lines/a"
  std::string method, target, body, peer = "127.0.0.1";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<sw_pair> pairs;
  sw_http_request request{};
  bool handed = false, answered = false, gone = false;
  void (*aborted)(void*) = nullptr;
  void* abort_user = nullptr;
  std::vector<std::vector<std::uint64_t>> arena;

  bool open() const { return handed && !answered && !gone; }
  // The loan has ended: whoever reads on reads rubbish.
  void overwrite();
};

struct Chaos::Impl {
  explicit Impl(std::uint64_t seed) : random(seed) {}

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::mt19937_64 random;
  ChaosPlan plan;
  bool flushing = false;
  int busy_burst = 0;  // Calls that are still refused with SW_BUSY.
  std::uint64_t next = 1, calls = 0, refused = 0, failed = 0, delayed = 0, left = 0;
  std::map<std::uint64_t, std::unique_ptr<Exchange>> exchanges;
  std::size_t waiting = 0;  // Posted or handed, and neither answered nor gone.
  struct Late {
    std::uint32_t lane;
    std::function<void()> run;
  };
  std::map<std::uint64_t, Late> late;
  std::map<std::string, int> findings;
  std::size_t lost = 0;  // Requests that were open when their lane stopped.
  std::string first_lost;
  struct TimerRelay {
    void (*fire)(void*);
    void* user;
    std::uint32_t lane;
    sw_timer id;
  };
  std::map<sw_timer, std::unique_ptr<TimerRelay>> timers;
  std::vector<void*> lane_states;

  // With the mutex held.
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random); }
  std::uint64_t pick(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random); }
};

}  // namespace switchyard::plugin
