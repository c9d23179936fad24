#include "tests/unit/sqs/fake_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "tests/unit/sqs/fake_text.h"

namespace switchyard::sqs::testing {

std::string HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

namespace {

const void* extension(const sw_host*, const char* id) {
  return std::string_view(id) == SW_EXT_STREAM ? fake_stream_table() : fake_table(id);
}

}  // namespace

FakeHost::FakeHost() {
  host_.size = sizeof host_;
  host_.generation = SW_ABI_GENERATION;
  host_.revision = SW_ABI_REVISION;
  host_.lanes = 1;
  host_.host = this;
  host_.extension = &extension;
}

FakeHost::~FakeHost() { EXPECT_TRUE(tasks_.empty()) << "completions were left over"; }

sw_namespace* FakeHost::add_namespace(std::string style, std::string owner, std::string region) {
  auto& made = namespaces_.emplace_back(new sw_namespace);
  made->id = "ns-" + std::to_string(namespaces_.size());
  made->name = made->id;
  made->style = std::move(style);
  made->owner = std::move(owner);
  made->region = std::move(region);
  return made.get();
}

void FakeHost::add_key(std::string access_key, std::string secret, sw_namespace* ns, std::uint32_t permissions) {
  keys_[std::move(access_key)] = Key{std::move(secret), ns, permissions};
}

void FakeHost::expire_key(const std::string& access_key) { keys_.at(access_key).expired = true; }

void FakeHost::end_key_at(const std::string& access_key, std::int64_t wall_ms) {
  keys_.at(access_key).expires_ms = wall_ms;
}

void FakeHost::change_key(const std::string& access_key, std::uint32_t permissions, void* lane_state) {
  if (permissions == 0) {
    keys_.erase(access_key);
  } else {
    keys_.at(access_key).permissions = permissions;
  }
  ASSERT_NE(credential_changed_, nullptr) << "the plugin does not watch";
  credential_changed_(credential_changed_user_, lane_state, str(access_key), permissions);
  settle();
}

sw_http_exchange* FakeHost::offer(HttpRequest request, void* self, void* lane_state) {
  auto& e = exchanges_.emplace_back(new sw_http_exchange);
  e->host = this;
  e->kept = std::move(request);
  for (const auto& [name, value] : e->kept.headers) e->pairs.push_back({str(name), str(value)});
  const std::size_t question = e->kept.target.find('?');
  sw_http_request& r = e->request;
  r.size = sizeof r;
  r.flags = e->kept.tls ? SW_HTTP_TLS : 0;
  r.method = str(e->kept.method);
  r.target = str(e->kept.target);
  r.path = {e->kept.target.data(), std::min(question, e->kept.target.size())};
  if (question != std::string::npos) {
    r.query = {e->kept.target.data() + question + 1, e->kept.target.size() - question - 1};
  }
  r.headers = e->pairs.data();
  r.header_count = e->pairs.size();
  r.body = bytes(e->kept.body);
  lent_.clear();
  if (handler_->match(self, lane_state, &r) == 0) return nullptr;
  handler_->handle(self, lane_state, e.get(), &r);
  if (!hold_) settle();
  return e.get();
}

void FakeHost::abort(sw_http_exchange* exchange) {
  ASSERT_FALSE(exchange->response);
  if (exchange->on_abort != nullptr) exchange->on_abort(exchange->on_abort_user);
  exchange->aborted = true;
  exchange->arena.clear();
  exchange->kept = HttpRequest{};
  exchange->pairs.clear();
  if (!hold_) settle();
}

void FakeHost::fill_random(std::uint8_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    out[i] = static_cast<std::uint8_t>(random_);
  }
}

