// Sorting and cutting of lists: order_by, page, page_size.
//
// Thread: pure functions.
#pragma once
#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/aws/json_writer.h"
#include "plugins/control/call.h"

namespace switchyard::control {

inline constexpr std::uint32_t kPageSize = 20, kMaxPageSize = 100;

// Answers less-than of a field, or nothing for a field that T does not sort by.
template <class T>
int compare(const T& a, const T& b, std::string_view field) {
  if (field == "created_at") return a.created_ns < b.created_ns ? -1 : a.created_ns > b.created_ns;
  if (field == "updated_at") return a.updated_ns < b.updated_ns ? -1 : a.updated_ns > b.updated_ns;
  if (field == "name") return a.name.compare(b.name);
  if (field == "project_id") return a.project_id.compare(b.project_id);
  return a.id.compare(b.id);
}

// Sorts `items` and answers {"<key>":[page],"total_count":n}; write(out, item) adds one with a
// JsonWriter, which knows where a comma is due.  `fields`: what
// order_by may name, the default first.
template <class T, class Write>
void reply_page(Call& call, std::vector<T> items, std::string_view key, std::span<const std::string_view> fields,
                Write&& write) {
  auto& arguments = call.arguments;
  const auto page = arguments.page_number("page", 1, 1u << 30);
  const auto page_size = arguments.page_number("page_size", kPageSize, kMaxPageSize);
  std::string_view field = fields.front();
  bool descending = false;
  const auto order = arguments.parameter("order_by");
  if (order && !order->empty()) {
    std::string_view wanted = *order;
    descending = wanted.ends_with("_desc");
    const bool suffix = descending || wanted.ends_with("_asc");
    wanted = wanted.substr(0, wanted.rfind('_'));
    const auto found = std::find(fields.begin(), fields.end(), wanted);
    if (!suffix || found == fields.end()) {
      arguments.complain("order_by", "constraint", "value must be one of the orders of this list");
    } else {
      field = *found;
    }
  }
  if (arguments.bad()) return call.refuse_arguments();
  // Ids decide between equals, so that pages do not overlap.
  std::sort(items.begin(), items.end(), [&](const T& a, const T& b) {
    const int order_of = compare(a, b, field);
    if (order_of != 0) return descending ? order_of > 0 : order_of < 0;
    return a.id < b.id;
  });
  const std::size_t from = std::min<std::size_t>(items.size(), std::size_t{page - 1} * page_size);
  const std::size_t upto = std::min(items.size(), from + page_size);
  std::string list = "[";
  for (std::size_t i = from; i < upto; ++i) {
    write(list, items[i]);
  }
  list += ']';
  const auto total = "\"total_count\":" + std::to_string(items.size());
  // "total_count" has its place in the alphabet, too.
  const auto named = '"' + std::string(key) + "\":" + list;
  call.reply(200, key < "total_count" ? '{' + named + ',' + total + '}' : '{' + total + ',' + named + '}');
}

}  // namespace switchyard::control
