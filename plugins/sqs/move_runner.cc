#include "plugins/sqs/move_runner.h"

#include <algorithm>

#include "plugins/aws/text.h"
#include "plugins/sqs/naming.h"

namespace switchyard::sqs {
namespace {

constexpr std::uint32_t kMaxAtOnce = 256;
constexpr std::int64_t kTickMs = 100;   // Of a task with a rate.
constexpr std::int64_t kStoreMs = 500;  // Between two records of progress.
constexpr std::int64_t kRetryMs = 1'000;
// What the process before was moving when it died may be hidden for as long.
constexpr std::int64_t kSettleMs = 35'000;

}  // namespace

// One task.  Exactly one call of the server or one timer is under way at any time.
class MoveRunners::Runner {
 public:
  Runner(MoveRunners& owner, sw_namespace* ns, sw_stream_id source, MoveTask task, std::uint64_t revision, bool resumed)
      : owner_(owner),
        host_(owner.host_),
        ns_(ns),
        source_(source),
        key_(moving_key(source)),
        task_(std::move(task)),
        revision_(revision),
        settled_ms_(now_ms() + (resumed ? kSettleMs : 0)),
        used_us_(now_ms() * 1'000) {
    if (resumed) task_.process = owner.process_;
  }

  void after(std::int64_t ms) {
    host_.clock->start(
        host_.host, static_cast<std::uint32_t>(ms), [](void* user) { self(user).step(); }, this);
  }

 private:
  static Runner& self(void* user) { return *static_cast<Runner*>(user); }
  std::int64_t now_ms() const { return host_.clock->mono_ms(host_.host); }

  void step() {
    if (owner_.draining_) return;
    sw_bytes value{};
    std::uint64_t revision = 0;
    const bool there = host_.kv->get(host_.host, ns_, aws::to_str(key_), &value, &revision) == SW_OK;
    const auto stored = there ? decode_task(aws::view(value)) : std::nullopt;
    // The queue, or its namespace, was deleted.
    if (!stored || stored->id != task_.id) return owner_.remove(*this);
    revision_ = revision;
    if (stored->status == kMoveCancelling) return end(kMoveCancelled);
    if (task_.moved >= task_.to_move) return end(kMoveCompleted);
    const std::int64_t allowed = this->allowed();
    if (allowed == 0) return after(wait_for_credit());
    move(static_cast<std::uint32_t>(std::min({allowed, task_.to_move - task_.moved, std::int64_t{kMaxAtOnce}})));
  }

