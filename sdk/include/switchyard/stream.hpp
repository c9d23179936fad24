// switchyard/stream.hpp -- the durable primitive for C++: Stream, one consumer of it, requests that wait
// for messages.  Part of plugin.hpp; include that one.
//
// A Stream is a value of three words: copy it into lambdas.  Every call takes a completion `f` that runs
// exactly once: later, on this lane, with the outcome; or, when the host refuses the call (back-pressure
// is such a refusal), before the call returns.  So each error has one place.  One allocation per call.
//
// What a completion is given by pointer, view or span is borrowed until it returns.
//
// Failure: as an Outcome; what a completion throws is logged.  std::bad_alloc may come out of a call.
//
// Thread: [lane].
#ifndef SWITCHYARD_STREAM_HPP
#define SWITCHYARD_STREAM_HPP
#include <optional>
#include <span>

#include "switchyard/request.hpp"

namespace switchyard::sdk {

namespace detail {

template <class Done>
struct Call;
template <class... Args>
struct Call<void (*)(void*, sw_status, Args...)> {
  template <class F>
  static void run(void* user, sw_status status, Args... args) {
    const std::unique_ptr<F> f(static_cast<F*>(user));
    run_logged("completion", [&] { (*f)(status, args...); });
  }
  // `call(done, user)` asks the host.
  template <class F, class Ask>
  static void start(F f, Ask&& ask) {
    auto boxed = std::make_unique<F>(std::move(f));
    const sw_status status = ask(&run<F>, static_cast<void*>(boxed.get()));
    if (status == SW_OK) {
      static_cast<void>(boxed.release());
    } else {
      (*boxed)(status, Args{}...);
    }
  }
};

}  // namespace detail

struct Message {
  std::string_view body;
  std::string_view key = {}, dedup_id = {}, headers = {};
  std::uint32_t header_format = 0, delay_ms = 0;

  sw_message raw() const noexcept {
    return {sizeof(sw_message), 0, str(key), str(dedup_id), header_format, delay_ms, bytes(headers), bytes(body), 0};
  }
};

using Deliveries = std::span<const sw_delivery* const>;

// The configuration of a work queue with one consumer; change what you need before open_or_create().
struct WorkQueue {
  explicit WorkQueue(std::string_view consumer_name) {
    stream.size = sizeof stream;
    stream.storage = SW_STORAGE_FILE;
    stream.retention = SW_RETAIN_WORKQUEUE;
    consumer.size = sizeof consumer;
    consumer.name = str(consumer_name);
    consumer.ack_wait_ms = 30'000;
  }
  sw_stream_config stream{};
  sw_consumer_config consumer{};
};

class Stream {
 public:
  Stream(const sw_host& host, sw_namespace* ns, sw_stream_id id) : host_(&host), ns_(ns), id_(id) {}

  static std::optional<Stream> find(const sw_host& host, sw_namespace* ns, std::string_view name) {
    const sw_stream_info* info = nullptr;
    if (Ext<sw_stream_api>(host)->find(&host, ns, str(name), &info) != SW_OK) return std::nullopt;
    return Stream(host, ns, info->id);
  }
  // f(Outcome, Stream): the stream of this name, made when there is none.  Runs at once when it is there.
  template <class F>
  static void open_or_create(const sw_host& host, sw_namespace* ns, std::string_view name, const WorkQueue& queue,
                             F f) {
    if (const auto found = find(host, ns, name)) return f(Outcome(SW_OK), *found);
    const auto* consumers = &queue.consumer;
    detail::Call<sw_stream_done>::start(
        [f = std::move(f), &host, ns](sw_status status, const sw_stream_info* info, const sw_error* error) mutable {
          // Somebody else may have been faster.
          const bool there = info != nullptr && (status == SW_OK || status == SW_EXISTS);
          f(there ? Outcome(SW_OK) : Outcome(status, error), Stream(host, ns, there ? info->id : 0));
        },
        [&](sw_stream_done done, void* user) {
          return Ext<sw_stream_api>(host)->create(&host, ns, str(name), &queue.stream, &consumers, 1, {nullptr, 0},
                                                  done, user);
        });
  }

  sw_stream_id id() const noexcept { return id_; }
  const sw_host& host() const noexcept { return *host_; }
  sw_namespace* ns() const noexcept { return ns_; }

