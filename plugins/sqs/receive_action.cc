// ReceiveMessage: a fetch that may wait, and the messages with the attributes that were asked for.  And the peek
// endpoint, which shows messages in the same form and changes nothing.
#include <algorithm>
#include <array>
#include <vector>

#include "plugins/aws/encoding.h"
#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/message_input.h"
#include "plugins/sqs/queue.h"
#include "plugins/sqs/receipt_handle.h"
#include "plugins/sqs/sequence_number.h"

namespace switchyard::sqs {
namespace {

constexpr std::int64_t kMaxMessages = 10;
constexpr std::int64_t kMaxWaitSeconds = 20;
constexpr std::size_t kMaxFilters = 256;

constexpr std::array<std::string_view, 10> kSystemNames = {"SenderId",
                                                           "SentTimestamp",
                                                           "ApproximateReceiveCount",
                                                           "ApproximateFirstReceiveTimestamp",
                                                           "MessageGroupId",
                                                           "AWSTraceHeader",
                                                           "DeadLetterQueueSourceArn",
                                                           "MessageDeduplicationId",
                                                           "SequenceNumber",
                                                           "All"};
enum SystemBit : std::uint32_t {
  kSenderId = 1,
  kSentTimestamp = 2,
  kReceiveCount = 4,
  kFirstReceive = 8,
  kGroup = 16,
  kTrace = 32,
  kSourceArn = 64,
  kDeduplication = 128,
  kSequence = 256,
};
constexpr std::uint32_t kAllSystem = (1u << (kSystemNames.size() - 1)) - 1;

struct Input {
  std::uint32_t max = 1, wait_ms = 0, lease_ms = 0;
  std::uint32_t system = 0;
  std::vector<std::string_view> filters;
  std::string_view attempt;
};

// What the completion needs; lives in the exchange's memory.
struct State {
  std::uint32_t system = 0;
  bool all_attributes = false, fifo = false;
  std::uint32_t peeked = 0;  // A look at so many; 0 = a receive.
  std::string_view* filters = nullptr;
  std::size_t filter_count = 0;