  // Messages that the rate lets go now.
  std::int64_t allowed() {
    if (task_.rate == 0) return kMaxAtOnce;
    // What was not used within a second is lost: no burst after a pause.
    used_us_ = std::max(used_us_, (now_ms() - 1'000) * 1'000);
    return (now_ms() * 1'000 - used_us_) * task_.rate / 1'000'000;
  }
  std::int64_t wait_for_credit() const {
    const std::int64_t one_us = used_us_ + 1'000'000 / task_.rate - now_ms() * 1'000;
    return std::max(kTickMs, one_us / 1'000 + 1);
  }

  void move(std::uint32_t n) {
    sw_move order{};
    order.size = sizeof order;
    order.flags = SW_MOVE_AS_NEW;
    order.target = task_.target;
    order.max = n;
    const sw_status status = host_.stream->move(
        host_.host, ns_, source_, aws::to_str(kConsumer), &order,
        [](void* user, sw_status outcome, std::uint32_t moved, const sw_error*) {
          self(user).on_moved(outcome, moved);
        },
        this);
    if (status != SW_OK) on_moved(status, 0);
  }

  void on_moved(sw_status status, std::uint32_t moved) {
    task_.moved += moved;
    if (task_.rate != 0) used_us_ += moved * 1'000'000 / task_.rate;
    switch (status) {
      case SW_OK:
        if (moved == 0) return now_ms() < settled_ms_ ? look_again() : end(kMoveCompleted);
        return store_or(task_.rate == 0 ? 0 : kTickMs);
      case SW_NOT_FOUND:
        return exists(source_) ? end(kMoveFailed, "AWS.SimpleQueueService.NonExistentQueue") : after(0);
      case SW_CONFLICT:
        return end(kMoveFailed, "CouldNotDetermineMessageSource");
      case SW_STOPPING:
        return;
      case SW_BUSY:
      case SW_QUOTA:
      case SW_IO:
      case SW_UNKNOWN_OUTCOME:
      case SW_TIMEOUT:
        return store_or(kRetryMs);
      default:
        return end(kMoveFailed, "InternalError");
    }
  }

  // After a restart: is something still hidden that the process before was moving?
  void look_again() {
    const sw_status status = host_.stream->state(
        host_.host, ns_, source_, aws::to_str(kConsumer),
        [](void* user, sw_status outcome, const sw_stream_state* state, const sw_error*) {
          const bool hidden = outcome == SW_OK && state->leased > 0;
          hidden ? self(user).store_or(kRetryMs) : self(user).end(kMoveCompleted);
        },
        this);
    if (status != SW_OK) after(kRetryMs);
  }

  bool exists(sw_stream_id id) const {
    const sw_stream_info* info = nullptr;
    return host_.stream->get(host_.host, ns_, id, &info) == SW_OK;
  }

  // The next step comes in `ms`, after the progress is stored when that is due.
  void store_or(std::int64_t ms) {
    if (now_ms() < stored_ms_ + kStoreMs || stored_moved_ == task_.moved) return after(ms);
    stored_ms_ = now_ms();
    stored_moved_ = task_.moved;
    pause_ms_ = ms;
    const std::string value = encode_task(task_);
    // Under the revision that was read: a cancellation that came meanwhile must not be overwritten.
    const sw_status status = host_.kv->put(
        host_.host, ns_, aws::to_str(key_), aws::to_bytes(value), revision_,
        [](void* user, sw_status, std::uint64_t, const sw_error*) { self(user).after(self(user).pause_ms_); }, this);
    if (status != SW_OK && status != SW_STOPPING) after(kRetryMs);
  }

  // First the end, then the way is free for the next task: a crash between the two ends it again.
  void end(std::string_view status, std::string_view reason = {}) {
    task_.status = status;
    task_.reason = reason;
    const std::string value = encode_task(task_), key = moved_key(source_, task_);
    const sw_status started = host_.kv->put(
        host_.host, ns_, aws::to_str(key), aws::to_bytes(value), SW_KV_ANY,
        [](void* user, sw_status outcome, std::uint64_t, const sw_error*) {
          outcome == SW_OK ? self(user).forget() : self(user).after(kRetryMs);
        },
        this);
    if (started != SW_OK && started != SW_STOPPING) after(kRetryMs);
  }
  void forget() {
    const sw_status started = host_.kv->erase(
        host_.host, ns_, aws::to_str(key_), SW_KV_ANY,
        [](void* user, sw_status outcome, std::uint64_t, const sw_error*) {
          outcome == SW_OK ? self(user).owner_.remove(self(user)) : self(user).after(kRetryMs);
        },
        this);
    if (started != SW_OK && started != SW_STOPPING) after(kRetryMs);
  }

  MoveRunners& owner_;
  const aws::Host& host_;
  sw_namespace* const ns_;
  const sw_stream_id source_;
  const std::string key_;
  MoveTask task_;
  std::uint64_t revision_;  // Of the record, when it was last read.
  const std::int64_t settled_ms_;
  std::int64_t used_us_;  // Up to this time the rate is used up.
  std::int64_t stored_ms_ = 0, stored_moved_ = 0, pause_ms_ = 0;
};

MoveRunners::MoveRunners(const aws::Host& host, std::uint32_t lane, std::string process)
    : host_(host), lane_(lane), process_(std::move(process)) {}
MoveRunners::~MoveRunners() = default;

void MoveRunners::resume_later() { host_.clock->start(host_.host, 0, &MoveRunners::resume, this); }

void MoveRunners::resume(void* user) {
  const auto& host = static_cast<MoveRunners*>(user)->host_;
  host.auth->namespaces(host.host, &MoveRunners::resume_namespace, user);
}

std::int32_t MoveRunners::resume_namespace(void* user, sw_namespace* ns, const sw_namespace_info*) {
  struct Found {
    MoveRunners& runners;
    sw_namespace* ns;
  } found{*static_cast<MoveRunners*>(user), ns};
  const aws::Host& host = found.runners.host_;
  host.kv->scan(
      host.host, ns, aws::to_str(kMovingPrefix), aws::to_str(""),
      [](void* to, sw_str key, sw_bytes value, std::uint64_t revision) -> std::int32_t {
        auto& [runners, owner] = *static_cast<Found*>(to);
        const sw_stream_id source = source_of_key(aws::view(key));
        auto task = decode_task(aws::view(value));
        const bool mine = source % runners.host_.host->lanes == runners.lane_;
        // One of this process was started while the lanes came up; its lane runs it.
        if (source != 0 && mine && task && task->process != runners.process_) {
          runners.add(owner, source, std::move(*task), revision, true);
        }
        return 1;
      },
      &found);
  return 1;
}

void MoveRunners::run(sw_namespace* ns, sw_stream_id source, MoveTask task, std::uint64_t revision) {
  add(ns, source, std::move(task), revision, false);
}

void MoveRunners::add(sw_namespace* ns, sw_stream_id source, MoveTask task, std::uint64_t revision, bool resumed) {
  runners_.push_back(std::make_unique<Runner>(*this, ns, source, std::move(task), revision, resumed));
  runners_.back()->after(0);
}

void MoveRunners::remove(const Runner& runner) {
  std::erase_if(runners_, [&](const auto& one) { return one.get() == &runner; });
}

}  // namespace switchyard::sqs
