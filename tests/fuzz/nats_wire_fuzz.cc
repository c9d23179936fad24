// Feeds bytes to the parser of the NATS protocol, at once and byte by byte.
//
// Checked: the operations, where they end and the refusal are the same either way; what is asked for is neither there
// already nor more than an operation can hold; no answer comes before the bytes that were asked for; the views lie
// within the operation.  Each prefix stands in memory of its own, so that a byte read too far is seen.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/nats/subjects.h"
#include "plugins/nats/wire_parser.h"

using namespace switchyard::nats;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// An operation in words; views that are left over from an earlier one are not in it.
std::string describe(Step step, const Op& op) {
  if (step == Step::error) return "error " + std::to_string(static_cast<int>(op.error));
  std::string out = std::to_string(static_cast<int>(op.kind)) + ' ' + std::to_string(op.size);
  const auto add = [&out](std::string_view text) { out.append(1, '|').append(text); };
  switch (op.kind) {
    case OpKind::pub:
    case OpKind::hpub:
      add(op.subject);
      add(op.reply);
      add(op.payload);
      add(std::to_string(op.header_size));
      break;
    case OpKind::sub:
      add(op.subject);
      add(op.queue);
      add(op.sid);
      break;
    case OpKind::unsub:
      add(op.sid);
      add(std::to_string(op.max_messages));
      break;
    case OpKind::connect:
    case OpKind::info:
      add(op.argument);
      break;
    case OpKind::ping:
    case OpKind::pong:
    case OpKind::ok:
      break;
    case OpKind::none:
      std::abort();
  }
  return out;
}

void check_view(std::string_view in, const Op& op, std::string_view view) {
  check(view.empty() || (view.data() >= in.data() && view.data() + view.size() <= in.data() + op.size));
}

void check_op(std::string_view in, const WireLimits& limits, const Op& op) {
  check(op.size > 0 && op.size <= in.size());
  const auto is_argument = [&](std::string_view text) {
    check_view(in, op, text);
    check(!text.empty() && text.size() <= limits.max_control_line);
    check(text.find_first_of(" \t\r\n") == std::string_view::npos);
  };
  if (op.kind == OpKind::pub || op.kind == OpKind::hpub) {
    is_argument(op.subject);
    if (!op.reply.empty()) is_argument(op.reply);
    check_view(in, op, op.payload);
    check(op.payload.size() <= limits.max_payload && op.header_size <= op.payload.size());
  }
  if (op.kind == OpKind::hpub) check(limits.headers);
  if (op.kind == OpKind::sub) {
    is_argument(op.subject);
    if (!op.queue.empty()) is_argument(op.queue);
    is_argument(op.sid);
    // Total for any text, and true of every pattern.
    if (is_pattern(op.subject)) {
      check(is_subset(op.subject, ">") && is_subset(op.subject, op.subject) && overlap(op.subject, op.subject));
      check(matches(op.subject, op.subject) && (has_wildcard(op.subject) != is_publishable(op.subject)));
    }
  }
  if (op.kind == OpKind::unsub) is_argument(op.sid);
}

// The same operation from prefixes that grow; answers it in words.
std::string grown(std::string_view in, const WireLimits& limits) {
  std::size_t asked = 0;
  for (std::size_t size = 0; size <= in.size(); ++size) {
    const std::unique_ptr<char[]> own(new char[size]);
    if (size != 0) std::memcpy(own.get(), in.data(), size);
    Op op;
    const Step step = next({own.get(), size}, limits, op);
    if (step == Step::need_more) {
      check(op.wanted > size);
      check(op.wanted <= std::size_t{limits.max_control_line} + kVerbRoom + limits.max_payload + 2);
      check(op.wanted >= asked);
      asked = op.wanted;
      continue;
    }
    check(step == Step::error || size >= asked);
    return describe(step, op);
  }
  return "more";
}

}  // namespace

// The first byte chooses the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  WireLimits limits;
  limits.max_control_line = (data[0] & 1) != 0 ? 4096 : 24;
  limits.max_payload = (data[0] & 2) != 0 ? 1U << 20 : 12;
  limits.headers = (data[0] & 4) != 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (int operations = 0; operations < 64; ++operations) {
    Op op;
    const Step step = next(rest, limits, op);
    check(grown(rest, limits) == (step == Step::need_more ? "more" : describe(step, op)));
    if (step != Step::op) break;
    check_op(rest, limits, op);
    rest.remove_prefix(op.size);
  }
  return 0;
}
