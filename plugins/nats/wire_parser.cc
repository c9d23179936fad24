#include "plugins/nats/wire_parser.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace switchyard::nats {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr std::uint32_t word_of(std::array<char, 4> bytes) { return std::bit_cast<std::uint32_t>(bytes); }

// Only the bits that tell 'P' from 'p' are ignored: the blank stays exact.
constexpr std::uint32_t kLowerThree = word_of({0x20, 0x20, 0x20, 0});
constexpr std::uint32_t kPubBlank = word_of({'p', 'u', 'b', ' '});

Step fail(Op& op, ErrorKind kind) {
  op.error = kind;
  return Step::error;
}

Step need(Op& op, std::size_t wanted) {
  op.wanted = wanted;
  return Step::need_more;
}

// One operation's line without verb, leading blanks and line end.
struct Line {
  const char* begin;
  const char* end;
  std::size_t size;  // From the front of the input to behind the LF.
};

// REQUIRES: `verb` bytes of `in` were judged.  Whether a line is too long is decided by where its LF is, or that there
// is none in the bytes that may hold it, so that the answer is the same for a line in pieces.
inline Step find_line(std::string_view in, std::size_t verb, const WireLimits& limits, Line& line, Op& op) {
  const std::size_t bound = std::size_t{limits.max_control_line} + kVerbRoom;
  const std::size_t there = std::min(in.size(), bound);
  const char* const from = in.data() + verb;
  const char* const lf = there > verb ? static_cast<const char*>(std::memchr(from, '\n', there - verb)) : nullptr;
  if (lf == nullptr) [[unlikely]] {
    return in.size() >= bound ? fail(op, ErrorKind::max_control_line) : need(op, in.size() + 1);
  }
  const char* begin = from;
  while (begin < lf && is_blank(*begin)) ++begin;
  const char* end = lf;
  if (end > begin && end[-1] == '\r') --end;
  if (static_cast<std::size_t>(end - begin) > limits.max_control_line) [[unlikely]] {
    return fail(op, ErrorKind::max_control_line);
  }
  line = {begin, end, static_cast<std::size_t>(lf + 1 - in.data())};
  return Step::op;
}

// A CR inside a line would reach other clients inside a subject and there look like the end of a line.
constexpr std::size_t kUnfit = 100;

// The arguments of a line; more than N count as N + 1, and a CR among them makes kUnfit.
template <std::size_t N>
inline std::size_t split(const Line& line, std::array<std::string_view, N>& arguments) {
  const char* at = line.begin;
  std::size_t count = 0;
  while (true) {
    while (at < line.end && is_blank(*at)) ++at;
    if (at == line.end) return count;
    if (count == N) return N + 1;
    const char* const begin = at;
    while (at < line.end) {
      if (static_cast<unsigned char>(*at) <= ' ') {
        if (is_blank(*at)) break;
        if (*at == '\r') return kUnfit;
      }
      ++at;
    }
    arguments[count++] = {begin, static_cast<std::size_t>(at - begin)};
  }
}

// Nine digits at most, so that no sum of sizes overflows.
inline bool parse_size(std::string_view text, std::uint32_t& size) {
  if (text.empty() || text.size() > 9) return false;
  std::uint32_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  size = value;
  return true;
}

inline Step take_payload(std::string_view in, std::size_t head, std::uint32_t size, Op& op) {
  const std::size_t total = head + size + 2;
  if (in.size() < total) {
    // Judged early: a client whose size is wrong may wait for its error before it sends more.
    if (in.size() == total - 1 && in[total - 2] != '\r') return fail(op, ErrorKind::unknown_operation);
    return need(op, total);
  }
  const char* const payload = in.data() + head;
  if (payload[size] != '\r' || payload[size + 1] != '\n') [[unlikely]] {
    return fail(op, ErrorKind::unknown_operation);
  }
  op.payload = {payload, size};
  op.size = total;
  return Step::op;
}

inline Step read_pub(std::string_view in, std::size_t verb, const WireLimits& limits, Op& op) {
  Line line;
  if (const Step step = find_line(in, verb, limits, line, op); step != Step::op) return step;
  std::array<std::string_view, 3> arguments;
  const std::size_t count = split(line, arguments);
  if (count != 2 && count != 3) [[unlikely]] {
    return fail(op, ErrorKind::bad_arguments);
  }
  std::uint32_t size = 0;
  if (!parse_size(arguments[count - 1], size)) [[unlikely]] {
    return fail(op, ErrorKind::bad_arguments);
  }
  if (size > limits.max_payload) [[unlikely]] {
    return fail(op, ErrorKind::max_payload);
  }
  op.kind = OpKind::pub;
  op.subject = arguments[0];
  op.reply = count == 3 ? arguments[1] : std::string_view();
  op.header_size = 0;
  return take_payload(in, line.size, size, op);
}

