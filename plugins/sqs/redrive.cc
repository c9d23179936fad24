#include "plugins/sqs/redrive.h"

#include <boost/json.hpp>

#include "plugins/aws/text.h"
#include "plugins/sqs/queue_change.h"

namespace switchyard::sqs {
namespace {

Refusal refuse(const QueueAttributes& attributes, std::string_view reason) {
  return invalid_value(attributes.redrive_policy, "RedrivePolicy", reason);
}

// One empty record for each name that was ever a target; it goes with the namespace.
std::string record_of(std::string_view stream_name) { return "dead-letter-queue/" + std::string(stream_name); }

// Asked for before the source is stored.  Should a crash keep the one without the other, only the healing of
// redrive_sources.h is lost, until the policy is set again.
Refusal remember(const Call& call, std::string_view stream_name) {
  if (was_dead_letter_queue(call, stream_name)) return {};
  const aws::Host& host = call.lane.host;
  const sw_status status = host.kv->put(
      host.host, call.ns, aws::to_str(record_of(stream_name)), aws::to_bytes(""), SW_KV_ANY,
      [](void*, sw_status, std::uint64_t, const sw_error*) {}, nullptr);
  return status == SW_OK ? Refusal() : from_status(status, nullptr);
}

}  // namespace

bool was_dead_letter_queue(const Call& call, std::string_view stream_name) {
  const aws::Host& host = call.lane.host;
  sw_bytes value;
  std::uint64_t revision = 0;
  return host.kv->get(host.host, call.ns, aws::to_str(record_of(stream_name)), &value, &revision) == SW_OK;
}

bool allows_source(std::string_view allow_policy, std::string_view source) {
  if (allow_policy.empty()) return true;
  boost::system::error_code error;
  const boost::json::value policy = boost::json::parse({allow_policy.data(), allow_policy.size()}, error);
  if (error || !policy.is_object()) return true;
  const boost::json::value* permission = policy.get_object().if_contains("redrivePermission");
  if (permission == nullptr || !permission->is_string() || permission->get_string() == "allowAll") return true;
  if (permission->get_string() == "denyAll") return false;
  const boost::json::value* sources = policy.get_object().if_contains("sourceQueueArns");
  if (sources == nullptr || !sources->is_array()) return false;
  for (const boost::json::value& arn : sources->get_array()) {
    if (arn.is_string() && arn.get_string() == boost::json::string_view(source.data(), source.size())) return true;
  }
  return false;
}

Refusal resolve_redrive(Call& call, const Realm& realm, std::string_view queue, QueueAttributes& attributes) {
  if (attributes.redrive_policy.empty()) return {};
  RedrivePolicy policy;
  if (Refusal refusal = parse_redrive_policy(attributes.redrive_policy, policy)) return refusal;
  const auto target = realm.parse_arn(policy.target_arn);
  if (!target) {
    return refuse(attributes, "Dead letter target does not exist: it must be a queue of the same account and region.");
  }
  const sw_stream_info* info = find_stream(call, realm, *target);
  if (info == nullptr) return refuse(attributes, "Dead letter target does not exist.");
  if (*target == queue) return refuse(attributes, "Dead letter target must be another queue than its source.");
  QueueAttributes dead_letter;
  if (Refusal refusal = read_attributes(*info, dead_letter)) return refusal;
  if (dead_letter.fifo != attributes.fifo) {
    return refuse(attributes, attributes.fifo ? "The dead letter target of a FIFO queue must be a FIFO queue."
                                              : "The dead letter target of a standard queue must be a standard queue.");
  }
  std::string source;
  realm.append_arn(source, queue);
  if (!allows_source(dead_letter.redrive_allow_policy, source)) {
    return refuse(attributes, "The RedriveAllowPolicy of the dead letter target does not allow this source queue.");
  }
  attributes.dead_letter = info->id;
  return remember(call, aws::view(info->name));
}

}  // namespace switchyard::sqs
