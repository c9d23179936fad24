#include "plugins/sqs/call.h"

#include "plugins/aws/http_request.h"
#include "plugins/sqs/actions.h"

namespace switchyard::sqs {
namespace {

constexpr std::string_view kJsonType = "application/x-amz-json-1.0";
constexpr std::string_view kXmlType = "text/xml";

void write_json_error(std::string& out, const Refusal& refusal) {
  aws::JsonWriter json(out);
  json.open('{');
  json.key("__type");
  json.text(refusal.kind->type);
  json.key("message");
  json.text(refusal.text);
  json.close('}');
}

void write_xml_error(std::string& out, const Refusal& refusal, std::string_view request_id) {
  const aws::ErrorKind& kind = *refusal.kind;
  out += "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error>";
  aws::XmlWriter xml(out);
  xml.text("Type", kind.status >= 500 ? "Receiver" : "Sender");
  xml.text("Code", kind.code);
  xml.text("Message", kind.query_text.empty() ? std::string_view(refusal.text) : kind.query_text);
  if (kind.detail) out += "<Detail/>";
  out += "</Error>";
  xml.text("RequestId", request_id);
  out += "</ErrorResponse>";
}

}  // namespace

void Call::begin(sw_http_exchange* exchange, const sw_http_request& request) {
  exchange_ = exchange;
  request_ = &request;
  action = nullptr;
  ns = nullptr;
  sender_id = {};
  stream = 0;
  state = nullptr;
  fetch_ = 0;
  tries = 1;
  gone_ = waiting_ = keeps_messages = revoked = false;
  expires_ms = 0;
  credential = {};
  wire = aws::header(request, "x-amz-target").empty() ? Wire::query : Wire::json;
  query_mode_ = wire == Wire::json && aws::equals_ignoring_case(aws::header(request, "x-amzn-query-mode"), "true");
  set_region(kDefaultRegion);
  std::string& id = lane.name;
  id.clear();
  lane.ids.append_uuid(id);
  id.copy(request_id_, sizeof request_id_);
}

void Call::set_region(std::string_view region) {
  region_length_ = static_cast<std::uint8_t>(region.copy(region_, sizeof region_));
}

std::string_view Call::action_name() const { return action == nullptr ? std::string_view() : action->name; }

Realm Call::realm() const {
  Realm realm;
  if (lane.host.auth->describe(lane.host.host, ns, &realm.ns) != SW_OK) {
    // The namespace was deleted while the call was under way; its names stay as they were asked for.
    static constexpr sw_namespace_info kDeleted{};
    realm.ns = &kDeleted;
  }
  const std::string_view bound = aws::view(realm.ns->region);
  realm.region = bound.empty() ? region() : bound;
  realm.style = lane.settings.url_style();
  return realm;
}

void Call::refuse(const Refusal& refusal) {
  if (gone_) return lane.release(*this);
  std::string& out = lane.response;
  out.clear();
  std::uint32_t status = refusal.kind->status;
  if (wire == Wire::query) {
    write_xml_error(out, refusal, request_id());
    return send(status, out, {});
  }
  write_json_error(out, refusal);
  if (!query_mode_ && !refusal.kind->before_service && status < 500) status = 400;
  lane.headers = refusal.kind->code;
  lane.headers += refusal.kind->status >= 500 ? ";Receiver" : ";Sender";
  send(status, out, lane.headers);
}

void Call::succeed() {
  if (gone_) return lane.release(*this);
  std::string& out = lane.response;
  out.clear();
  ReplyWriter(out, wire).empty(action_name(), request_id());
  send(200, out, {});
}

void Call::send(std::uint32_t status, std::string_view body, std::string_view query_error) {
  sw_pair headers[3] = {
      {aws::to_str("x-amzn-RequestId"), aws::to_str(request_id())},
      {aws::to_str("Content-Type"), aws::to_str(wire == Wire::json ? kJsonType : kXmlType)},
      {aws::to_str("x-amzn-query-error"), aws::to_str(query_error)},
  };
  lane.host.http->respond(exchange_, status, headers, query_error.empty() ? 2 : 3, aws::to_bytes(body));
  lane.release(*this);
}

void* Call::allocate(std::size_t n) {
  void* memory = lane.host.http->alloc(exchange_, n == 0 ? 1 : n);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

std::string_view Call::keep(std::string_view text) {
  if (text.empty()) return {};
  char* copy = static_cast<char*>(allocate(text.size()));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void Call::wait_for(sw_fetch_id fetch) {
  fetch_ = fetch;
  waiting_ = true;
  lane.host.http->on_abort(exchange_, &Call::on_abort, this);
}

void Call::stop_waiting() {
  if (waiting_ && !gone_) lane.host.http->on_abort(exchange_, nullptr, nullptr);
  waiting_ = false;
}

void Call::credential_changed(std::string_view id, std::uint32_t permissions) {
  if (!waiting_ || gone_ || credential != id || (permissions & action->permissions) != 0) return;
  revoked = true;
  cancel_waiting();
}

void Call::cancel_waiting() {
  if (waiting_) lane.host.stream->cancel_fetch(lane.host.host, fetch_);
}

void Call::on_abort(void* user) {
  Call& call = *static_cast<Call*>(user);
  call.gone_ = true;
  call.cancel_waiting();
}

}  // namespace switchyard::sqs
