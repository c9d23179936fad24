// Fields is one structure of a request, read the same way from either wire: the request itself, an entry
// of a batch, a message attribute.
//
// It is what lets an action be written once.  JSON has real objects and arrays; the Query wire flattens
// them into numbered names, with other names for lists.
//
// Failure: a value of the wrong JSON type, or text where a number belongs, is a Refusal.
// Thread: one lane; views hold as long as the parsed request.
#pragma once
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "plugins/aws/error.h"
#include "plugins/aws/query_form.h"

namespace switchyard::sqs {

// The name of a list or map on each wire.
struct ListName {
  std::string_view json, query;
};

struct TextPair {
  std::string_view name, value;
};

struct NamedFields;

class Fields {
 public:
  Fields() = default;
  explicit Fields(const boost::json::object* object) : object_(object) {}
  Fields(const aws::QueryForm* form, std::string_view prefix) : form_(form), prefix_(prefix) {}

  aws::Refusal text(std::string_view name, std::optional<std::string_view>& out) const;
  aws::Refusal integer(std::string_view name, std::optional<std::int64_t>& out) const;
  aws::Refusal texts(ListName list, std::vector<std::string_view>& out) const;
  aws::Refusal structures(ListName list, std::vector<Fields>& out) const;
  // `key` is what the Query wire calls the name of a pair.
  aws::Refusal text_map(ListName map, std::vector<TextPair>& out, std::string_view key = "Name") const;
  aws::Refusal structure_map(ListName map, std::vector<NamedFields>& out) const;
  // Is a value of this name there at all?
  bool has(ListName name) const;

 private:
  const boost::json::value* member(std::string_view name) const;

  const boost::json::object* object_ = nullptr;
  const aws::QueryForm* form_ = nullptr;
  std::string_view prefix_;  // Ends in a dot, or is empty.
};

struct NamedFields {
  std::string_view name;
  Fields fields;
};

}  // namespace switchyard::sqs
