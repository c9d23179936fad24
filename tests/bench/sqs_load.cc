// A closed-loop load generator for SQS over the JSON wire: one thread, one request in flight per
// connection, every request signed.  Prints one JSON object.
//
//   sqs_load MODE --port P --pid SERVER --data-dir DIR --queue NAME [--connections N] [--size BYTES]
//            [--batch N] [--messages N] [--seconds S] [--targets FILE]
//   send   for --seconds, after a second of warm-up       fill   exactly --messages
//   create the queues of --targets
//   drain  receive and delete until --messages are gone   park   --connections long polls, --messages wake-ups
//
// The generator shares two cores with the server, so it is stingy: a signature covers only the body
// and the second, so sends of one second come from a small pool of signed requests.  With --targets (lines
// of access key, secret key, region, queue URL) sends go to all of these queues in turn, each signed by itself.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/client/broker_process.h"
#include "tests/client/http_client.h"
#include "tests/client/sigv4.h"

namespace switchyard::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string mode, data_dir, targets, queue = "bench";
  std::uint16_t port = 0;
  pid_t pid = 0;
  std::size_t connections = 64, size = 300, batch = 1, messages = 0;
  double seconds = 3;
};

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double percentile(std::vector<float>& values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

std::size_t count_of(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) ++count;
  return count;
}

class Generator {
 public:
  explicit Generator(const Options& options)
      : options_(options),
        client_(options.port, options.connections,
                [this](std::size_t c, int status, std::string_view body) { replied(c, status, body); }),
        signer_(credentials(options), "127.0.0.1:" + std::to_string(options.port)),
        states_(options.connections) {}

  int run() {
    if (options_.targets.empty() ? !find_queue() : !read_targets()) return fail("finding the queue");
    for (std::size_t i = 0; i < options_.connections; ++i) {
      if (!client_.connect(i)) return fail("connect");
    }
    if (options_.mode == "send") return send_for_seconds();
    if (options_.mode == "fill") return until_messages(Step::send);
    if (options_.mode == "create") return until_messages(Step::create);
    if (options_.mode == "drain") return until_messages(Step::receive);
    if (options_.mode == "park") return park();
    return fail("unknown mode");
  }

 private:
  enum class Step : std::uint8_t { create, send, receive, erase, park };
  struct State {
    Step step = Step::send;
    SteadyClock::time_point sent_at;
    std::vector<std::string> handles;
  };
  // A queue of some namespace and who may send to it.
  struct Target {
    std::shared_ptr<client::Signer> signer;
    std::string url;
  };
  // Signed requests of this second.
  struct Pool {
    std::time_t second = 0;
    std::vector<std::string> requests;
    std::size_t next = 0;
  };

  static client::Credentials credentials(const Options& options) {
    client::Credentials found;
    if (!client::read_dev_env(options.data_dir, found))
      std::fprintf(stderr, "no dev.env in %s\n", options.data_dir.c_str());
    return found;
  }

  static int fail(const char* what) {
    std::fprintf(stderr, "sqs_load: %s failed\n", what);
    return 1;
  }

