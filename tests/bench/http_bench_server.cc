// bench_http_server measures the kernel's HTTP layer alone: POST / answers 200 bytes, GET /park waits
// until the client leaves, GET /cpu tells what this process has used so far.
//
// usage: bench_http_server [--listen ADDRESS] [--lanes N] [--cert FILE --key FILE]
//
// http_bench.py drives it.
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "kernel/net/http.h"

namespace switchyard::net {
namespace {

std::int64_t cpu_us(const timeval& time) { return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec; }

std::int64_t resident_kb() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * 4;
}

class Echo final : public HttpHandler {
 public:
  void handle(const HttpRequest& request, HttpExchange exchange) override {
    if (request.path == "/park") {
      exchange.park([](ParkEvent) {});
    } else if (request.path == "/cpu") {
      exchange.respond(200, {}, usage());
    } else {
      const HttpHeader headers[] = {{"Content-Type", "application/x-amz-json-1.0"},
                                    {"x-amzn-RequestId", "3e2c9a7e-8d1f-4c55-9f31-1a2b3c4d5e6f"}};
      exchange.respond(200, headers, answer_);
    }
  }
  HttpServer* server = nullptr;

 private:
  std::string usage() const {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const HttpStats stats = server->stats();
    return "{\"user_us\":" + std::to_string(cpu_us(used.ru_utime)) +
           ",\"sys_us\":" + std::to_string(cpu_us(used.ru_stime)) + ",\"requests\":" + std::to_string(stats.requests) +
           ",\"parked\":" + std::to_string(stats.parked) + ",\"connections\":" + std::to_string(stats.connections) +
           ",\"rss_kb\":" + std::to_string(resident_kb()) + ",\"heap_bytes\":" + std::to_string(mallinfo2().uordblks) +
           "}";
  }

  const std::string answer_ = std::string(200, 'x');
};

int run(int argc, char** argv) {
  ListenOptions options{"127.0.0.1:0", nullptr};
  TlsFiles files;
  std::size_t lanes_wanted = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--listen") options.address = argv[i + 1];
    if (name == "--lanes") lanes_wanted = static_cast<std::size_t>(std::atoi(argv[i + 1]));
    if (name == "--cert") files.certificate_chain = argv[i + 1];
    if (name == "--key") files.private_key = argv[i + 1];
  }
  // Blocked before the lanes start, so that sigwait() below is the only taker.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  if (!files.certificate_chain.empty()) {
    auto tls = TlsContext::load(files);
    if (!tls) return std::fprintf(stderr, "%s\n", tls.error().message.c_str()), 1;
    options.tls = *tls;
  }
  const SystemClock clock;
  LaneGroup lanes(clock, lanes_wanted);
  Echo echo;
  HttpServer server(lanes, echo);
  echo.server = &server;
  lanes.start();
  auto listening = server.listen(options);
  if (!listening) return std::fprintf(stderr, "%s\n", listening.error().message.c_str()), 1;
  std::printf("%s\n", listening->address.c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}

}  // namespace
}  // namespace switchyard::net

int main(int argc, char** argv) { return switchyard::net::run(argc, argv); }
