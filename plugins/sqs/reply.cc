#include "plugins/sqs/reply.h"

namespace switchyard::sqs {

void ReplyWriter::begin_response(std::string_view action) {
  std::string& out = xml_.raw();
  out += "<?xml version=\"1.0\"?><";
  out += action;
  out += "Response xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">";
}

void ReplyWriter::begin(std::string_view action) {
  if (is_json_) return json_.open('{');
  begin_response(action);
  std::string& out = xml_.raw();
  out += '<';
  out += action;
  out += "Result>";
}

void ReplyWriter::end(std::string_view action, std::string_view request_id) {
  if (is_json_) return json_.close('}');
  std::string& out = xml_.raw();
  out += "</";
  out += action;
  out += "Result>";
  metadata(action, request_id);
}

void ReplyWriter::empty(std::string_view action, std::string_view request_id) {
  if (is_json_) return;
  begin_response(action);
  metadata(action, request_id);
}

void ReplyWriter::metadata(std::string_view action, std::string_view request_id) {
  xml_.open("ResponseMetadata");
  xml_.text("RequestId", request_id);
  xml_.close("ResponseMetadata");
  std::string& out = xml_.raw();
  out += "</";
  out += action;
  out += "Response>";
}

void ReplyWriter::text(std::string_view name, std::string_view value) {
  if (!is_json_) return xml_.text(name, value);
  json_.key(name);
  json_.text(value);
}

void ReplyWriter::number(std::string_view name, std::int64_t value) {
  if (!is_json_) return xml_.text(name, std::to_string(value));
  json_.key(name);
  json_.number(value);
}

void ReplyWriter::boolean(std::string_view name, bool value) {
  if (!is_json_) return xml_.text(name, value ? "true" : "false");
  json_.key(name);
  json_.boolean(value);
}

void ReplyWriter::begin_list(std::string_view json_name) {
  if (!is_json_) return;
  json_.key(json_name);
  json_.open('[');
}

void ReplyWriter::end_list() {
  if (is_json_) json_.close(']');
}

void ReplyWriter::begin_item(std::string_view xml_name) { is_json_ ? json_.open('{') : xml_.open(xml_name); }
void ReplyWriter::end_item(std::string_view xml_name) { is_json_ ? json_.close('}') : xml_.close(xml_name); }

void ReplyWriter::text_item(std::string_view xml_name, std::string_view value) {
  is_json_ ? json_.text(value) : xml_.text(xml_name, value);
}

void ReplyWriter::begin_map(std::string_view json_name) {
  if (!is_json_) return;
  json_.key(json_name);
  json_.open('{');
}

void ReplyWriter::end_map() {
  if (is_json_) json_.close('}');
}

void ReplyWriter::entry(std::string_view xml_name, std::string_view key, std::string_view value,
                        std::string_view xml_key) {
  if (is_json_) {
    json_.any_key(key);
    return json_.text(value);
  }
  xml_.open(xml_name);
  xml_.text(xml_key, key);
  xml_.text("Value", value);
  xml_.close(xml_name);
}

void ReplyWriter::begin_entry(std::string_view xml_name, std::string_view key) {
  if (is_json_) {
    json_.any_key(key);
    return json_.open('{');
  }
  xml_.open(xml_name);
  xml_.text("Name", key);
  xml_.open("Value");
}

void ReplyWriter::end_entry(std::string_view xml_name) {
  if (is_json_) return json_.close('}');
  xml_.close("Value");
  xml_.close(xml_name);
}

}  // namespace switchyard::sqs
