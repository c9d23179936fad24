// TwoTenants are two plugins, each with the namespace of its own for anonymous callers.
#pragma once
#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {

struct TwoTenants {
  HostRig rig;
  LinkedPlugin plugin{"one"}, other{"two"};
  account::Namespace a, b;

  explicit TwoTenants(std::size_t lanes = 1) : rig(lanes) {
    a = rig.make_namespace("a", "000000000001");
    b = rig.make_namespace("b", "000000000002");
    rig.run({&plugin, &other}, [](PluginSpec& spec) { spec.anonymous_namespace = spec.name == "one" ? "a" : "b"; });
  }
};

}  // namespace switchyard::plugin::test
