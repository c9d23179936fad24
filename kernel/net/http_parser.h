// HttpParser turns the bytes of one connection into requests, without knowing any socket.
//
// The owner asks where the next bytes go (room), says how many came (commit) and calls advance().
// The head is scanned line by line first, which settles what proxies disagree about (bare LF, bare
// CR, folded headers); then it is read in place.  Every view of the request
// points into the parser's buffers and holds until next() or reset().
//
// Failure: advance() says failed, status() is the HTTP status to answer; the stream has no known
// position any more, so the connection must be closed after the answer.
//
// How the bytes are cut into pieces never changes the outcome (tests/fuzz/http_fuzz.cc).
//
// Thread: one lane.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kernel/net/body_budget.h"
#include "kernel/net/http.h"

namespace switchyard::net {

class HttpParser {
 public:
  enum class Step {
    need_more,  // Read into room().
    complete,   // request() is whole; next() goes on.
    failed,     // status() and reason() say why.
  };

  HttpParser();
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  // Begins a connection's stream; `pending` are bytes that were read before.  `limits` and `budget`
  // outlive the requests parsed under them; without a budget only each body is bounded.
  void reset(const HttpLimits& limits, std::string_view pending = {}, BodyBudget* budget = nullptr);

  // Gives back what a large request needed; to be reset() before the next use.
  void trim();

  // Never empty after need_more.
  std::span<char> room();
  // REQUIRES: count <= room().size().
  void commit(std::size_t count);
  Step advance();

  // Nothing of a next request has come yet.
  bool at_rest() const;
  // From here on the accessors of the head hold, also after a failure.
  bool head_done() const;
  // True once per request: the client waits for "100 Continue" before it sends the body.
  bool take_expect_continue();
  bool keep_alive() const;
  bool is_head_request() const;
  // Fields of the connection (peer, is_tls, listener) are the owner's to fill.
  HttpRequest& request();

  int status() const;
  Reject reason() const;

  // Drops the complete request.  The bytes behind it stay.
  void next();
  // The bytes behind the complete request.
  std::string_view pending() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::net
