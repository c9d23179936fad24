// A plugin on plugin.hpp: what the wrapper promises is shown through its HTTP routes.
#include <switchyard/plugin.hpp>
#include <vector>

namespace {

using namespace switchyard::sdk;

class WrappedLane final : public Lane {
 public:
  explicit WrappedLane(const sw_host& host) : host_(host), http_(host), clock_(host), streams_(host), timer_(host) {}

  void echo(sw_http_exchange* exchange, const sw_http_request& request) { answer(exchange, 200, view(request.body)); }
  bool is_echo(const sw_http_request& request) { return view(request.method) == "POST"; }

  void throws(sw_http_exchange*, const sw_http_request&) { throw std::runtime_error("the handler threw"); }

  // Answers from a timer.
  void later(sw_http_exchange* exchange, const sw_http_request&) {
    waiting_.push_back(exchange);
    timer_.start<&WrappedLane::on_timer>(1, this);
  }
  // The lambda captures more than a pointer, and the call is refused: no namespace.
  void refused(sw_http_exchange* exchange, const sw_http_request&) {
    const auto alive = std::make_shared<int>(7);
    const std::weak_ptr<int> watch = alive;
    const auto status =
        submit<sw_done>([alive, exchange](sw_status, const sw_error*) { static_cast<void>(exchange); },
                        [&](sw_done done, void* user) { return streams_->purge(&host_, nullptr, 1, done, user); });
    answer(exchange, 200, std::to_string(status) + " " + std::to_string(watch.use_count()));
  }
  void drain() override { on_timer(); }

 private:
  void on_timer() {
    for (auto* exchange : std::exchange(waiting_, {})) answer(exchange, 200, "later");
  }
  void answer(sw_http_exchange* exchange, std::uint32_t status, std::string_view text) {
    http_->respond(exchange, status, nullptr, 0, bytes(text));
  }

  const sw_host& host_;
  const Ext<sw_http_api> http_;
  const Ext<sw_clock_api> clock_;
  const Ext<sw_stream_api> streams_;
  Timer timer_;
  std::vector<sw_http_exchange*> waiting_;
};

class Wrapped final : public Plugin {
 public:
  using Plugin::Plugin;
  void configure(std::string_view json, bool) override {
    if (json.find("\"refuse\"") != std::string_view::npos) throw std::invalid_argument("refuse is no key of wrapped");
    if (json.find("\"busy\"") != std::string_view::npos) throw Failure(SW_BUSY, "not now");
    if (json.find("\"odd\"") != std::string_view::npos) throw 42;
  }
  void start() override {
    route<WrappedLane, &WrappedLane::echo, &WrappedLane::is_echo>(*this, "", "/wrapped/echo");
    route<WrappedLane, &WrappedLane::throws>(*this, "GET", "/wrapped/throws");
    route<WrappedLane, &WrappedLane::later>(*this, "GET", "/wrapped/later");
    route<WrappedLane, &WrappedLane::refused>(*this, "GET", "/wrapped/refused");
  }
  std::unique_ptr<Lane> lane_start(std::uint32_t) override { return std::make_unique<WrappedLane>(host()); }
};

constexpr const char* kNeeds[] = {SW_EXT_HTTP, SW_EXT_CLOCK, SW_EXT_STREAM, nullptr};
constexpr sw_info kInfo = {sizeof(sw_info), 0,      "test.wrapped", "wrapped", "1.0.0", "test",
                           "Apache-2.0",    "test", kNeeds,         nullptr,   "{}"};

}  // namespace

SWITCHYARD_PLUGIN(Wrapped, kInfo)
