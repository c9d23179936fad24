// ByteServer accepts connections that carry a protocol of their own, and moves their bytes.
//
// Who speaks the protocol sees bytes in order, in a piece of memory as long as it asked for, and writes
// whenever it likes: what it writes leaves at the end of the turn, with one system call for everything.
// A connection without bytes on their way holds no buffer.
//
// Failure: a peer that leaves or breaks is on_closed(); a peer that does not read is a queue that grows to
// its bound, and write() says so.
//
// Thread: said at each function.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/net/address.h"
#include "kernel/net/lane.h"

namespace switchyard::net {

class ByteLane;

enum class CloseReason {
  peer,      // It ended the stream, or reset it.
  local,     // close() was called.
  too_long,  // It was asked for more in one piece than max_read_bytes.
  stopping,  // The server.
};

enum class Wrote {
  ok,
  busy,    // Taken, but the peer is slow: write little more until on_writable().
  full,    // Not taken: the queue is at max_write_bytes.
  closed,  // Not taken: there is no such connection any more.
};

// Names one connection of one lane; a copy outlives the connection and then does nothing.
class ByteConnection {
 public:
  ByteConnection() = default;

  // [lane] Copies all parts, or nothing.
  Wrote write(std::span<const std::string_view> parts);
  // [lane] Bytes that wait for the peer to read; 0 of a closed one.
  std::size_t queued() const;
  // [lane] While paused nothing is read, and on_bytes() is not called.
  void pause(bool paused);
  // [lane] What is queued still leaves, for a while, unless `at_once`.  on_closed() follows, later.
  void close(bool at_once);
  bool alive() const;
  // Never 0, and on its lane never that of another connection.
  std::uint64_t id() const { return (std::uint64_t{generation_} << 32 | slot_) + 1; }

 private:
  friend class ByteLane;
  friend class ByteLink;
  friend class ByteServer;
  ByteConnection(ByteLane* owner, std::uint32_t slot, std::uint32_t generation)
      : owner_(owner), slot_(slot), generation_(generation) {}

  ByteLane* owner_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
};

// One end of one connection.  Every call is [lane] and comes from the loop, never inside a ByteConnection's.
class ByteHandler {
 public:
  virtual ~ByteHandler() = default;
  // What came and was not taken yet.  Returns how many bytes it took; the rest comes again, together with what
  // follows it, as soon as there are `wanted` bytes (more than it was given; 0 = one more).
  virtual std::size_t on_bytes(std::string_view bytes, std::size_t& wanted) = 0;
  // After a write said busy: the queue is short again.
  virtual void on_writable() = 0;
  // The last call; the handler is destroyed behind it.
  virtual void on_closed(CloseReason reason) = 0;
};

// Makes the handler of a new connection, on its lane; null = refused, it is closed.
using OpenHandler =
    std::function<std::unique_ptr<ByteHandler>(Lane& lane, ByteConnection connection, const Peer& peer)>;

struct ByteOptions {
  std::size_t max_connections = 65'536;
  std::size_t max_read_bytes = 8u << 20;    // In one piece.
  std::size_t busy_bytes = 1u << 20;        // Queued, from which on write() says busy; short again at a half.
  std::size_t max_write_bytes = 64u << 20;  // Queued for one connection.
  std::int64_t close_ms = 5'000;            // What is queued may take so long to leave after close().
};

struct ByteStats {
  std::uint64_t connections = 0;  // Now.
  std::uint64_t accepted = 0, refused = 0, bytes_in = 0, bytes_out = 0;
};

class ByteServer {
 public:
  // [control] `lanes` outlive the server.
  explicit ByteServer(LaneGroup& lanes);
  ~ByteServer();  // [control] Closes everything.
  ByteServer(const ByteServer&) = delete;
  ByteServer& operator=(const ByteServer&) = delete;

  // [control] Binds now; connections wait in the backlog until accept().  Returns the address as bound.
  Result<std::string> listen(const std::string& address, ByteOptions options, OpenHandler open);
  // [control] From now on, of all listeners so far.
  void accept();
  // [control] No new connections.
  void stop_listening();
  // [lane] For good: every connection of this lane is closed, on_closed(stopping) has run for each when it
  // returns, and what was accepted meanwhile is closed unseen.
  void shut(std::size_t lane);
  // [lane] The connection with this id() of this lane.
  ByteConnection connection(std::size_t lane, std::uint64_t id);

  ByteStats stats() const;  // [any]

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::net
