// A line-based work queue in C++: POST /lines/NAME with one line, answered by one line.
//
//   put TEXT        -> "put SEQUENCE"      the text is on disk
//   take [WAIT_MS]  -> "line TOKEN TEXT"   leased for 30 s; "empty" when there was nothing in WAIT_MS
//   done TOKEN      -> "done"              the text is gone; "gone" when it was, or its lease had ended
//
// Each NAME is a durable stream.  Callers need no credential: the operator names their namespace in
// plugins.lines.anonymous_namespace.
#include <charconv>
#include <switchyard/plugin.hpp>

namespace {

using namespace switchyard::sdk;

constexpr std::string_view kPath = "/lines/", kTaker = "taker";
constexpr std::uint32_t kMaxWaitMs = 60'000;

// "take 5" -> "take", and the line keeps "5".
std::string_view next_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

class LinesLane final : public Lane {
 public:
  explicit LinesLane(const sw_host& host) : host_(host) {}

  void serve(Reply reply, const sw_http_request& request) {
    auto* ns = anonymous_namespace(host_);
    if (ns == nullptr) return reply.text(403, "set plugins.lines.anonymous_namespace to let callers in\n");
    const auto queue = view(request.path).substr(kPath.size());
    if (queue.empty() || queue.size() > 200)
      return reply.text(400, "the path is /lines/NAME, 1 to 200 bytes of NAME\n");
    std::string line(view(request.body));
    if (!line.empty() && line.back() == '\n') line.pop_back();
    // The request lives until it is answered, but a copy of the line can be cut.
    Stream::open_or_create(
        host_, ns, "lines/" + std::string(queue), WorkQueue(kTaker),
        [this, reply = std::move(reply), line = std::move(line)](const Outcome& opened, Stream stream) mutable {
          if (!opened) return reply.refuse(opened);
          run(stream, std::move(reply), line);
        });
  }
  void drain() override { waiting_.drain(); }

 private:
  void run(const Stream& stream, Reply reply, std::string_view line) {
    const auto verb = next_word(line);
    if (verb == "put" && !line.empty()) return put(stream, std::move(reply), line);
    if (verb == "take") return take(stream, std::move(reply), line);
    if (verb == "done") return done(stream, std::move(reply), line);
    reply.text(400, "say put TEXT, take [WAIT_MS] or done TOKEN\n");
  }

  static void put(const Stream& stream, Reply reply, std::string_view text) {
    stream.append({.body = text}, [reply = std::move(reply)](const Outcome& put, const sw_appended* one) mutable {
      if (!put) return reply.refuse(put);
      reply.text(200, "put " + std::to_string(one->seq) + "\n");
    });
  }

  void take(const Stream& stream, Reply reply, std::string_view text) {
    std::uint32_t wait_ms = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), wait_ms);
    if (!text.empty() && (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || wait_ms > kMaxWaitMs))
      return reply.text(400, "WAIT_MS is a number, at most 60000\n");
    waiting_.fetch(stream, kTaker, 1, wait_ms, std::move(reply),
                   [stream](Reply waiter, const Outcome& fetched, Deliveries got) {
                     if (!fetched) return waiter.refuse(fetched);
                     if (got.empty()) return waiter.text(200, "empty\n");
                     const auto token = stream.seal(kTaker, got[0]->token);
                     waiter.text(200, "line " + token + " " + std::string(view(got[0]->body)) + "\n");
                   });
  }

  static void done(const Stream& stream, Reply reply, std::string_view text) {
    sw_token token;
    if (stream.open(kTaker, text, &token) != SW_OK) return reply.text(400, "this is no token of this queue\n");
    stream.ack(kTaker, token, [reply = std::move(reply)](const Outcome& acked) mutable {
      const bool gone = acked.status == SW_NOT_FOUND || acked.status == SW_CONFLICT;
      if (!acked && !gone) return reply.refuse(acked);
      reply.text(200, gone ? "gone\n" : "done\n");
    });
  }

  const sw_host& host_;
  WaitingRequests waiting_;
};

class Lines final : public Plugin {
 public:
  using Plugin::Plugin;
  void configure(std::string_view, bool) override {}  // It has no keys of its own.
  void start() override { route<LinesLane, &LinesLane::serve>(*this, "POST", "/lines/*"); }
  std::unique_ptr<Lane> lane_start(std::uint32_t) override { return std::make_unique<LinesLane>(host()); }
};

constexpr const char* kNeeds[] = {SW_EXT_AUTH, SW_EXT_HTTP, SW_EXT_STREAM, nullptr};
constexpr sw_info kInfo = {.size = sizeof(sw_info),
                           .flags = 0,
                           .id = "com.example.lines",
                           .name = "lines",
                           .version = "1.0.0",
                           .vendor = "Example",
                           .license = "Apache-2.0",
                           .summary = "A line-based work queue",
                           .requires_ = kNeeds,
                           .optional = nullptr,
                           .config_keys = "{}"};

}  // namespace

SWITCHYARD_PLUGIN(Lines, kInfo)
