#include "plugins/sqs/fields.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "plugins/aws/text.h"
#include "plugins/sqs/errors.h"

namespace switchyard::sqs {
namespace {

namespace json = boost::json;

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::object:
      return "START_OBJECT";
    case json::kind::array:
      return "START_ARRAY";
    case json::kind::string:
      return "STRING_VALUE";
    case json::kind::bool_:
      return value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
    case json::kind::double_:
      return "DECIMAL_VALUE";
    default:
      return "NUMBER_VALUE";
  }
}

Refusal wrong_type(std::string_view name, const json::value& value, std::string_view wanted) {
  return {aws::kSerialization, std::string(kind_name(value)) + " can not be converted to " + std::string(wanted) +
                                   " (parameter " + std::string(shortened(name)) + ")"};
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

Refusal read_text(std::string_view name, const json::value& value, std::string_view& out) {
  if (!value.is_string()) return wrong_type(name, value, "a String");
  out = view(value.get_string());
  return {};
}

}  // namespace

const json::value* Fields::member(std::string_view name) const {
  if (object_ == nullptr) return nullptr;
  const json::value* value = object_->if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool Fields::has(ListName name) const {
  if (form_ == nullptr) return member(name.json) != nullptr;
  return form_->find(prefix_, name.query) || !form_->structure(prefix_, name.query).empty();
}

Refusal Fields::text(std::string_view name, std::optional<std::string_view>& out) const {
  if (form_ != nullptr) {
    out = form_->find(prefix_, name);
    return {};
  }
  const json::value* value = member(name);
  if (value == nullptr) return {};
  return read_text(name, *value, out.emplace());
}

Refusal Fields::integer(std::string_view name, std::optional<std::int64_t>& out) const {
  if (form_ != nullptr) {
    const auto text = form_->find(prefix_, name);
    if (!text) return {};
    out = aws::parse_integer(*text);
    if (!out) return invalid_value(*text, name, "Must be an integer.");
    return {};
  }
  const json::value* value = member(name);
  if (value == nullptr) return {};
  if (value->is_int64()) {
    out = value->get_int64();
  } else if (value->is_uint64()) {
    out = INT64_MAX;  // Larger than any bound that follows.
  } else {
    return wrong_type(name, *value, "an Integer");
  }
  return {};
}

Refusal Fields::texts(ListName list, std::vector<std::string_view>& out) const {
  if (form_ != nullptr) {
    std::vector<aws::FormElement> elements;
    form_->elements(prefix_, list.query, elements);
    for (const aws::FormElement& element : elements) {
      if (const auto value = form_->find(element.prefix, "")) out.push_back(*value);
    }
    return {};
  }
  const json::value* value = member(list.json);
  if (value == nullptr) return {};
  if (!value->is_array()) return wrong_type(list.json, *value, "a List");
  for (const json::value& element : value->get_array()) {
    if (Refusal refusal = read_text(list.json, element, out.emplace_back())) return refusal;
  }
  return {};
}

Refusal Fields::structures(ListName list, std::vector<Fields>& out) const {
  if (form_ != nullptr) {
    std::vector<aws::FormElement> elements;
    form_->elements(prefix_, list.query, elements);
    for (const aws::FormElement& element : elements) out.emplace_back(form_, form_->structure(element.prefix, ""));
    return {};
  }
  const json::value* value = member(list.json);
  if (value == nullptr) return {};
  if (!value->is_array()) return wrong_type(list.json, *value, "a List");
  for (const json::value& element : value->get_array()) {
    if (!element.is_object()) return wrong_type(list.json, element, "a Structure");
    out.emplace_back(&element.get_object());
  }
  return {};
}

Refusal Fields::text_map(ListName map, std::vector<TextPair>& out, std::string_view key) const {
  if (form_ != nullptr) {
    std::vector<aws::FormElement> elements;
    form_->elements(prefix_, map.query, elements);
    for (const aws::FormElement& element : elements) {
      const std::string dotted = "." + std::string(key);
      const auto name = form_->find(element.prefix, dotted), value = form_->find(element.prefix, ".Value");
      if (!name) return missing_parameter(std::string(element.prefix) + dotted);
      if (!value) return missing_parameter(std::string(element.prefix) + ".Value");
      out.push_back({*name, *value});
    }
    return {};
  }
  const json::value* value = member(map.json);
  if (value == nullptr) return {};
  if (!value->is_object()) return wrong_type(map.json, *value, "a Map");
  for (const auto& [name, element] : value->get_object()) {
    TextPair& pair = out.emplace_back(TextPair{name, {}});
    if (Refusal refusal = read_text(name, element, pair.value)) return refusal;
  }
  return {};
}

Refusal Fields::structure_map(ListName map, std::vector<NamedFields>& out) const {
  if (form_ != nullptr) {
    std::vector<aws::FormElement> elements;
    form_->elements(prefix_, map.query, elements);
    for (const aws::FormElement& element : elements) {
      const auto name = form_->find(element.prefix, ".Name");
      if (!name) return missing_parameter(std::string(element.prefix) + ".Name");
      const std::string_view prefix = form_->structure(element.prefix, ".Value");
      out.push_back({*name, prefix.empty() ? Fields() : Fields(form_, prefix)});
    }
    return {};
  }
  const json::value* value = member(map.json);
  if (value == nullptr) return {};
  if (!value->is_object()) return wrong_type(map.json, *value, "a Map");
  for (const auto& [name, element] : value->get_object()) {
    if (!element.is_object()) return wrong_type(name, element, "a Structure");
    out.push_back({name, Fields(&element.get_object())});
  }
  return {};
}

}  // namespace switchyard::sqs
