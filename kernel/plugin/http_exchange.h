// Exchange is one HTTP request in the hands of a plugin, with the memory that lives as long.
//
// The request is copied out of the connection's buffers once: a plugin may use it until it answers,
// but a connection that waits gives its buffers back (net/http.h, park).  A body above
// kMaxParkedBody is not copied; such a request keeps its connection's buffers, and the peer's leaving
// is noticed only when it is answered.
//
// Failure: memory beyond the bound is refused with nullptr.
//
// Thread: its lane.
#pragma once
#include <cstddef>
#include <memory>
#include <vector>

#include "kernel/net/http.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

struct PluginLane;

struct Block {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
};

// First blocks of finished requests, kept for the next ones.
class BlockPool {
 public:
  Block take(std::size_t capacity);
  void give(Block block);

 private:
  static constexpr std::size_t kMaxKept = 64;
  static constexpr std::size_t kMaxKeptBytes = 16 * 1024;
  std::vector<Block> kept_;
};

struct Exchange {
  static constexpr std::size_t kMaxParkedBody = 64 * 1024;

  net::HttpExchange net;
  PluginLane* owner = nullptr;
  sw_http_request request{};
  void (*aborted)(void* user) = nullptr;
  void* abort_user = nullptr;
  bool parkable = false;
  bool parked = false;

  std::vector<Block> blocks;  // The first one from the pool.
  std::size_t used = 0;       // Of the last block.
  std::size_t held = 0;       // Of all blocks.

  // 8-byte aligned; nullptr beyond `bound` bytes in all.
  void* alloc(std::size_t size, std::size_t bound);
  // Copies `from` into own memory.  REQUIRES: fresh.
  void copy_request(const net::HttpRequest& from, BlockPool& pool);
  void clear(BlockPool& pool);
};

// "127.0.0.1:4711" -> "127.0.0.1", "[::1]:4711" -> "::1", "unix" -> "unix".
std::string_view address_of_peer(std::string_view peer);
// The request as it lies in the connection's buffers; `pairs` has room for its headers.
sw_http_request view_of(const net::HttpRequest& from, sw_pair* pairs);

}  // namespace switchyard::plugin
