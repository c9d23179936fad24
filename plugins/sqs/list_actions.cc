// ListQueues and ListDeadLetterSourceQueues: pages of queue URLs in the order of their names.
#include <vector>

#include "plugins/aws/encoding.h"
#include "plugins/aws/http_request.h"
#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/queue.h"

namespace switchyard::sqs {
namespace {

constexpr std::int64_t kMaxListed = 1000;

struct Page {
  std::string after;  // Name of the last queue of the page before.
  std::size_t max = kMaxListed;
  bool asked = false;  // A client that gives no MaxResults gets no NextToken.
};

Refusal read_page(const Fields& fields, std::string_view action, Page& page) {
  std::optional<std::string_view> token;
  std::optional<std::int64_t> max;
  if (Refusal refusal = fields.text("NextToken", token)) return refusal;
  if (Refusal refusal = fields.integer("MaxResults", max)) return refusal;
  if (max) {
    if (*max < 1 || *max > kMaxListed) {
      return invalid_value(*max, "MaxResults", "Must be between 1 and 1000, if provided.");
    }
    page.max = static_cast<std::size_t>(*max);
    page.asked = true;
  }
  if (token && !token->empty() && (!aws::decode_base64url(*token, page.after) || !is_queue_name(page.after))) {
    return invalid_value(*token, "NextToken", "It was not given by an earlier " + std::string(action) + ".");
  }
  return {};
}

struct Listing {
  struct Entry {
    std::string name;
    sw_stream_id id;
  };
  std::vector<Entry> entries;
  std::size_t stop;               // One more than the page, to know whether a page follows.
  sw_stream_id dead_letters = 0;  // When not 0: only sources of this queue.
};

std::int32_t visit_queue(void* user, const sw_stream_info* info) {
  auto& listing = *static_cast<Listing*>(user);
  std::string_view region, queue;
  if (!split_stream_name(aws::view(info->name), region, queue)) return 1;
  if (listing.dead_letters != 0) {
    QueueNumbers numbers;
    if (!decode_numbers(aws::view(info->blob), numbers) || numbers.dead_letter != listing.dead_letters) return 1;
  }
  listing.entries.push_back({std::string(queue), info->id});
  return listing.entries.size() < listing.stop ? 1 : 0;
}

void gather(const Call& call, const Realm& realm, std::string_view name_prefix, const Page& page, Listing& listing) {
  const aws::Host& host = call.lane.host;
  std::string prefix, after;
  realm.append_stream_name(prefix, name_prefix);
  if (!page.after.empty()) realm.append_stream_name(after, page.after);
  listing.stop = page.max + 1;
  host.stream->list(host.host, call.ns, aws::to_str(prefix), aws::to_str(after), visit_queue, &listing);
}

void write_urls(const Call& call, const Realm& realm, const Listing& listing, std::size_t n, ReplyWriter& out) {
  const std::string_view called = aws::header(call.request(), "host");
  const bool tls = (call.request().flags & SW_HTTP_TLS) != 0;
  std::string url;
  for (std::size_t i = 0; i < n; ++i) {
    url.clear();
    realm.append_url(url, listing.entries[i].name, listing.entries[i].id, called, tls);
    out.text_item("QueueUrl", url);
  }
}

void answer(Call& call, const Realm& realm, const Page& page, const Listing& listing, std::string_view list,
            bool even_empty) {
  const bool more = listing.entries.size() > page.max;
  const std::size_t n = more ? page.max : listing.entries.size();
  call.succeed([&](ReplyWriter& out) {
    if (n > 0 || even_empty) {
      out.begin_list(list);
      write_urls(call, realm, listing, n, out);
      out.end_list();
    }
    if (more && page.asked) {
      std::string token;
      aws::append_base64url(token, listing.entries[n - 1].name);
      out.text("NextToken", token);
    }
  });
}

}  // namespace

void list_queues(Call& call, const Fields& fields) {
  std::optional<std::string_view> prefix;
  Page page;
  Listing listing;
  if (Refusal refusal = fields.text("QueueNamePrefix", prefix)) return call.refuse(refusal);
  if (Refusal refusal = read_page(fields, "ListQueues", page)) return call.refuse(refusal);
  const Realm realm = call.realm();
  gather(call, realm, prefix.value_or(""), page, listing);
  answer(call, realm, page, listing, "QueueUrls", false);
}

void list_dead_letter_source_queues(Call& call, const Fields& fields) {
  Queue queue;
  Page page;
  Listing listing;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_page(fields, "ListDeadLetterSourceQueues", page)) return call.refuse(refusal);
  listing.dead_letters = queue.info->id;
  gather(call, queue.realm, "", page, listing);
  answer(call, queue.realm, page, listing, "queueUrls", true);
}

}  // namespace switchyard::sqs