  // f(Outcome, const sw_appended*): one message; on disk when f gets SW_OK.
  template <class F>
  void append(const Message& message, F f) const {
    const sw_message raw = message.raw();
    const sw_message* list = &raw;
    detail::Call<sw_append_done>::start(
        [f = std::move(f)](sw_status status, const sw_appended* const* each, std::size_t n,
                           const sw_error* error) mutable {
          const sw_appended* one = n == 1 ? each[0] : nullptr;
          f(status == SW_OK && one != nullptr ? Outcome(one->status, error) : Outcome(status, error), one);
        },
        [&](sw_append_done done, void* user) { return table()->append(host_, ns_, id_, &list, 1, 1, done, user); });
  }
  // f(Outcome, std::span<const sw_appended* const>): many messages, all of them or none.
  template <class F>
  void append_all(std::span<const Message> messages, F f) const {
    std::unique_ptr<sw_message[]> raw(new sw_message[messages.size()]);
    std::unique_ptr<const sw_message*[]> list(new const sw_message*[messages.size()]);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      raw[i] = messages[i].raw();
      list[i] = &raw[i];
    }
    detail::Call<sw_append_done>::start(
        [f = std::move(f)](sw_status status, const sw_appended* const* each, std::size_t n,
                           const sw_error* error) mutable {
          f(Outcome(status, error), std::span<const sw_appended* const>(each, n));
        },
        [&](sw_append_done done, void* user) {
          return table()->append(host_, ns_, id_, list.get(), messages.size(), 1, done, user);
        });
  }

  // f(Outcome, Deliveries): up to `max` messages that are visible now, each under a lease.  To wait for
  // some on behalf of a request, see WaitingRequests.
  template <class F>
  void fetch(std::string_view consumer, std::uint32_t max, F f, std::uint32_t ack_wait_ms = SW_DEFAULT_ACK_WAIT) const {
    const sw_fetch fetch = {sizeof fetch, 0, max, 0, ack_wait_ms, 0, {nullptr, 0}};
    start_fetch(consumer, fetch, nullptr, std::move(f));
  }
  // The same with everything that sw_fetch can say; *id names the waiting fetch for cancel_fetch().
  template <class F>
  void start_fetch(std::string_view consumer, const sw_fetch& fetch, sw_fetch_id* id, F f) const {
    detail::Call<sw_fetch_done>::start(
        [f = std::move(f)](sw_status status, const sw_delivery* const* got, std::size_t n,
                           const sw_error* error) mutable { f(Outcome(status, error), Deliveries(got, n)); },
        [&](sw_fetch_done done, void* user) {
          return table()->fetch(host_, ns_, id_, str(consumer), &fetch, id, done, user);
        });
  }
  void cancel_fetch(sw_fetch_id id) const { table()->cancel_fetch(host_, id); }

  // f(Outcome): the message is done with.  With SW_ACK_STRICT SW_NOT_FOUND when it is gone and
  // SW_CONFLICT when the lease has ended.
  template <class F>
  void ack(std::string_view consumer, sw_token token, F f, std::uint32_t flags = SW_ACK_STRICT) const {
    detail::Call<sw_tokens_done>::start(one_token(std::move(f)), [&](sw_tokens_done done, void* user) {
      return table()->ack(host_, ns_, id_, str(consumer), &token, 1, flags, done, user);
    });
  }
  // f(Outcome): the message becomes visible again after_ms from now.
  template <class F>
  void extend(std::string_view consumer, sw_token token, std::uint32_t after_ms, F f) const {
    detail::Call<sw_tokens_done>::start(one_token(std::move(f)), [&](sw_tokens_done done, void* user) {
      return table()->extend(host_, ns_, id_, str(consumer), &token, &after_ms, 1, SW_ACK_STRICT, done, user);
    });
  }
  // f(Outcome): not done; somebody gets it again, after delay_ms.
  template <class F>
  void nack(std::string_view consumer, sw_token token, F f, std::uint32_t delay_ms = 0) const {
    extend(consumer, token, delay_ms, std::move(f));
  }

  // f(Outcome, Deliveries): messages from a sequence on, without a lease; changes nothing.
  template <class F>
  void read(std::uint64_t from, std::uint32_t max, F f) const {
    detail::Call<sw_fetch_done>::start(
        [f = std::move(f)](sw_status status, const sw_delivery* const* got, std::size_t n,
                           const sw_error* error) mutable { f(Outcome(status, error), Deliveries(got, n)); },
        [&](sw_fetch_done done, void* user) {
          return table()->read(host_, ns_, id_, from, max, {nullptr, 0}, done, user);
        });
  }
  // f(Outcome, const sw_stream_state*)
  template <class F>
  void state(std::string_view consumer, F f) const {
    detail::Call<sw_state_done>::start(
        [f = std::move(f)](sw_status status, const sw_stream_state* state, const sw_error* error) mutable {
          f(Outcome(status, error), state);
        },
        [&](sw_state_done done, void* user) { return table()->state(host_, ns_, id_, str(consumer), done, user); });
  }
  // f(Outcome)
  template <class F>
  void purge(F f) const {
    detail::Call<sw_done>::start(outcome(std::move(f)),
                                 [&](sw_done done, void* user) { return table()->purge(host_, ns_, id_, done, user); });
  }
  template <class F>
  void remove(F f) const {
    detail::Call<sw_done>::start(
        outcome(std::move(f)), [&](sw_done done, void* user) { return table()->remove(host_, ns_, id_, done, user); });
  }

