#include "kernel/plugin/http_exchange.h"

#include <algorithm>
#include <cstring>

namespace switchyard::plugin {
namespace {

constexpr std::size_t kAlign = 8;
// What a small request's handler allocates usually fits behind the copy of the request.
constexpr std::size_t kSpare = 512;
constexpr std::size_t kKeptBlockSlots = 2;

sw_str str(std::string_view text) { return {text.data(), text.size()}; }

// Copies text to a cursor in memory that was measured before.
struct Cursor {
  char* at;
  std::string_view put(std::string_view text) {
    if (text.empty()) return {};
    std::memcpy(at, text.data(), text.size());
    const std::string_view copy(at, text.size());
    at += text.size();
    return copy;
  }
};

// A part of `from` is the same part of its copy; anything else is copied as well.
std::string_view same_part(std::string_view part, std::string_view from, std::string_view copy, Cursor& cursor) {
  const auto begin = reinterpret_cast<std::uintptr_t>(from.data());
  const auto at = reinterpret_cast<std::uintptr_t>(part.data());
  if (part.empty() || at < begin || at - begin > from.size() || from.size() - (at - begin) < part.size()) {
    return cursor.put(part);
  }
  return copy.substr(at - begin, part.size());
}

}  // namespace

Block BlockPool::take(std::size_t capacity) {
  while (!kept_.empty()) {
    Block block = std::move(kept_.back());
    kept_.pop_back();
    if (block.capacity >= capacity) return block;
  }
  const std::size_t rounded = (capacity + 511) / 512 * 512;
  return {std::unique_ptr<char[]>(new char[rounded]), rounded};
}

void BlockPool::give(Block block) {
  if (kept_.size() < kMaxKept && block.capacity <= kMaxKeptBytes) kept_.push_back(std::move(block));
}

void* Exchange::alloc(std::size_t size, std::size_t bound) {
  if (size > bound) return nullptr;
  size = std::max(kAlign, (size + kAlign - 1) / kAlign * kAlign);
  if (blocks.empty() || blocks.back().capacity - used < size) {
    const std::size_t capacity = std::max<std::size_t>(size, std::min<std::size_t>(held, 64 * 1024));
    if (held + capacity > bound && held + size > bound) return nullptr;
    const std::size_t granted = held + capacity > bound ? size : capacity;
    blocks.push_back({std::unique_ptr<char[]>(new char[granted]), granted});
    held += granted;
    used = 0;
  }
  void* memory = blocks.back().bytes.get() + used;
  used += size;
  return memory;
}

void Exchange::copy_request(const net::HttpRequest& from, BlockPool& pool) {
  parkable = from.body.size() <= kMaxParkedBody;
  const auto peer = address_of_peer(from.peer);
  std::size_t bytes = from.method.size() + from.target.size() + from.path.size() + from.query.size() + peer.size();
  for (const auto& header : from.headers) bytes += header.name.size() + header.value.size();
  if (parkable) bytes += from.body.size();
  const std::size_t pairs_bytes = from.headers.size() * sizeof(sw_pair);
  blocks.push_back(pool.take(pairs_bytes + bytes + kSpare));
  held = blocks.back().capacity;

  auto* pairs = reinterpret_cast<sw_pair*>(blocks.back().bytes.get());
  Cursor cursor{blocks.back().bytes.get() + pairs_bytes};
  net::HttpRequest copy = from;
  copy.method = cursor.put(from.method);
  copy.target = cursor.put(from.target);
  copy.path = same_part(from.path, from.target, copy.target, cursor);
  copy.query = same_part(from.query, from.target, copy.target, cursor);
  copy.peer = {};
  if (parkable) copy.body = cursor.put(from.body);
  request = view_of(copy, pairs);
  request.peer = str(cursor.put(peer));
  for (std::size_t i = 0; i < from.headers.size(); ++i) {
    pairs[i] = {str(cursor.put(from.headers[i].name)), str(cursor.put(from.headers[i].value))};
  }
  const auto filled = static_cast<std::size_t>(cursor.at - blocks.back().bytes.get());
  used = (filled + kAlign - 1) / kAlign * kAlign;
}

void Exchange::clear(BlockPool& pool) {
  if (!blocks.empty()) pool.give(std::move(blocks.front()));
  blocks.clear();
  // A slot may rest for long: one that needed many blocks gives the list's memory back.
  if (blocks.capacity() > kKeptBlockSlots) blocks.shrink_to_fit();
  used = held = 0;
  net = {};
  owner = nullptr;
  aborted = nullptr;
  abort_user = nullptr;
  parkable = parked = false;
}

std::string_view address_of_peer(std::string_view peer) {
  if (!peer.empty() && peer.front() == '[') {
    const auto end = peer.find(']');
    return end == std::string_view::npos ? peer : peer.substr(1, end - 1);
  }
  return peer.substr(0, peer.rfind(':'));
}

sw_http_request view_of(const net::HttpRequest& from, sw_pair* pairs) {
  for (std::size_t i = 0; i < from.headers.size(); ++i) {
    pairs[i] = {str(from.headers[i].name), str(from.headers[i].value)};
  }
  sw_http_request view{};
  view.size = sizeof view;
  view.flags = from.is_tls ? SW_HTTP_TLS : 0;
  view.method = str(from.method);
  view.target = str(from.target);
  view.path = str(from.path);
  view.query = str(from.query);
  view.headers = pairs;
  view.header_count = from.headers.size();
  view.body = {reinterpret_cast<const std::uint8_t*>(from.body.data()), from.body.size()};
  view.peer = str(address_of_peer(from.peer));
  return view;
}

}  // namespace switchyard::plugin
