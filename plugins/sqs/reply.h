// ReplyWriter writes a typed result once for both wires: AWS JSON 1.0 and Query XML.
//
// Lists and maps are named differently: JSON names the list, XML repeats its element; a map is an object
// in JSON and a sequence of Name/Value elements in XML.
//
// Failure: none.
// Thread: one lane; appends to a string that the lane reuses.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/aws/json_writer.h"
#include "plugins/aws/xml_writer.h"

namespace switchyard::sqs {

enum class Wire : std::uint8_t { query, json };

class ReplyWriter {
 public:
  ReplyWriter(std::string& out, Wire wire) : json_(out), xml_(out), is_json_(wire == Wire::json) {}

  void begin(std::string_view action);  // An answer with a result.
  void end(std::string_view action, std::string_view request_id);
  void empty(std::string_view action, std::string_view request_id);  // One without.

  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::int64_t value);
  void boolean(std::string_view name, bool value);

  void begin_list(std::string_view json_name);
  void end_list();
  void begin_item(std::string_view xml_name);
  void end_item(std::string_view xml_name);
  void text_item(std::string_view xml_name, std::string_view value);

  void begin_map(std::string_view json_name);
  void end_map();
  // `xml_key` is what the Query wire calls the name of an entry.
  void entry(std::string_view xml_name, std::string_view key, std::string_view value,
             std::string_view xml_key = "Name");
  void begin_entry(std::string_view xml_name, std::string_view key);  // Its value is a structure.
  void end_entry(std::string_view xml_name);

 private:
  void metadata(std::string_view action, std::string_view request_id);
  void begin_response(std::string_view action);

  aws::JsonWriter json_;
  aws::XmlWriter xml_;
  bool is_json_;
};

}  // namespace switchyard::sqs