  // A token as text for clients, and back; SW_INVALID: not made by this server, SW_CONFLICT: of another
  // stream or consumer.
  std::string seal(std::string_view consumer, sw_token token) const {
    std::uint8_t sealed[SW_SEALED_BYTES];
    table()->seal(host_, id_, str(consumer), token, sealed);
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    for (const auto byte : sealed) {
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
    return text;
  }
  sw_status open(std::string_view consumer, std::string_view text, sw_token* out) const {
    std::uint8_t sealed[SW_SEALED_BYTES];
    if (text.size() != 2 * sizeof sealed) return SW_INVALID;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const int digit = hex_digit(text[i]);
      if (digit < 0) return SW_INVALID;
      sealed[i / 2] = static_cast<std::uint8_t>(i % 2 == 0 ? digit << 4 : sealed[i / 2] | digit);
    }
    return table()->open(host_, id_, str(consumer), sealed, out);
  }

 private:
  Ext<sw_stream_api> table() const { return Ext<sw_stream_api>(*host_); }
  static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  }
  template <class F>
  static auto one_token(F f) {
    return [f = std::move(f)](sw_status status, const sw_status* each, std::size_t n, const sw_error* error) mutable {
      f(status == SW_OK && n == 1 ? Outcome(each[0], error) : Outcome(status, error));
    };
  }
  template <class F>
  static auto outcome(F f) {
    return [f = std::move(f)](sw_status status, const sw_error* error) mutable { f(Outcome(status, error)); };
  }

  const sw_host* host_;
  sw_namespace* ns_;
  sw_stream_id id_;
};

// Requests of one lane that wait for messages: long polls.  A member of your Lane; call drain() from
// Lane::drain().  When the peer leaves, the fetch is cancelled, what it got in that moment goes back, and
// the completion never runs.
class WaitingRequests {
 public:
  // The host has ended every fetch before it stops the lane, so nothing waits when this goes.
  WaitingRequests() = default;
  WaitingRequests(const WaitingRequests&) = delete;
  WaitingRequests& operator=(const WaitingRequests&) = delete;

  // f(Reply, Outcome, Deliveries): with no deliveries after wait_ms, with SW_CANCELLED when the lane drains.
  template <class F>
  void fetch(const Stream& stream, std::string_view consumer, std::uint32_t max, std::uint32_t wait_ms, Reply reply,
             F f) {
    auto waiting = std::make_unique<Waiting>(stream, std::string(consumer), std::move(reply));
    Waiting* const raw = waiting.get();
    bool refused = false;
    raw->refused = &refused;
    raw->link_before(head_);
    const Ext<sw_http_api> http(stream.host());
    const sw_fetch fetch = {sizeof fetch, 0, max, wait_ms, SW_DEFAULT_ACK_WAIT, 0, {nullptr, 0}};
    stream.start_fetch(
        consumer, fetch, &raw->id,
        [w = std::move(waiting), f = std::move(f), http](const Outcome& outcome, Deliveries got) mutable {
          w->unlink();
          if (w->refused != nullptr) *w->refused = true;
          if (w->left) return w->give_back(got);
          http->on_abort(w->reply.get(), nullptr, nullptr);
          f(std::move(w->reply), outcome, got);
        });
    if (refused) return;  // And `raw` is gone.
    raw->refused = nullptr;
    http->on_abort(raw->reply.get(), &peer_left, raw);
  }
  void drain() {
    for (auto* link = head_.next; link != &head_; link = link->next) {
      const auto& waiting = static_cast<Waiting&>(*link);
      waiting.stream.cancel_fetch(waiting.id);
    }
  }

 private:
  struct Link {
    Link *next = this, *before = this;
    void link_before(Link& other) {
      next = &other;
      before = other.before;
      before->next = this;
      other.before = this;
    }
    void unlink() {
      next->before = before;
      before->next = next;
      next = before = this;
    }
  };
  struct Waiting : Link {
    Waiting(const Stream& s, std::string c, Reply r) : stream(s), consumer(std::move(c)), reply(std::move(r)) {}
    Stream stream;
    std::string consumer;
    Reply reply;
    // The cancel came too late: others may have these at once.
    void give_back(Deliveries got) const {
      for (const auto* delivery : got) stream.nack(consumer, delivery->token, [](const Outcome&) {});
    }
    sw_fetch_id id = 0;
    bool* refused = nullptr;  // Set while the fetch is being asked for.
    bool left = false;
  };
  static void peer_left(void* user) {
    auto& waiting = *static_cast<Waiting*>(user);
    waiting.reply.release();
    waiting.left = true;
    waiting.stream.cancel_fetch(waiting.id);
  }
  Link head_;
};

}  // namespace switchyard::sdk
#endif
