#include "plugins/control/names.h"

#include <iterator>

namespace switchyard::control {
namespace {

constexpr std::string_view kAdjectives[] = {
    "amber",   "brisk",  "calm",  "clever", "coral", "daring", "eager",  "early",  "fair",   "gentle", "golden",
    "happy",   "honest", "ivory", "jolly",  "keen",  "light",  "lucid",  "mellow", "modest", "neat",   "noble",
    "patient", "proud",  "quick", "quiet",  "ready", "silver", "steady", "sunny",  "vivid",  "warm"};
constexpr std::string_view kSurnames[] = {"babbage", "bell",     "boole",  "braille",  "carson", "curie",  "dijkstra",
                                          "euler",   "faraday",  "fermat", "franklin", "galois", "gauss",  "germain",
                                          "goodall", "hamilton", "hopper", "hypatia",  "kepler", "lamarr", "lovelace",
                                          "maxwell", "meitner",  "mendel", "noether",  "pascal", "planck", "ride",
                                          "shannon", "tesla",    "turing", "volta"};

}  // namespace

std::string generated_name(std::string_view prefix, std::uint32_t random) {
  std::string name(prefix);
  name += '-';
  name += kAdjectives[random % std::size(kAdjectives)];
  name += '-';
  name += kSurnames[random / std::size(kAdjectives) % std::size(kSurnames)];
  return name;
}

}  // namespace switchyard::control
