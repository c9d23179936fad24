// XmlWriter appends XML to a string that its owner reuses.
//
// Escapes as AWS does: a quote as &quot; and a carriage return as &#xD;, because a parser would turn the
// bare one into a line feed and the digest of the body would no longer match.
//
// Failure: none; element names are our own.
// Thread: one lane.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/aws/text.h"

namespace switchyard::aws {

void append_xml_escaped(std::string& out, std::string_view text);

class XmlWriter {
 public:
  explicit XmlWriter(std::string& out) : out_(out) {}

  void open(std::string_view name) {
    out_ += '<';
    out_ += name;
    out_ += '>';
  }
  void close(std::string_view name) {
    out_ += "</";
    out_ += name;
    out_ += '>';
  }
  void text(std::string_view name, std::string_view value) {
    open(name);
    append_xml_escaped(out_, value);
    close(name);
  }
  void number(std::string_view name, std::int64_t value) {
    open(name);
    append_number(out_, value);
    close(name);
  }

  std::string& raw() { return out_; }

 private:
  std::string& out_;
};

}  // namespace switchyard::aws
