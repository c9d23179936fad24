#include "plugins/sqs/lane.h"

#include "plugins/sqs/call.h"

namespace switchyard::sqs {
namespace {

constexpr std::size_t kKeptBytes = 256 * 1024;

boost::json::parse_options parse_options() {
  boost::json::parse_options options;
  options.max_depth = 16;  // The deepest legal request has six levels.
  return options;
}

}  // namespace

Lane::Lane(const aws::Host& the_host, const LiveSettings& the_settings, std::uint32_t index, std::string process)
    : host(the_host),
      settings(the_settings),
      ids(the_host),
      moves(the_host, index, std::move(process)),
      json_memory(kJsonArena),
      json_parser(boost::json::storage_ptr(), parse_options()) {}

Lane::~Lane() {
  while (live_ != nullptr) {
    Call* const next = live_->next;
    delete live_;
    live_ = next;
  }
}

Call& Lane::acquire(sw_http_exchange* exchange, const sw_http_request& request) {
  std::unique_ptr<Call> call;
  if (idle_.empty()) {
    call = std::make_unique<Call>(*this);
  } else {
    call = std::move(idle_.back());
    idle_.pop_back();
  }
  Call& taken = *call.release();
  taken.previous = nullptr;
  taken.next = live_;
  if (live_ != nullptr) live_->previous = &taken;
  live_ = &taken;
  taken.begin(exchange, request);
  return taken;
}

void Lane::release(Call& call) {
  if (call.previous != nullptr) call.previous->next = call.next;
  if (call.next != nullptr) call.next->previous = call.previous;
  if (live_ == &call) live_ = call.next;
  std::unique_ptr<Call> owned(&call);
  if (idle_.size() < kIdleCalls) idle_.push_back(std::move(owned));
}

void Lane::drain() {
  draining_ = true;
  moves.drain();
  // Cancelling only asks: completions come later, so the list stays as it is here.
  for (Call* call = live_; call != nullptr; call = call->next) call->cancel_waiting();
}

void Lane::credential_changed(std::string_view id, std::uint32_t permissions) {
  for (Call* call = live_; call != nullptr; call = call->next) call->credential_changed(id, permissions);
}

void Lane::reset_scratch() {
  form.release();
  json_memory.release();
  for (std::string* text : {&response, &headers, &auth.canonical, &auth.string_to_sign}) {
    if (text->capacity() > kKeptBytes) std::string().swap(*text);
  }
}

}  // namespace switchyard::sqs
