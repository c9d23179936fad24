#include "plugins/aws/query_form.h"

#include <algorithm>

#include "plugins/aws/encoding.h"
#include "plugins/aws/text.h"

namespace switchyard::aws {
namespace {

constexpr std::size_t kKeptBytes = 256 * 1024;

// Compares a name with the text prefix + rest without joining the two.
int compare(std::string_view name, std::string_view prefix, std::string_view rest) {
  if (const int order = name.substr(0, prefix.size()).compare(prefix); order != 0) return order;
  return name.substr(prefix.size()).compare(rest);
}

bool starts_with(std::string_view name, std::string_view prefix, std::string_view rest) {
  return name.size() >= prefix.size() + rest.size() && name.starts_with(prefix) &&
         name.substr(prefix.size()).starts_with(rest);
}

std::size_t count_parameters(std::string_view form) {
  return form.empty() ? 0 : static_cast<std::size_t>(std::count(form.begin(), form.end(), '&')) + 1;
}

}  // namespace

bool QueryForm::parse(std::string_view query, std::string_view body) {
  decoded_.clear();
  parameters_.clear();
  if (count_parameters(query) + count_parameters(body) > kMaxParameters) return false;
  // Decoding never makes a text longer, so the views do not move.
  decoded_.reserve(query.size() + body.size());
  add(body);
  add(query);
  std::stable_sort(parameters_.begin(), parameters_.end(),
                   [](const Parameter& a, const Parameter& b) { return a.name < b.name; });
  return true;
}

void QueryForm::add(std::string_view form) {
  const auto decode = [this](std::string_view text) {
    const std::size_t begin = decoded_.size();
    append_percent_decoded(decoded_, text, true);
    return std::string_view(decoded_).substr(begin);
  };
  while (!form.empty()) {
    std::string_view value = take_until(form, '&');
    if (value.empty()) continue;
    const std::string_view name = decode(take_until(value, '='));
    parameters_.push_back({name, decode(value)});
  }
}

std::optional<std::string_view> QueryForm::find(std::string_view prefix, std::string_view name) const {
  const auto at =
      std::lower_bound(parameters_.begin(), parameters_.end(), name,
                       [&](const Parameter& p, std::string_view rest) { return compare(p.name, prefix, rest) < 0; });
  if (at == parameters_.end() || compare(at->name, prefix, name) != 0) return std::nullopt;
  return at->value;
}

std::span<const Parameter> QueryForm::with_prefix(std::string_view prefix, std::string_view name) const {
  const auto begin =
      std::lower_bound(parameters_.begin(), parameters_.end(), name,
                       [&](const Parameter& p, std::string_view rest) { return compare(p.name, prefix, rest) < 0; });
  auto end = begin;
  while (end != parameters_.end() && starts_with(end->name, prefix, name)) ++end;
  return {begin, end};
}

std::string_view QueryForm::structure(std::string_view prefix, std::string_view name) const {
  const std::size_t length = prefix.size() + name.size() + 1;
  for (const Parameter& parameter : with_prefix(prefix, name)) {
    if (parameter.name.size() >= length && parameter.name[length - 1] == '.') return parameter.name.substr(0, length);
  }
  return {};
}

void QueryForm::elements(std::string_view prefix, std::string_view name, std::vector<FormElement>& out) const {
  out.clear();
  const std::size_t length = prefix.size() + name.size();
  for (const Parameter& parameter : with_prefix(prefix, name)) {
    std::int64_t number = 0;
    std::size_t end = length;
    if (parameter.name.size() > length) {
      if (parameter.name[length] != '.') continue;
      std::string_view rest = parameter.name.substr(length + 1);
      const std::string_view text = take_until(rest, '.');
      const auto parsed = parse_integer(text);
      // "List.Name" without a number is a structure: the list of one that old clients write.
      if (parsed) {
        number = *parsed;
        end = length + 1 + text.size();
      }
    }
    out.push_back({number, parameter.name.substr(0, end)});
  }
  std::sort(out.begin(), out.end(), [](const FormElement& a, const FormElement& b) {
    return a.number != b.number ? a.number < b.number : a.prefix < b.prefix;
  });
  const auto same = [](const FormElement& a, const FormElement& b) { return a.prefix == b.prefix; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
}

void QueryForm::release() {
  parameters_.clear();
  if (decoded_.capacity() > kKeptBytes) std::string().swap(decoded_);
}

}  // namespace switchyard::aws
