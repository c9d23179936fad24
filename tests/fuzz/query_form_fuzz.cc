// Feeds bytes to the parser of form-encoded requests and checks what its lookups promise: every parameter is
// found, elements come in order and once, a structure's prefix is part of a name that is there.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/aws/encoding.h"
#include "plugins/aws/query_form.h"
#include "plugins/aws/text.h"

namespace switchyard::aws {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_list(const QueryForm& form, std::string_view prefix, std::string_view name, int depth) {
  std::vector<FormElement> elements;
  form.elements(prefix, name, elements);
  const std::string begin = std::string(prefix) + std::string(name);
  const FormElement* before = nullptr;
  for (const FormElement& element : elements) {
    check(element.prefix.starts_with(begin));
    if (before != nullptr) check(before->number < element.number || before->prefix != element.prefix);
    if (before != nullptr) check(before->number <= element.number);
    const std::string_view inside = form.structure(element.prefix, "");
    if (inside.empty()) {
      check(form.find(element.prefix, "").has_value());
    } else {
      check(inside.starts_with(element.prefix) && inside.back() == '.');
      if (depth > 0) check_list(form, inside, name, depth - 1);
    }
    before = &element;
  }
}

void check_form(std::string_view query, std::string_view body) {
  static QueryForm form;
  if (!form.parse(query, body)) return;
  for (std::string_view part : {query, body}) {
    while (!part.empty()) {
      std::string_view value = take_until(part, '&');
      if (value.empty()) continue;
      std::string name, decoded;
      append_percent_decoded(name, take_until(value, '='), true);
      append_percent_decoded(decoded, value, true);
      check(decoded.size() <= value.size());
      check(form.find("", name).has_value());
      check(form.find(name, "").has_value());
      const std::size_t middle = name.size() / 2;
      check(form.find(std::string_view(name).substr(0, middle), std::string_view(name).substr(middle)).has_value());
    }
  }
  for (const std::string_view name : {"E", "Attribute", "SendMessageBatchRequestEntry"}) check_list(form, "", name, 2);
  form.release();
}

}  // namespace
}  // namespace switchyard::aws

// The first line is the query of the URL, the rest the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view body(reinterpret_cast<const char*>(data), size);
  const std::string_view query = switchyard::aws::take_until(body, '\n');
  switchyard::aws::check_form(query, body);
  return 0;
}
