#include <cstdlib>

#include "tests/unit/stream/engine_model_world.h"

namespace switchyard::stream {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class EngineModelOnOneLane : public EngineModel {
 protected:
  EngineModelOnOneLane() : EngineModel(1) {}
  void work() {
    run(from_environment("SWITCHYARD_MODEL_SEED", 1),
        static_cast<int>(from_environment("SWITCHYARD_MODEL_OPS", 8'000)));
  }
};
class EngineModelOnFourLanes : public EngineModel {
 protected:
  EngineModelOnFourLanes() : EngineModel(4) {}
  void work() {
    run(from_environment("SWITCHYARD_MODEL_SEED", 2),
        static_cast<int>(from_environment("SWITCHYARD_MODEL_OPS", 8'000)));
  }
};

TEST_F(EngineModelOnOneLane, keeps_every_promise_over_random_operations_and_crashes) { work(); }
TEST_F(EngineModelOnFourLanes, keeps_every_promise_over_random_operations_and_crashes) { work(); }

}  // namespace
}  // namespace switchyard::stream
