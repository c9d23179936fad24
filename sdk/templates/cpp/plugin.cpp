// @NAME@: POST /@NAME@ keeps the body as one message of a durable stream and answers its sequence;
// GET /@NAME@ answers how many there are.
//
// Callers need no credential: plugins.@NAME@.anonymous_namespace in switchyard.yaml names their namespace.
#include <switchyard/plugin.hpp>

namespace {

using namespace switchyard::sdk;

constexpr std::string_view kStream = "@NAME@/messages", kConsumer = "reader";

// One per lane, touched on its lane alone: no locks.
class OneLane final : public Lane {
 public:
  explicit OneLane(const sw_host& host) : host_(host) {}

  void serve(Reply reply, const sw_http_request& request) {
    auto* ns = anonymous_namespace(host_);
    if (ns == nullptr) return reply.text(403, "set plugins.@NAME@.anonymous_namespace to let callers in\n");
    const bool adds = view(request.method) == "POST";
    // What a completion needs is moved or copied into it: the request is gone once it is answered.
    Stream::open_or_create(
        host_, ns, kStream, WorkQueue(kConsumer),
        [adds, body = std::string(view(request.body)), reply = std::move(reply)](const Outcome& opened,
                                                                                 Stream stream) mutable {
          if (!opened) return reply.refuse(opened);
          adds ? add(stream, body, std::move(reply)) : count(stream, std::move(reply));
        });
  }

 private:
  static void add(const Stream& stream, std::string_view body, Reply reply) {
    stream.append({.body = body}, [reply = std::move(reply)](const Outcome& added, const sw_appended* one) mutable {
      if (!added) return reply.refuse(added);
      reply.text(201, std::to_string(one->seq) + "\n");  // It is on disk now.
    });
  }
  static void count(const Stream& stream, Reply reply) {
    stream.state(kConsumer, [reply = std::move(reply)](const Outcome& counted, const sw_stream_state* state) mutable {
      if (!counted) return reply.refuse(counted);
      reply.text(200, std::to_string(state->messages) + "\n");
    });
  }

  const sw_host& host_;
};

class ThisPlugin final : public Plugin {
 public:
  using Plugin::Plugin;
  // The section of this plugin as JSON; throw std::invalid_argument to refuse it.  It has no keys yet: name
  // them in config_keys below.
  void configure(std::string_view, bool /*dry_run*/) override {}
  void start() override {
    route<OneLane, &OneLane::serve>(*this, "POST", "/@NAME@");
    route<OneLane, &OneLane::serve>(*this, "GET", "/@NAME@");
  }
  std::unique_ptr<Lane> lane_start(std::uint32_t) override { return std::make_unique<OneLane>(host()); }
};

constexpr const char* kNeeds[] = {SW_EXT_AUTH, SW_EXT_HTTP, SW_EXT_STREAM, nullptr};
constexpr sw_info kInfo = {.size = sizeof(sw_info),
                           .flags = 0,
                           .id = "com.example.@NAME@",
                           .name = "@NAME@",
                           .version = "0.1.0",
                           .vendor = "Example",
                           .license = "Apache-2.0",
                           .summary = "Keeps messages and counts them",
                           .requires_ = kNeeds,
                           .optional = nullptr,
                           .config_keys = "{}"};

}  // namespace

SWITCHYARD_PLUGIN(ThisPlugin, kInfo)