  bool find_queue() {
    client::HttpClient setup(options_.port, 1, [this](std::size_t, int status, std::string_view body) {
      std::size_t position = 0;
      if (status == 200) url_ = client::next_string(body, "QueueUrl", position);
    });
    if (!setup.connect(0)) return false;
    std::string request;
    signer_.append(request, "CreateQueue", R"({"QueueName":")" + options_.queue + "\"}");
    setup.send(0, request);
    const auto start = SteadyClock::now();
    while (setup.in_flight() > 0 && seconds_since(start) < 10) setup.poll(100);
    return !url_.empty();
  }

  bool read_targets() {
    std::ifstream file(options_.targets);
    client::Credentials keys;
    std::string before;
    for (std::string url; file >> keys.access_key >> keys.secret_key >> keys.region >> url;) {
      // Queues of one namespace follow each other.
      auto signer = before == keys.access_key
                        ? targets_.back().signer
                        : std::make_shared<client::Signer>(keys, "127.0.0.1:" + std::to_string(options_.port));
      before = keys.access_key;
      targets_.push_back({std::move(signer), std::move(url)});
    }
    return !targets_.empty();
  }

  const std::string& create_next() {
    target_ = (target_ + 1) % targets_.size();
    const Target& target = targets_[target_];
    request_.clear();
    target.signer->append(request_, "CreateQueue",
                          R"({"QueueName":")" + target.url.substr(target.url.rfind('/') + 1) + "\"}");
    return request_;
  }

  const std::string& send_next() {
    // A prime stride: neighbours in the file are not neighbours in time, and every queue has its turn.
    target_ = (target_ + 7919) % targets_.size();
    url_ = targets_[target_].url;
    request_.clear();
    targets_[target_].signer->append(request_, options_.batch == 1 ? "SendMessage" : "SendMessageBatch", send_body(0));
    return request_;
  }

  std::string send_body(std::size_t variant) const {
    std::string payload = std::to_string(variant) + " ";
    while (payload.size() < options_.size)
      payload.push_back(static_cast<char>('a' + (payload.size() * 7 + variant) % 26));
    payload.resize(options_.size);
    std::string body = R"({"QueueUrl":")" + url_ + "\"";
    if (options_.batch == 1) return body + R"(,"MessageBody":")" + payload + "\"}";
    body += R"(,"Entries":[)";
    for (std::size_t i = 0; i < options_.batch; ++i) {
      body += (i == 0 ? "" : ",") + std::string(R"({"Id":")") + std::to_string(i) + R"(","MessageBody":")" + payload +
              "\"}";
    }
    return body + "]}";
  }

  const std::string& pooled(Pool& pool, std::string_view action, std::size_t variants) {
    if (const std::time_t now = std::time(nullptr); now != pool.second) {
      pool.second = now;
      pool.requests.assign(variants, {});
      for (std::size_t i = 0; i < variants; ++i) {
        const bool send = action[0] == 'S';
        signer_.append(pool.requests[i], action, send ? send_body(i) : receive_body(action[7] == 'W'));
      }
    }
    pool.next = (pool.next + 1) % variants;
    return pool.requests[pool.next];
  }

  std::string receive_body(bool wait) const {
    return R"({"QueueUrl":")" + url_ + R"(","MaxNumberOfMessages":)" + (wait ? "1" : "10") + R"(,"WaitTimeSeconds":)" +
           (wait ? "20}" : "0}");
  }

  void issue(std::size_t connection) {
    State& state = states_[connection];
    state.sent_at = SteadyClock::now();
    switch (state.step) {
      case Step::create:
        client_.send(connection, create_next());
        break;
      case Step::send:
        if (!targets_.empty()) {
          client_.send(connection, send_next());
          break;
        }
        client_.send(connection, pooled(sends_, options_.batch == 1 ? "SendMessage" : "SendMessageBatch", 64));
        break;
      case Step::receive:
        client_.send(connection, pooled(receives_, "ReceiveMessage", 1));
        break;
      case Step::park: {
        request_.clear();
        signer_.append(request_, "ReceiveMessage", receive_body(true));
        client_.send(connection, request_);
        break;
      }
      case Step::erase:
        client_.send(connection, delete_request(state.handles));
        break;
    }
  }

  const std::string& delete_request(const std::vector<std::string>& handles) {
    body_.assign(R"({"QueueUrl":")").append(url_).append(R"(","Entries":[)");
    for (std::size_t i = 0; i < handles.size(); ++i) {
      body_.append(i == 0 ? R"({"Id":")" : R"(,{"Id":")").append(std::to_string(i)).append(R"(","ReceiptHandle":")");
      body_.append(handles[i]).append("\"}");
    }
    body_.append("]}");
    request_.clear();
    signer_.append(request_, "DeleteMessageBatch", body_);
    return request_;
  }

  void replied(std::size_t connection, int status, std::string_view body) {
    State& state = states_[connection];
    if (status != 200 || body.find(R"("Failed":[{)") != std::string_view::npos) {
      if (errors_++ == 0) std::fprintf(stderr, "sqs_load: %d %.300s\n", status, std::string(body).c_str());
      if (status == 0) return;
    }
    ++operations_;
    if (measuring_) {
      latencies_.push_back(std::chrono::duration<float, std::milli>(SteadyClock::now() - state.sent_at).count());
    }
    switch (state.step) {
      case Step::create:
        ++messages_;
        break;
      case Step::send:
        messages_ += options_.batch;
        break;
      case Step::receive:
        state.handles.clear();
        for (std::size_t at = 0;;) {
          const std::string_view handle = client::next_string(body, "ReceiptHandle", at);
          if (handle.empty()) break;
          state.handles.emplace_back(handle);
        }
        if (!state.handles.empty()) state.step = Step::erase;
        break;
      case Step::erase:
        messages_ += state.handles.size();
        state.step = Step::receive;
        break;
      case Step::park:
        woken_ += count_of(body, "\"ReceiptHandle\"");
        woken_at_ = SteadyClock::now();
        break;
    }
    if (more_) issue(connection);
  }

  void begin() {
    operations_ = messages_ = 0;
    latencies_.clear();
    cpu_ = client::cpu_seconds(options_.pid);
    started_ = SteadyClock::now();
    measuring_ = true;
  }

  int report() {
    const double wall = seconds_since(started_), cpu = client::cpu_seconds(options_.pid) - cpu_;
    std::printf(
        "{\"operations\":%zu,\"messages\":%zu,\"wall_s\":%.4f,\"cpu_s\":%.3f,\"errors\":%zu,\"p50_ms\":%.3f,"
        "\"p99_ms\":%.3f}\n",
        operations_, messages_, wall, cpu, errors_, percentile(latencies_, 0.5), percentile(latencies_, 0.99));
    return errors_ == 0 ? 0 : 1;
  }

  void start_all(Step step) {
    more_ = true;
    for (std::size_t i = 0; i < options_.connections; ++i) {
      states_[i].step = step;
      issue(i);
    }
  }

  int send_for_seconds() {
    start_all(Step::send);
    const auto start = SteadyClock::now();
    while (seconds_since(start) < 1) client_.poll(10);
    begin();
    while (seconds_since(started_) < options_.seconds) client_.poll(10);
    const int status = report();
    more_ = false;
    while (client_.in_flight() > 0 && seconds_since(started_) < options_.seconds + 10) client_.poll(10);
    return status;
  }

  int until_messages(Step step) {
    begin();
    start_all(step);
    std::size_t before = 0;
    auto progress = SteadyClock::now();
    while (messages_ < options_.messages && seconds_since(progress) < 40) {
      client_.poll(10);
      if (messages_ != before) {
        before = messages_;
        progress = SteadyClock::now();
      }
    }
    more_ = false;
    const int status = report();
    while (client_.in_flight() > 0 && seconds_since(progress) < 50) client_.poll(10);
    return messages_ >= options_.messages ? status : fail("progress");
  }

  int park() {
    const long before_kb = client::rss_kb(options_.pid);
    start_all(Step::park);
    // Everything is parked when a whole pass over the sockets brings no answer and the server's time stands still.
    double cpu = -1;
    while (cpu != client::cpu_seconds(options_.pid)) {
      cpu = client::cpu_seconds(options_.pid);
      client_.poll(200);
    }
    const long parked_kb = client::rss_kb(options_.pid) - before_kb;
    client::HttpClient sender(options_.port, 1, [](std::size_t, int, std::string_view) {});
    if (!sender.connect(0)) return fail("connect");
    std::vector<float> wake_ms;
    for (std::size_t i = 0; i < options_.messages; ++i) {
      const std::size_t goal = woken_ + 1;
      const std::string request = pooled(sends_, "SendMessage", 64);
      const auto sent = SteadyClock::now();
      sender.send(0, request);
      while (woken_ < goal && seconds_since(sent) < 5) client_.poll(1);
      if (woken_ < goal) return fail("wake-up");
      wake_ms.push_back(std::chrono::duration<float, std::milli>(woken_at_ - sent).count());
      while (sender.in_flight() > 0 && seconds_since(sent) < 5) sender.poll(10);
    }
    more_ = false;
    std::printf("{\"parked\":%zu,\"bytes_each\":%.0f,\"wake_p50_ms\":%.3f,\"wake_p99_ms\":%.3f,\"errors\":%zu}\n",
                options_.connections, static_cast<double>(parked_kb) * 1024 / static_cast<double>(options_.connections),
                percentile(wake_ms, 0.5), percentile(wake_ms, 0.99), errors_);
    return errors_ == 0 ? 0 : 1;
  }

  const Options options_;
  client::HttpClient client_;
  client::Signer signer_;
  std::vector<State> states_;
  Pool sends_, receives_;
  std::vector<Target> targets_;
  std::size_t target_ = 0;
  std::string url_, body_, request_;
  std::vector<float> latencies_;
  std::size_t operations_ = 0, messages_ = 0, errors_ = 0, woken_ = 0;
  SteadyClock::time_point started_, woken_at_;
  double cpu_ = 0;
  bool measuring_ = false, more_ = false;
};