#ifdef __SSE2__
constexpr std::size_t kBlock = 64;

// A bit for each byte of a block that may end an argument.
inline std::uint64_t ends_in_block(const char* block) {
  const __m128i blank = _mm_set1_epi8(' ');
  std::uint64_t ends = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + i);
    const int low = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, blank), bytes));
    ends |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(low)) << (16 * i);
  }
  return ends;
}

// The line that well-behaved clients send, in half the time of read_pub: `PUB subject [reply] size` with single blanks
// and within one block.  False when it is anything else, which read_pub then judges.
// REQUIRES: `in` starts with the verb and a blank and holds a block and a byte more.
inline bool read_plain_pub(std::string_view in, const WireLimits& limits, Op& op, Step& step) {
  constexpr std::size_t kVerb = 4;
  if (limits.max_control_line < kBlock) return false;
  const char* const line = in.data() + kVerb;
  std::uint64_t ends = ends_in_block(line);
  const auto take_end = [&ends] {
    const int at = std::countr_zero(ends);  // 64 when no end is left.
    ends &= ends - 1;
    return static_cast<std::size_t>(at);
  };
  const std::size_t first = take_end();
  std::size_t end = take_end();
  if (first == 0 || end >= kBlock || !is_blank(line[first])) return false;
  std::size_t size_begin = first + 1;
  std::string_view reply;
  if (is_blank(line[end])) {
    reply = {line + size_begin, end - size_begin};
    size_begin = end + 1;
    end = take_end();
    if (end >= kBlock) return false;
  }
  const std::size_t lf = line[end] == '\r' ? end + 1 : end;
  std::uint32_t size = 0;
  if (line[lf] != '\n' || !parse_size({line + size_begin, end - size_begin}, size) || size > limits.max_payload) {
    return false;
  }
  op.kind = OpKind::pub;
  op.subject = {line, first};
  op.reply = reply;
  op.header_size = 0;
  step = take_payload(in, kVerb + lf + 1, size, op);
  return true;
}
#endif

Step read_hpub(std::string_view in, std::size_t verb, const WireLimits& limits, Op& op) {
  Line line;
  if (const Step step = find_line(in, verb, limits, line, op); step != Step::op) return step;
  if (!limits.headers) return fail(op, ErrorKind::headers_not_supported);
  std::array<std::string_view, 4> arguments;
  const std::size_t count = split(line, arguments);
  if (count != 3 && count != 4) return fail(op, ErrorKind::bad_arguments);
  std::uint32_t header = 0;
  std::uint32_t size = 0;
  if (!parse_size(arguments[count - 2], header) || !parse_size(arguments[count - 1], size) || header > size) {
    return fail(op, ErrorKind::bad_arguments);
  }
  if (size > limits.max_payload) return fail(op, ErrorKind::max_payload);
  op.kind = OpKind::hpub;
  op.subject = arguments[0];
  op.reply = count == 4 ? arguments[1] : std::string_view();
  op.header_size = header;
  return take_payload(in, line.size, size, op);
}

Step read_sub(std::string_view in, std::size_t verb, const WireLimits& limits, Op& op) {
  Line line;
  if (const Step step = find_line(in, verb, limits, line, op); step != Step::op) return step;
  std::array<std::string_view, 3> arguments;
  const std::size_t count = split(line, arguments);
  if (count != 2 && count != 3) return fail(op, ErrorKind::bad_arguments);
  op.kind = OpKind::sub;
  op.subject = arguments[0];
  op.queue = count == 3 ? arguments[1] : std::string_view();
  op.sid = arguments[count - 1];
  op.size = line.size;
  return Step::op;
}

Step read_unsub(std::string_view in, std::size_t verb, const WireLimits& limits, Op& op) {
  Line line;
  if (const Step step = find_line(in, verb, limits, line, op); step != Step::op) return step;
  std::array<std::string_view, 2> arguments;
  const std::size_t count = split(line, arguments);
  if (count != 1 && count != 2) return fail(op, ErrorKind::bad_arguments);
  op.kind = OpKind::unsub;
  op.sid = arguments[0];
  // What is no number ends the subscription at once, as it does at nats-server.
  if (count == 1 || !parse_size(arguments[1], op.max_messages)) op.max_messages = 0;
  op.size = line.size;
  return Step::op;
}

