// Realm answers how queues of one caller are named: stream names, ARNs and queue URLs, both ways.
//
// A namespace says its style (account, project, namespace) and its owner; the region is the one that the
// client signed for, unless the namespace is bound to one.  All URL styles are accepted whatever the
// server writes itself.
//
// Failure: parsing answers nothing for a name that is not this caller's; existence elsewhere is never told.
// Thread: plain value, borrowed texts.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchyard/plugin.h"

namespace switchyard::sqs {

enum class UrlStyle : std::uint8_t { by_namespace, yandex };

inline constexpr std::string_view kConsumer = "q";
inline constexpr std::string_view kDefaultRegion = "us-east-1";

// 1 to 80 of [A-Za-z0-9_-], and ".fifo" at the end of a FIFO queue's name.
bool is_queue_name(std::string_view name);
bool is_fifo_name(std::string_view name);
bool is_region(std::string_view region);

// What a queue URL names.
struct QueueAddress {
  std::string_view queue;
  std::string_view resource;  // Middle segment of a yandex URL, else empty.
};

struct Realm {
  const sw_namespace_info* ns = nullptr;
  std::string_view region;
  UrlStyle style = UrlStyle::by_namespace;

  std::string_view owner() const;
  void append_stream_name(std::string& out, std::string_view queue) const;
  void append_arn(std::string& out, std::string_view queue) const;
  // `host` is what the client called.
  void append_url(std::string& out, std::string_view queue, sw_stream_id id, std::string_view host, bool tls) const;

  // A queue URL or its path.
  std::optional<QueueAddress> parse_url(std::string_view url) const;
  // The queue's name, when the ARN is of a queue of this realm.
  std::optional<std::string_view> parse_arn(std::string_view arn) const;

  // The two made-up identifiers of a yandex URL.  The second changes when a queue is made again.
  std::string folder_id() const;
  static std::string resource_id(sw_stream_id id);
};

// "sqs/eu-west-1/orders" -> region, queue.
bool split_stream_name(std::string_view stream, std::string_view& region, std::string_view& queue);

}  // namespace switchyard::sqs