void FakeHost::settle() {
  while (!tasks_.empty()) {
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
}

void FakeHost::advance(std::int64_t ms) {
  const std::int64_t end = mono_ms_ + ms;
  const auto move_to = [this](std::int64_t mono_ms) {
    wall_ms_ += mono_ms - mono_ms_;
    mono_ms_ = mono_ms;
  };
  while (true) {
    const auto due = std::min_element(timers_.begin(), timers_.end(),
                                      [](const Timer& a, const Timer& b) { return a.at_ms < b.at_ms; });
    if (due == timers_.end() || due->at_ms > end) break;
    const Timer timer = *due;
    timers_.erase(due);
    move_to(std::max(mono_ms_, timer.at_ms));
    timer.fire(timer.user);
    settle();
  }
  move_to(end);
  later([this] { wake(); });
  settle();
}

sw_status FakeHost::take_failure(bool in_completion) {
  if (failure_in_completion_ != in_completion) return SW_OK;
  return std::exchange(failure_, SW_OK);
}

FakeStream* FakeHost::stream(std::string_view name) {
  for (const auto& [key, stream] : streams_) {
    if (key.second == name) return stream.get();
  }
  return nullptr;
}

FakeStream* FakeHost::by_id(sw_stream_id id) {
  for (const auto& [key, stream] : streams_) {
    if (stream->id == id) return stream.get();
  }
  return nullptr;
}

const sw_stream_info* FakeHost::info_of(const FakeStream& stream) {
  Lent& lent = lent_.emplace_back();
  lent.info.size = sizeof lent.info;
  lent.info.id = stream.id;
  lent.info.version = stream.version;
  lent.info.created_ms = stream.created_ms;
  lent.info.updated_ms = stream.updated_ms;
  lent.info.name = str(stream.name);
  lent.info.blob = bytes(stream.blob);
  lent.info.config = &stream.config;
  lent.consumers[0] = &stream.consumer;
  lent.info.consumers = lent.consumers;
  lent.info.consumer_count = 1;
  return &lent.info;
}

std::size_t FakeHost::leased(const FakeStream& stream) const {
  std::size_t n = 0;
  for (const auto& [seq, message] : stream.messages) n += message.attempt > 0 && !visible(message) ? 1 : 0;
  return n;
}

std::vector<FakeMessage*> FakeHost::take(FakeStream& stream, const sw_fetch& fetch) {
  std::vector<FakeMessage*> out;
  std::vector<std::uint64_t> dead;
  std::set<std::string> blocked;  // Keys with an earlier message out.
  for (auto& [seq, message] : stream.messages) {
    if (out.size() == fetch.max) break;
    if (!visible(message) && message.attempt > 0) blocked.insert(message.key);
    if (!visible(message) || (stream.ordered() && blocked.count(message.key) != 0)) continue;
    // Where there is nothing to move it to, it is delivered on and on.
    if (stream.consumer.max_attempts != 0 && message.attempt >= stream.consumer.max_attempts &&
        by_id(stream.consumer.dead_letter) != nullptr) {
      dead.push_back(seq);
      continue;
    }
    ++message.attempt;
    if (message.first_delivered_ms == 0) message.first_delivered_ms = wall_ms_;
    message.visible_ms = mono_ms_ + fetch.ack_wait_ms;
    message.delivered_ms = wall_ms_;
    out.push_back(&message);
  }
  for (const std::uint64_t seq : dead) {
    FakeStream& target = *by_id(stream.consumer.dead_letter);
    FakeMessage moved = stream.messages.at(seq);
    moved.seq = target.next_seq++;
    moved.attempt = 0;
    moved.first_delivered_ms = 0;
    moved.source = stream.name;
    target.messages[moved.seq] = moved;
    stream.messages.erase(seq);
  }
  return out;
}

// False when its deduplication id was taken within the window; `result` is then the first one's.
bool FakeHost::admit(FakeStream& stream, FakeMessage& message, sw_appended& result) {
  result = {};
  result.size = sizeof result;
  if (!message.dedup_id.empty() && stream.config.dedup_window_ms != 0) {
    const bool per_key = (stream.config.flags & SW_STREAM_DEDUP_PER_KEY) != 0;
    FakeFirst& first = stream.firsts[(per_key ? message.key : "") + "\n" + message.dedup_id];
    if (first.seq != 0 && mono_ms_ - first.time_ms < stream.config.dedup_window_ms) {
      result.flags = SW_APPENDED_DUPLICATE;
      result.seq = first.seq;
      std::memcpy(result.id, first.id, 16);
      return false;
    }
    first.time_ms = mono_ms_;
    first.seq = stream.next_seq;
    std::memcpy(first.id, message.id, 16);
  }
  message.seq = stream.next_seq++;
  result.seq = message.seq;
  std::memcpy(result.id, message.id, 16);
  return true;
}

void FakeHost::deliver(FakeStream& stream, std::vector<FakeMessage*> messages, sw_fetch_done done, void* user) {
  (void)stream;
  std::vector<sw_delivery> deliveries(messages.size());
  std::vector<const sw_delivery*> pointers;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const FakeMessage& m = *messages[i];
    sw_delivery& d = deliveries[i];
    d = {};
    d.size = sizeof d;
    d.token.seq = m.seq;
    d.token.attempt = m.attempt;
    std::memcpy(d.id, m.id, 16);
    d.time_ms = m.time_ms;
    d.first_delivered_ms = m.first_delivered_ms;
    d.delivered_ms = m.delivered_ms;
    d.key = str(m.key);
    d.dedup_id = str(m.dedup_id);
    d.header_format = m.header_format;
    d.headers = bytes(m.headers);
    d.body = bytes(m.body);
    d.source = str(m.source);
    pointers.push_back(&d);
  }
  done(user, SW_OK, pointers.data(), pointers.size(), nullptr);
}

bool FakeHost::serve(const Waiting& w) {
  if (const sw_status failure = take_failure(true)) {
    w.done(w.user, failure, nullptr, 0, nullptr);
    return true;
  }
  FakeStream* s = by_id(w.stream);
  if (s == nullptr) {
    w.done(w.user, SW_NOT_FOUND, nullptr, 0, nullptr);
    return true;
  }
  if (leased(*s) >= max_leased_) {
    w.done(w.user, SW_QUOTA, nullptr, 0, nullptr);
    return true;
  }
  std::vector<FakeMessage*> messages = take(*s, w.fetch);
  if (messages.empty() && w.deadline_ms > mono_ms_) return false;
  deliver(*s, std::move(messages), w.done, w.user);
  return true;
}

void FakeHost::wake() {
  std::vector<Waiting> asked;
  asked.swap(waiting_);
  for (const Waiting& w : asked) {
    if (!serve(w)) waiting_.push_back(w);
  }
}

}  // namespace switchyard::sqs::testing