  bool wants(std::string_view name) const {
    if (all_attributes) return true;
    for (std::size_t i = 0; i < filter_count; ++i) {
      std::string_view filter = filters[i];
      if (filter.ends_with(".*")) {
        filter.remove_suffix(2);
        if (name.starts_with(filter)) return true;
      } else if (filter == name) {
        return true;
      }
    }
    return false;
  }
};

Refusal read_system_names(const Fields& fields, ListName list, std::uint32_t& mask) {
  std::vector<std::string_view> names;
  if (Refusal refusal = fields.texts(list, names)) return refusal;
  for (const std::string_view name : names) {
    const auto at = std::find(kSystemNames.begin(), kSystemNames.end(), name);
    if (at == kSystemNames.end()) return unknown_attribute(name);
    mask |= name == "All" ? kAllSystem : 1u << (at - kSystemNames.begin());
  }
  return {};
}

Refusal read_bounds(const Fields& fields, const QueueNumbers& queue, Input& in) {
  std::optional<std::int64_t> max, wait, visibility;
  if (Refusal refusal = fields.integer("MaxNumberOfMessages", max)) return refusal;
  if (Refusal refusal = fields.integer("WaitTimeSeconds", wait)) return refusal;
  if (Refusal refusal = fields.integer("VisibilityTimeout", visibility)) return refusal;
  if (max && (*max < 1 || *max > kMaxMessages)) {
    return invalid_value(*max, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.");
  }
  if (wait && (*wait < 0 || *wait > kMaxWaitSeconds)) {
    return invalid_value(*wait, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.");
  }
  if (visibility && (*visibility < 0 || *visibility > kMaxVisibilitySeconds)) {
    return invalid_value(*visibility, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.");
  }
  in.max = static_cast<std::uint32_t>(max.value_or(1));
  in.wait_ms = static_cast<std::uint32_t>(wait.value_or(queue.receive_wait_s)) * 1000;
  in.lease_ms = static_cast<std::uint32_t>(visibility.value_or(queue.visibility_s)) * 1000;
  return {};
}

Refusal read(const Fields& fields, const QueueNumbers& queue, Input& in) {
  if (Refusal refusal = read_bounds(fields, queue, in)) return refusal;
  if (Refusal refusal = read_system_names(fields, {"AttributeNames", "AttributeName"}, in.system)) return refusal;
  if (Refusal refusal =
          read_system_names(fields, {"MessageSystemAttributeNames", "MessageSystemAttributeName"}, in.system)) {
    return refusal;
  }
  if (Refusal refusal = fields.texts({"MessageAttributeNames", "MessageAttributeName"}, in.filters)) return refusal;
  if (in.filters.size() > kMaxFilters) {
    return {kInvalidParameterValue,
            "The request names " + std::to_string(in.filters.size()) + " message attributes; the most is 256."};
  }
  std::optional<std::string_view> attempt;
  if (Refusal refusal = fields.text("ReceiveRequestAttemptId", attempt)) return refusal;
  if (attempt && !attempt->empty() && !is_message_id_text(*attempt)) {
    return invalid_value(*attempt, "ReceiveRequestAttemptId",
                         "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 "
                         "in length.");
  }
  if (queue.fifo) in.attempt = attempt.value_or("");
  return {};
}

State* keep(Call& call, const Input& in, bool fifo) {
  auto* state = call.make<State>();
  state->fifo = fifo;
  state->system = in.system;
  for (const std::string_view filter : in.filters) state->all_attributes |= filter == "All" || filter == ".*";
  if (state->all_attributes || in.filters.empty()) return state;
  state->filters = call.make<std::string_view>(in.filters.size());
  for (const std::string_view filter : in.filters) state->filters[state->filter_count++] = call.keep(filter);
  return state;
}

void append_hex_md5(std::string& out, const aws::Md5& digest) { aws::append_hex(out, digest.data(), digest.size()); }

class MessageWriter {
 public:
  MessageWriter(Call& call, ReplyWriter& out)
      : lane_(call.lane),
        call_(call),
        state_(*static_cast<const State*>(call.state)),
        out_(out),
        realm_(call.realm()) {}

  void write(const sw_delivery& delivery) {
    char id[36];
    aws::write_uuid(id, delivery.id);
    out_.begin_item("Message");
    out_.text("MessageId", {id, sizeof id});
    if (state_.peeked == 0) write_handle(delivery);
    text_.clear();
    append_hex_md5(text_, lane_.digests.md5(aws::view(delivery.body)));
    out_.text("MD5OfBody", text_);
    out_.text("Body", aws::view(delivery.body));
    aws::MessageHeaders& headers = lane_.message_headers;
    if (delivery.header_format != aws::kHeaderFormat || !aws::decode_headers(aws::view(delivery.headers), headers)) {
      headers = aws::MessageHeaders{};
    }
    write_system(delivery, headers);
    write_attributes(headers);
    out_.end_item("Message");
  }

 private:
  void write_handle(const sw_delivery& delivery) {
    text_.clear();
    append_receipt_handle(text_, lane_.host, call_.stream, delivery.token, delivery.delivered_ms / 1000);
    out_.text("ReceiptHandle", text_);
  }

  void system(SystemBit bit, std::string_view name, std::string_view value) {
    if ((state_.system & bit) == 0 || value.empty()) return;
    if (!open_) out_.begin_map("Attributes");
    open_ = true;
    out_.entry("Attribute", name, value);
  }

  void number(SystemBit bit, std::string_view name, std::int64_t value) {
    if ((state_.system & bit) == 0) return;
    text_.clear();
    aws::append_number(text_, value);
    system(bit, name, text_);
  }

  void write_system(const sw_delivery& delivery, const aws::MessageHeaders& headers) {
    if (state_.system == 0) return;
    open_ = false;
    system(kSenderId, "SenderId", headers.sender_id);
    number(kSentTimestamp, "SentTimestamp", delivery.time_ms);
    number(kReceiveCount, "ApproximateReceiveCount", delivery.token.attempt);
    number(kFirstReceive, "ApproximateFirstReceiveTimestamp", delivery.first_delivered_ms);
    system(kGroup, "MessageGroupId", aws::view(delivery.key));
    system(kDeduplication, "MessageDeduplicationId", aws::view(delivery.dedup_id));
    if (state_.fifo) {
      char number[kSequenceDigits];
      system(kSequence, "SequenceNumber", write_sequence_number(number, delivery.token.seq));
    }
    system(kTrace, "AWSTraceHeader", headers.trace_header);
    std::string_view region, queue;
    if (delivery.source.len != 0 && split_stream_name(aws::view(delivery.source), region, queue)) {
      text_.clear();
      realm_.append_arn(text_, queue);
      system(kSourceArn, "DeadLetterQueueSourceArn", text_);
    }
    if (open_) out_.end_map();
  }

  // The digest covers only the attributes that are returned.
  void write_attributes(aws::MessageHeaders& headers) {
    std::vector<aws::MessageAttribute>& attributes = headers.attributes;
    std::erase_if(attributes, [this](const aws::MessageAttribute& a) { return !state_.wants(a.name); });
    if (attributes.empty()) return;
    text_.clear();
    append_hex_md5(text_, aws::attributes_md5(lane_.digests, attributes));
    out_.text("MD5OfMessageAttributes", text_);
    out_.begin_map("MessageAttributes");
    for (const aws::MessageAttribute& attribute : attributes) {
      out_.begin_entry("MessageAttribute", attribute.name);
      if (attribute.binary) {
        text_.clear();
        aws::append_base64(text_, attribute.value);
        out_.text("BinaryValue", text_);
      } else {
        out_.text("StringValue", attribute.value);
      }
      out_.text("DataType", attribute.type);
      out_.end_entry("MessageAttribute");
    }
    out_.end_map();
  }

  Lane& lane_;
  Call& call_;
  const State& state_;
  ReplyWriter& out_;
  const Realm realm_;
  std::string& text_ = lane_.name;
  bool open_ = false;
};

void answer(Call& call, const sw_delivery* const* deliveries, std::size_t n) {
  call.succeed([&](ReplyWriter& out) {
    if (n == 0) return;
    MessageWriter writer(call, out);
    out.begin_list("Messages");
    for (std::size_t i = 0; i < n; ++i) writer.write(*deliveries[i]);
    out.end_list();
  });
}

// Messages came for a client that has gone, or may not have them any more: they become visible again at once.
void give_back(const Call& call, const sw_delivery* const* deliveries, std::size_t n) {
  const aws::Host& host = call.lane.host;
  std::array<sw_token, kMaxMessages> tokens;
  const std::array<std::uint32_t, kMaxMessages> now{};
  n = std::min(n, tokens.size());
  for (std::size_t i = 0; i < n; ++i) tokens[i] = deliveries[i]->token;
  if (n > 0) {
    host.stream->extend(
        host.host, call.ns, call.stream, aws::to_str(kConsumer), tokens.data(), now.data(), n, 0,
        [](void*, sw_status, const sw_status*, std::size_t, const sw_error*) {}, nullptr);
  }
}

Refusal revoked() {
  return {kAccessDenied,
          "The credential of this request was revoked or may not receive any more; it ended while the "
          "request waited for messages."};
}

Refusal over_limit() {
  return {kOverLimit, "Too many messages are in flight: a queue allows " + std::to_string(kMaxLeased) +
                          " that were received and not yet deleted. Delete messages after they are processed."};
}

void on_fetched(void* user, sw_status status, const sw_delivery* const* deliveries, std::size_t n,
                const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    call.stop_waiting();
    const std::size_t got = status == SW_OK ? n : 0;
    if (call.gone()) {
      // Whoever named an attempt can ask for them again.
      if (!call.keeps_messages) give_back(call, deliveries, got);
      return call.drop();
    }
    if (call.revoked) {
      give_back(call, deliveries, got);
      return call.refuse(revoked());
    }
    switch (status) {
      case SW_OK:
        return answer(call, deliveries, n);
      case SW_TIMEOUT:
      case SW_CANCELLED:
      case SW_STOPPING:
        return answer(call, nullptr, 0);  // A poll that found nothing in time, or was ended by a stop.
      case SW_QUOTA:
        return call.refuse(over_limit());
      default:
        return call.refuse(from_status(status, error));
    }
  });
}

// ---- the peek endpoint ----

void on_peeked(void* user, sw_status status, const sw_delivery* const* deliveries, std::size_t n,
               const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (status != SW_OK) return call.refuse(from_status(status, error));
    call.succeed([&](ReplyWriter& out) {
      if (n == 0) return;
      MessageWriter writer(call, out);
      out.begin_list("Messages");
      for (std::size_t i = 0; i < n; ++i) writer.write(*deliveries[i]);
      out.end_list();
      // A full page: the next one begins behind its last message.
      if (n < static_cast<const State*>(call.state)->peeked) return;
      out.text("NextToken", std::to_string(deliveries[n - 1]->token.seq + 1));
    });
  });
}

Refusal read_page(const Fields& fields, std::uint32_t& max, std::uint64_t& from) {
  std::optional<std::int64_t> wanted, token;
  if (Refusal refusal = fields.integer("MaxNumberOfMessages", wanted)) return refusal;
  if (wanted && (*wanted < 1 || *wanted > kMaxMessages)) {
    return invalid_value(*wanted, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.");
  }
  if (Refusal refusal = fields.integer("NextToken", token)) return refusal;
  if (token && *token < 0) return invalid_value(*token, "NextToken", "It was not given by an earlier look.");
  max = static_cast<std::uint32_t>(wanted.value_or(kMaxMessages));
  from = static_cast<std::uint64_t>(token.value_or(0));
  return {};
}

}  // namespace

void peek_messages(Call& call, const Fields& fields) {
  Queue queue;
  std::uint32_t max = 0;
  std::uint64_t from = 0;
  if (!fields.has({"QueueUrl", "QueueUrl"})) return call.refuse(missing_parameter("QueueUrl"));
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_page(fields, max, from)) return call.refuse(refusal);
  auto* state = call.make<State>();
  state->fifo = queue.numbers.fifo;
  state->all_attributes = true;
  // How often and when a message was received is known to its lease alone.
  state->system = kAllSystem & ~static_cast<std::uint32_t>(kReceiveCount | kFirstReceive);
  state->peeked = max;
  call.state = state;
  const aws::Host& host = call.lane.host;
  const sw_status status =
      host.stream->read(host.host, call.ns, call.stream, from, max, aws::to_str(""), on_peeked, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

namespace {

// Nobody receives by a credential that has ended: the wait ends with it.
void limit_wait(Call& call, Input& in) {
  if (in.wait_ms == 0) return;
  call.credential = call.keep(call.sender_id);
  if (call.expires_ms == 0) return;
  const std::int64_t left_ms = call.expires_ms - call.lane.host.clock->wall_ms(call.lane.host.host);
  in.wait_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(left_ms, 0, in.wait_ms));
}

}  // namespace

void receive_message(Call& call, const Fields& fields) {
  Queue queue;
  Input in;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read(fields, queue.numbers, in)) return call.refuse(refusal);
  if (call.lane.draining()) in.wait_ms = 0;
  limit_wait(call, in);
  call.state = keep(call, in, queue.numbers.fifo);
  sw_fetch fetch{};
  fetch.size = sizeof fetch;
  fetch.max = in.max;
  fetch.wait_ms = in.wait_ms;
  fetch.ack_wait_ms = in.lease_ms;
  fetch.attempt_id = aws::to_str(in.attempt);
  call.keeps_messages = !in.attempt.empty();
  sw_fetch_id id = 0;
  const aws::Host& host = call.lane.host;
  const sw_status status =
      host.stream->fetch(host.host, call.ns, call.stream, aws::to_str(kConsumer), &fetch, &id, on_fetched, &call);
  if (status == SW_QUOTA) return call.refuse(over_limit());
  if (status != SW_OK) return call.refuse(from_status(status, nullptr));
  if (in.wait_ms > 0) call.wait_for(id);
}

}  // namespace switchyard::sqs
