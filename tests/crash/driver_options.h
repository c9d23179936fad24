// What the drivers of this folder take from their command line alike, and what they all need of time and chance.
//
// Failure: complete() is false when an option that must be there is not.
//
// Thread: plain values.
#pragma once
#include <time.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::crash {

struct DriverOptions {
  std::string binary, data_dir;
  std::vector<std::string> settings;
  std::uint64_t seed = std::random_device{}();
  std::size_t cycles = 50;
  std::size_t operations = 1000;

  // False: `name` is not one of these.
  bool take(std::string_view name, const std::string& value) {
    if (name == "--binary") {
      binary = value;
    } else if (name == "--data-dir") {
      data_dir = value;
    } else if (name == "--cycles") {
      cycles = std::stoul(value);
    } else if (name == "--operations") {
      operations = std::stoul(value);
    } else if (name == "--seed") {
      seed = std::stoull(value);
    } else if (name == "--set") {
      settings.push_back(value);
    } else {
      return false;
    }
    return true;
  }
  bool complete() const { return !binary.empty() && !data_dir.empty(); }
};

// The number of lanes changes between lives: streams must find their way to another lane.  Short intervals put kills
// into checkpoints and cleaning; the default puts them into long replays.
inline std::vector<std::string> settings_of_a_life(const DriverOptions& options, std::mt19937_64& random) {
  std::vector<std::string> all = options.settings;
  all.push_back("lanes=" + std::to_string(1u << (random() % 3)));
  if (random() % 4 != 0) all.push_back("storage.checkpoint_interval=" + std::to_string(100 + random() % 400) + "ms");
  return all;
}

inline void pause(std::chrono::milliseconds duration) {
  const timespec time{duration.count() / 1000, (duration.count() % 1000) * 1'000'000};
  nanosleep(&time, nullptr);
}

}  // namespace switchyard::crash
