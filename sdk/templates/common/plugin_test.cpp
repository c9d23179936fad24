// The plugin on a host in memory, with time in the test's hand.
#include <cstdio>
#include <switchyard/testing/host.hpp>

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (condition) break;                                                      \
    std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    failed = true;                                                             \
  } while (false)

int main() {
  using switchyard::testing::Host;
  bool failed = false;

  Host host;
  host.start(switchyard_plugin_v1());
  EXPECT(host.ask("GET", "/@NAME@").status == 403);  // Nobody named a namespace.

  host.set_anonymous(host.add_namespace("tests"));
  EXPECT(host.ask("GET", "/@NAME@").body == "0\n");
  EXPECT(host.ask("POST", "/@NAME@", "one").status == 201);
  EXPECT(host.ask("POST", "/@NAME@", "two").body == "2\n");

  host.refuse_next("stream.append", SW_BUSY);  // Back-pressure.
  EXPECT(host.ask("POST", "/@NAME@", "three").status == 503);
  host.fail_next("stream.append", SW_IO);
  EXPECT(host.ask("POST", "/@NAME@", "three").status == 500);

  host.restart();
  EXPECT(host.ask("GET", "/@NAME@").body == "2\n");
  host.stop();
  EXPECT(host.take_misuses().empty());
  return failed ? 1 : 0;
}
