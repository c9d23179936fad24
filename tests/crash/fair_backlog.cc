// A quiet group's message that is sent behind a long backlog of a noisy group arrives in the next receive.
//
//   fair_backlog --binary FILE --data-dir DIR [--messages N] [--rounds N] [--set key=value]... [--without-groups]
//
// Fills a standard queue with N messages of one group, leaves some of them in flight, then sends single
// messages of other groups and receives; in the middle the broker is killed and started again.
// --without-groups turns the verdict around: messages without MessageGroupId have no claim to fairness, so
// the same rounds must fail, or they would prove nothing.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/client/broker_process.h"
#include "tests/client/http_client.h"
#include "tests/client/sigv4.h"
#include "tests/crash/driver_options.h"

namespace switchyard::crash {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options : DriverOptions {
  std::size_t messages = 1'000'000, rounds = 20;
  bool groups = true;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--without-groups") {
      options.groups = false;
      continue;
    }
    if (++i == argc) return false;
    const std::string value = argv[i];
    if (name == "--messages") {
      options.messages = std::stoul(value);
    } else if (name == "--rounds") {
      options.rounds = std::stoul(value);
    } else if (!options.take(name, value)) {
      return false;
    }
  }
  return options.complete();
}

double ms_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

// One life of the broker and the requests of this test to it.
class Life {
 public:
  Life(const Options& options, bool groups)
      : broker_(options.binary, options.data_dir, options.settings), groups_(groups) {
    broker_.spawn();
    if (!broker_.wait_ready(60'000)) {
      fail("the broker did not come up: " + broker_.why());
      return;
    }
    signer_ = std::make_unique<client::Signer>(broker_.credentials(), "127.0.0.1:" + std::to_string(broker_.port()));
    const std::string reply = call("CreateQueue", R"({"QueueName":"fair","Attributes":{"VisibilityTimeout":"43200"}})");
    std::size_t position = 0;
    url_ = client::next_string(reply, "QueueUrl", position);
    if (url_.empty()) fail("CreateQueue gave no QueueUrl");
  }

  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }
  long rss_mb() const { return client::rss_kb(broker_.pid()) / 1024; }
  void kill() { broker_.kill(); }

  std::string call(std::string_view action, std::string_view body) {
    std::string answer;
    int got = -1;
    client::HttpClient one(broker_.port(), 1, [&](std::size_t, int status, std::string_view reply) {
      got = status;
      answer = reply;
    });
    if (!one.connect(0)) {
      fail("the broker does not accept connections");
      return {};
    }
    std::string request;
    signer_->append(request, action, body);
    one.send(0, request);
    const auto start = SteadyClock::now();
    while (one.in_flight() > 0 && ms_since(start) < 20'000) one.poll(100);
    if (got != 200) fail(std::string(action) + ": " + std::to_string(got) + " " + answer);
    return answer;
  }

  std::string in_queue(std::string_view more) const {
    return R"({"QueueUrl":")" + url_ + "\"" + std::string(more) + "}";
  }
  std::string group(std::string_view name) const {
    return groups_ ? R"(,"MessageGroupId":")" + std::string(name) + "\"" : std::string();
  }

  void fill(std::size_t messages) {
    std::string entries = R"(,"Entries":[)";
    for (int i = 0; i < 10; ++i) {
      entries += (i == 0 ? R"({"Id":")" : R"(,{"Id":")") + std::to_string(i) + R"(","MessageBody":"noise )" +
                 std::string(100, 'x') + "\"" + group("noisy") + "}";
    }
    const std::string body = in_queue(entries + "]");
    std::size_t left = (messages + 9) / 10;
    client::HttpClient many(broker_.port(), 32, [&](std::size_t c, int status, std::string_view reply) {
      if (status != 200) return fail("SendMessageBatch: " + std::to_string(status) + " " + std::string(reply));
      if (left == 0) return;
      --left;
      send_one(*sending_, c, body);
    });
    sending_ = &many;
    for (std::size_t i = 0; i < many.size() && left > 0; ++i, --left) {
      if (!many.connect(i)) return fail("the broker does not accept connections");
      send_one(many, i, body);
    }
    while (many.in_flight() > 0 && !failed()) many.poll(100);
  }

  void send(std::string_view text, std::string_view group_name) {
    call("SendMessage", in_queue(R"(,"MessageBody":")" + std::string(text) + "\"" + group(group_name)));
  }

  // Bodies of one receive; `handle` is the first one's.
  std::vector<std::string> receive(std::string& handle) {
    const std::string reply = call("ReceiveMessage", in_queue(R"(,"MaxNumberOfMessages":10)"));
    std::vector<std::string> bodies;
    std::size_t at = 0, at_handle = 0;
    for (;;) {
      const std::string_view body = client::next_string(reply, "Body", at);
      if (body.empty()) break;
      bodies.emplace_back(body);
    }
    handle = client::next_string(reply, "ReceiptHandle", at_handle);
    return bodies;
  }

  void erase(const std::string& handle) { call("DeleteMessage", in_queue(R"(,"ReceiptHandle":")" + handle + "\"")); }

 private:
  void send_one(client::HttpClient& client, std::size_t connection, std::string_view body) {
    request_.clear();
    signer_->append(request_, "SendMessageBatch", body);
    client.send(connection, request_);
  }
  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }

  client::BrokerProcess broker_;
  const bool groups_;
  std::unique_ptr<client::Signer> signer_;
  client::HttpClient* sending_ = nullptr;  // While fill() runs.
  std::string url_, error_, request_;
};

