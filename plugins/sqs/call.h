// Call is one request from its arrival to its answer.
//
// Handlers read the request's fields, start one asynchronous operation of the server and return; the
// completion gets the Call back and answers.  A Call comes from the lane's pool and returns there when it
// was answered, or when its completion finds that the client has gone.
//
// Failure: refuse() answers with the error; every path answers exactly once.
// Thread: one lane.
#pragma once
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "plugins/sqs/errors.h"
#include "plugins/sqs/fields.h"
#include "plugins/sqs/lane.h"
#include "plugins/sqs/naming.h"
#include "plugins/sqs/reply.h"

namespace switchyard::sqs {

struct Action;

class Call {
 public:
  explicit Call(Lane& the_lane) : lane(the_lane) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void begin(sw_http_exchange* exchange, const sw_http_request& request);

  // ---- answers: each ends the call ----
  void refuse(const Refusal& refusal);
  void succeed();  // An action without a result.
  // `write(ReplyWriter&)` fills the result.
  template <class Write>
  void succeed(Write&& write) {
    if (gone_) return lane.release(*this);
    std::string& out = lane.response;
    out.clear();
    ReplyWriter writer(out, wire);
    writer.begin(action_name());
    write(writer);
    writer.end(action_name(), request_id());
    send(200, out, {});
  }

  void answer(std::string_view document) { send(200, document, {}); }  // A whole answer of another form.

  // ---- memory that lives as long as the exchange; throws std::bad_alloc at its bound ----
  template <class T>
  T* make(std::size_t n = 1) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* memory = static_cast<T*>(allocate(n * sizeof(T)));
    for (std::size_t i = 0; i < n; ++i) new (memory + i) T();
    return memory;
  }
  std::string_view keep(std::string_view text);

  // The client has gone: the exchange and its memory are no more.
  bool gone() const { return gone_; }
  // Gone for good: gives the Call back without an answer.
  void drop() { lane.release(*this); }
  // From now on the server tells when the client goes; `fetch` is what must then be cancelled.
  void wait_for(sw_fetch_id fetch);
  void stop_waiting();    // The fetch has come back.
  void cancel_waiting();  // Its completion will come soon.
  // A credential may now do this much: ends the wait of a call that needs more.
  void credential_changed(std::string_view id, std::uint32_t permissions);

  std::string_view request_id() const { return {request_id_, sizeof request_id_}; }
  std::string_view region() const { return {region_, region_length_}; }
  void set_region(std::string_view region);
  std::string_view action_name() const;
  const sw_http_request& request() const { return *request_; }

  // How this caller's queues are named.  Asks the server again, because what it says is only borrowed.
  Realm realm() const;

  Lane& lane;
  const Action* action = nullptr;
  sw_namespace* ns = nullptr;
  std::string_view sender_id;  // Only while the request is being handled.
  sw_stream_id stream = 0;
  void* state = nullptr;    // The action's own, from make().
  std::uint32_t tries = 1;  // Of its change, see try_again().
  Wire wire = Wire::query;
  bool keeps_messages = false;  // Of a receive whose client has gone.
  bool revoked = false;         // While it waited its credential lost the permission that it needs.
  std::int64_t expires_ms = 0;  // Of its credential; 0 = never.
  std::string_view credential;  // Its id, of a call that waits.
  Call* previous = nullptr;     // The lane's list of calls under way.
  Call* next = nullptr;

 private:
  void* allocate(std::size_t n);
  void send(std::uint32_t status, std::string_view body, std::string_view query_error);
  static void on_abort(void* user);

  sw_http_exchange* exchange_ = nullptr;
  const sw_http_request* request_ = nullptr;
  sw_fetch_id fetch_ = 0;
  bool query_mode_ = false;  // The JSON client wants the old statuses.
  bool gone_ = false;
  bool waiting_ = false;
  std::uint8_t region_length_ = 0;
  char region_[32];
  char request_id_[36];
};

// Runs a callback of the server; whatever is thrown in it answers 500 instead of crossing the C line.
template <class Body>
void guarded(Call& call, Body&& body) noexcept {
  try {
    body();
  } catch (const std::bad_alloc&) {
    call.refuse({aws::kServiceUnavailable, "The request needs more memory than one request may use."});
  } catch (const std::exception& e) {
    call.refuse({aws::kInternalError, std::string("The server failed: ") + e.what()});
  }
}

}  // namespace switchyard::sqs