// PING, PONG and +OK end with their line, whatever else it holds.
Step read_bare(std::string_view in, std::size_t verb, const WireLimits& limits, OpKind kind, Op& op) {
  Line line;
  if (const Step step = find_line(in, verb, limits, line, op); step != Step::op) return step;
  op.kind = kind;
  op.size = line.size;
  return Step::op;
}

Step read_text(std::string_view in, std::size_t verb, const WireLimits& limits, OpKind kind, Op& op) {
  Line line;
  if (const Step step = find_line(in, verb, limits, line, op); step != Step::op) return step;
  op.kind = kind;
  op.argument = {line.begin, static_cast<std::size_t>(line.end - line.begin)};
  op.size = line.size;
  return Step::op;
}

Step read_client_error(std::string_view in, std::size_t verb, const WireLimits& limits, Op& op) {
  if (const Step step = read_text(in, verb, limits, OpKind::none, op); step != Step::op) return step;
  return fail(op, ErrorKind::client_error);
}

// Step::op when `in` starts with `verb` and, where one is due, a blank.  A wrong byte is refused when it comes: what
// is not NATS need not contain a line end.
Step judge_verb(std::string_view in, std::string_view verb, bool blank, Op& op) {
  const std::size_t there = std::min(in.size(), verb.size());
  for (std::size_t i = 0; i < there; ++i) {
    if (lower(in[i]) != verb[i]) return fail(op, ErrorKind::unknown_operation);
  }
  if (in.size() < verb.size() + (blank ? 1 : 0)) return need(op, in.size() + 1);
  if (blank && !is_blank(in[verb.size()])) return fail(op, ErrorKind::unknown_operation);
  return Step::op;
}

struct Verb {
  std::string_view name;
  bool blank;  // Whether a blank must follow.
};

constexpr Verb kPub{"pub", true};
constexpr Verb kHpub{"hpub", true};
constexpr Verb kSub{"sub", true};
constexpr Verb kUnsub{"unsub", true};
constexpr Verb kErr{"-err", true};
constexpr Verb kConnect{"connect", false};
constexpr Verb kInfo{"info", false};
constexpr Verb kPing{"ping", false};
constexpr Verb kPong{"pong", false};
constexpr Verb kOk{"+ok", false};

const Verb* guess(std::string_view in) {
  switch (lower(in[0])) {
    case 'p':
      if (in.size() == 1) return nullptr;
      switch (lower(in[1])) {
        case 'i':
          return &kPing;
        case 'o':
          return &kPong;
        default:
          return &kPub;
      }
    case 'h':
      return &kHpub;
    case 's':
      return &kSub;
    case 'u':
      return &kUnsub;
    case 'c':
      return &kConnect;
    case 'i':
      return &kInfo;
    case '+':
      return &kOk;
    default:
      return &kErr;  // Which refuses every first byte but its own.
  }
}

Step next_by_verb(std::string_view in, const WireLimits& limits, Op& op) {
  if (in.empty()) return need(op, 1);
  const Verb* const verb = guess(in);
  if (verb == nullptr) return need(op, 2);
  if (const Step step = judge_verb(in, verb->name, verb->blank, op); step != Step::op) return step;
  const std::size_t size = verb->name.size();
  if (verb == &kPub) return read_pub(in, size, limits, op);
  if (verb == &kHpub) return read_hpub(in, size, limits, op);
  if (verb == &kSub) return read_sub(in, size, limits, op);
  if (verb == &kUnsub) return read_unsub(in, size, limits, op);
  if (verb == &kPing) return read_bare(in, size, limits, OpKind::ping, op);
  if (verb == &kPong) return read_bare(in, size, limits, OpKind::pong, op);
  if (verb == &kOk) return read_bare(in, size, limits, OpKind::ok, op);
  if (verb == &kConnect) return read_text(in, size, limits, OpKind::connect, op);
  if (verb == &kInfo) return read_text(in, size, limits, OpKind::info, op);
  return read_client_error(in, size, limits, op);
}

}  // namespace

Step next(std::string_view in, const WireLimits& limits, Op& op) {
  if (in.size() >= 4) [[likely]] {
    std::uint32_t word;
    std::memcpy(&word, in.data(), 4);
    if ((word | kLowerThree) == kPubBlank) {
#ifdef __SSE2__
      Step step;
      if (in.size() > 4 + kBlock && read_plain_pub(in, limits, op, step)) return step;
#endif
      return read_pub(in, 4, limits, op);
    }
  }
  return next_by_verb(in, limits, op);
}

}  // namespace switchyard::nats
