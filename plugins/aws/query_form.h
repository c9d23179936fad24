// QueryForm holds the decoded parameters of a Query-protocol request, sorted by name.
//
// Lists and maps are flattened into names such as "Entry.2.Attribute.1.Name"; sorting makes every
// structure a contiguous range, so that looking up never scans the whole request.
//
// Failure: parse() answers false when there are more than kMaxParameters; that is more than the largest
// legal request has.
// Thread: one lane; views hold until the next parse().
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::aws {

struct Parameter {
  std::string_view name, value;
};

// One element of a flattened list: its number and the name of a parameter in it, cut after "List.N".
struct FormElement {
  std::int64_t number;
  std::string_view prefix;  // "Entry.2"; the number of an unnumbered element is 0.
};

class QueryForm {
 public:
  static constexpr std::size_t kMaxParameters = 4096;

  // Both texts are percent-encoded; a name in `body` is preferred to the same one in `query`.
  bool parse(std::string_view query, std::string_view body);

  // The value of prefix + name.
  std::optional<std::string_view> find(std::string_view prefix, std::string_view name) const;

  // A stored name that starts with prefix + name + ".", cut behind that dot; empty when there is none.
  std::string_view structure(std::string_view prefix, std::string_view name) const;

  // The elements of list prefix + name, ordered by number.  Elements are "name.N", "name.N.…", and as some
  // clients write a list of one, "name".
  void elements(std::string_view prefix, std::string_view name, std::vector<FormElement>& out) const;

  // Gives large memory back; call between requests.
  void release();

 private:
  void add(std::string_view form);
  std::span<const Parameter> with_prefix(std::string_view prefix, std::string_view name) const;

  std::string decoded_;
  std::vector<Parameter> parameters_;
};

}  // namespace switchyard::aws
