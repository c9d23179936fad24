#include "plugins/sqs/receipt_handle.h"

#include "plugins/aws/encoding.h"
#include "plugins/aws/text.h"
#include "plugins/sqs/naming.h"

namespace switchyard::sqs {
namespace {

constexpr std::size_t kBytes = SW_SEALED_BYTES + 4;
constexpr std::size_t kTextBytes = kBytes / 3 * 4;
static_assert(kBytes % 3 == 0, "the text has no padding and no spare bits");

}  // namespace

void append_receipt_handle(std::string& out, const aws::Host& host, sw_stream_id queue, const sw_token& token,
                           std::int64_t delivered_s) {
  std::uint8_t bytes[kBytes];
  host.stream->seal(host.host, queue, aws::to_str(kConsumer), token, bytes);
  for (int i = 0; i < 4; ++i) bytes[SW_SEALED_BYTES + i] = static_cast<std::uint8_t>(delivered_s >> (8 * i));
  aws::append_base64url(out, {reinterpret_cast<const char*>(bytes), sizeof bytes});
}

sw_status open_receipt_handle(const aws::Host& host, sw_stream_id queue, std::string_view text, ReceiptHandle& out) {
  std::string bytes;
  if (text.size() != kTextBytes || !aws::decode_base64url(text, bytes)) return SW_INVALID;
  const auto* raw = reinterpret_cast<const std::uint8_t*>(bytes.data());
  out.delivered_s = 0;
  for (int i = 0; i < 4; ++i) out.delivered_s |= static_cast<std::int64_t>(raw[SW_SEALED_BYTES + i]) << (8 * i);
  return host.stream->open(host.host, queue, aws::to_str(kConsumer), raw, &out.token);
}

}  // namespace switchyard::sqs