bool parse(int argc, char** argv, Options& options) {
  if (argc < 2) return false;
  options.mode = argv[1];
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--port")
      options.port = static_cast<std::uint16_t>(std::stoul(value));
    else if (name == "--pid")
      options.pid = static_cast<pid_t>(std::stol(value));
    else if (name == "--data-dir")
      options.data_dir = value;
    else if (name == "--queue")
      options.queue = value;
    else if (name == "--targets")
      options.targets = value;
    else if (name == "--connections")
      options.connections = std::stoul(value);
    else if (name == "--size")
      options.size = std::stoul(value);
    else if (name == "--batch")
      options.batch = std::stoul(value);
    else if (name == "--messages")
      options.messages = std::stoul(value);
    else if (name == "--seconds")
      options.seconds = std::stod(value);
    else
      return false;
  }
  return options.port != 0 && options.pid != 0 && options.connections > 0;
}

}  // namespace
}  // namespace switchyard::bench

int main(int argc, char** argv) {
  switchyard::bench::Options options;
  if (!switchyard::bench::parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: sqs_load send|fill|create|drain|park --port P --pid SERVER --data-dir DIR [--queue NAME] "
                 "[--connections N] [--size BYTES] [--batch N] [--messages N] [--seconds S] [--targets FILE]\n");
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  return switchyard::bench::Generator(options).run();
}
