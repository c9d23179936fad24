#include "kernel/bus/transfer.h"

#include <cassert>
#include <cstring>
#include <utility>

namespace switchyard::bus {
namespace {

struct Head {
  NamespaceNumber ns;
  std::uint32_t plain, hops, groups, subject, reply, headers, body;
};

void append(std::string& out, const void* data, std::size_t size) { out.append(static_cast<const char*>(data), size); }

}  // namespace

void Transfer::add(NamespaceNumber ns, bool plain, std::uint32_t hops, std::span<const GroupId> groups,
                   const Message& m) {
  const auto before = building_.size();
  const auto size = [](std::string_view part) { return static_cast<std::uint32_t>(part.size()); };
  const Head head{ns,
                  plain,
                  hops,
                  static_cast<std::uint32_t>(groups.size()),
                  size(m.subject),
                  size(m.reply),
                  size(m.headers),
                  size(m.body)};
  append(building_, &head, sizeof head);
  if (!groups.empty()) append(building_, groups.data(), groups.size_bytes());
  for (const auto part : {m.subject, m.reply, m.headers, m.body}) building_.append(part);
  pending_ += building_.size() - before;
}

bool Transfer::hand_over() {
  const std::lock_guard lock(mutex_);
  const bool wake = ready_.empty();
  ready_.push_back(std::exchange(building_, {}));
  if (!spare_.empty()) {
    building_ = std::move(spare_.back());
    spare_.pop_back();
  }
  return wake;
}

std::vector<std::string> Transfer::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ready_, {});
}

bool Transfer::next(std::string_view buffer, std::size_t& at, Frame& frame) {
  if (at == buffer.size()) return false;
  Head head;
  assert(buffer.size() - at >= sizeof head);
  std::memcpy(&head, buffer.data() + at, sizeof head);
  at += sizeof head;
  frame.ns = head.ns;
  frame.plain = head.plain != 0;
  frame.hops = head.hops;
  frame.groups.resize(head.groups);
  if (head.groups != 0) std::memcpy(frame.groups.data(), buffer.data() + at, head.groups * sizeof(GroupId));
  at += head.groups * sizeof(GroupId);
  const auto part = [&](std::uint32_t size) {
    const auto bytes = buffer.substr(at, size);
    at += size;
    return bytes;
  };
  frame.message.subject = part(head.subject);
  frame.message.reply = part(head.reply);
  frame.message.headers = part(head.headers);
  frame.message.body = part(head.body);
  return true;
}

void Transfer::give_back(std::string buffer) {
  pending_ -= buffer.size();
  if (buffer.capacity() > kLargestSpare) return;
  buffer.clear();
  const std::lock_guard lock(mutex_);
  if (spare_.size() < kSpareBuffers) spare_.push_back(std::move(buffer));
}

}  // namespace switchyard::bus
