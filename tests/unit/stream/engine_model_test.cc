#include "tests/support/environment.h"
#include "tests/unit/stream/engine_model_world.h"

namespace switchyard::stream {
namespace {

using test::from_environment;

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