struct Outcome {
  std::size_t rounds = 0, first = 0;
  std::vector<double> took_ms;
};

// Whether the message came first in the receive right after it was sent; then it is deleted, and what
// came with it stays in flight.
bool round(Life& life, const std::string& text, Outcome& outcome) {
  ++outcome.rounds;
  std::string handle;
  const auto start = SteadyClock::now();
  const std::vector<std::string> bodies = life.receive(handle);
  outcome.took_ms.push_back(ms_since(start));
  const bool first = !bodies.empty() && bodies[0] == text;
  if (first) {
    life.erase(handle);
    ++outcome.first;
  } else if (!life.failed()) {
    std::printf("fair: %s did not come first: %s\n", text.c_str(), bodies.empty() ? "nothing" : bodies[0].c_str());
  }
  return first && bodies.size() == 10;
}

int run(const Options& options) {
  Outcome outcome;
  std::string error;
  long rss_mb = 0;
  bool first_life = true;
  for (std::size_t done = 0; done < options.rounds && error.empty();) {
    Life life(options, options.groups);
    if (first_life) {
      life.fill(options.messages);
      std::string handle;
      // In flight, and more than thirty: this is what makes the group noisy.
      for (int i = 0; i < 10 && !life.failed(); ++i) life.receive(handle);
    } else {
      // Sent to the broker that was killed.
      round(life, "quiet before the kill", outcome);
      ++done;
    }
    for (const std::size_t end = std::min(options.rounds, done + options.rounds / 2); done < end && !life.failed();
         ++done) {
      const std::string text = "quiet " + std::to_string(done);
      life.send(text, "quiet-" + std::to_string(done % 5));
      if (!round(life, text, outcome) && options.groups) error = "round " + std::to_string(done) + " failed";
      if (!options.groups) break;
    }
    if (!life.failed()) life.send("quiet before the kill", "quiet-last");
    rss_mb = life.rss_mb();
    if (life.failed()) error = life.error();
    life.kill();
    if (!options.groups) break;
    first_life = false;
  }
  if (!error.empty()) std::printf("fair: %s\n", error.c_str());
  if (!options.groups) {
    std::printf("fair: without groups the message %s\n", outcome.first == 0 ? "waits" : "came first all the same");
    return error.empty() && outcome.first == 0 ? 0 : 1;
  }
  std::sort(outcome.took_ms.begin(), outcome.took_ms.end());
  const bool passed = error.empty() && outcome.first == outcome.rounds && outcome.rounds >= options.rounds;
  std::printf(
      "fair: behind %zu messages of a noisy group a quiet group's message came in the next receive in %zu of %zu "
      "rounds; that receive took %.2f ms, at most %.2f ms; broker %ld MB RSS; %s\n",
      options.messages, outcome.first, outcome.rounds,
      outcome.took_ms.empty() ? 0 : outcome.took_ms[outcome.took_ms.size() / 2],
      outcome.took_ms.empty() ? 0 : outcome.took_ms.back(), rss_mb, passed ? "passed" : "FAILED");
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace switchyard::crash

int main(int argc, char** argv) {
  switchyard::crash::Options options;
  if (!switchyard::crash::parse(argc, argv, options) || options.rounds < 4) {
    std::fprintf(stderr,
                 "usage: fair_backlog --binary FILE --data-dir DIR [--messages N] [--rounds N, 4 or more]"
                 " [--set key=value]... [--without-groups]\n");
    return 2;
  }
  std::filesystem::create_directories(options.data_dir);
  return switchyard::crash::run(options);
}
