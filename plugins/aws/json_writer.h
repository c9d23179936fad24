// JsonWriter appends JSON to a string that its owner reuses.
//
// A comma is due whenever the text does not end in an opening bracket or a colon, so the writer keeps no
// state and costs nothing.
//
// Failure: none; bytes that are not UTF-8 pass through, so callers check texts before they store them.
// Thread: one lane.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/aws/text.h"

namespace switchyard::aws {

void append_json_escaped(std::string& out, std::string_view text);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void open(char bracket) {  // '{' or '[' as a value
    comma();
    out_ += bracket;
  }
  void close(char bracket) { out_ += bracket; }

  void key(std::string_view name) {  // A name of our own: needs no escaping.
    comma();
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  void any_key(std::string_view name) {
    comma();
    quoted(name);
    out_ += ':';
  }

  void text(std::string_view value) {
    comma();
    quoted(value);
  }
  void number(std::int64_t value) {
    comma();
    append_number(out_, value);
  }
  void boolean(bool value) {
    comma();
    out_ += value ? "true" : "false";
  }

  std::string& raw() { return out_; }

 private:
  void comma() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }
  void quoted(std::string_view value) {
    out_ += '"';
    append_json_escaped(out_, value);
    out_ += '"';
  }

  std::string& out_;
};

}  // namespace switchyard::aws
