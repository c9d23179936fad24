#include "plugins/nats/options_mappings.h"

#include <charconv>
#include <map>
#include <set>

#include "plugins/nats/subjects.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

bool read_weight(OptionsReader& reader, const ConfMember& field, int& out) {
  std::int64_t weight = -1;
  if (field.value.is(Kind::integer)) {
    weight = field.value.integer;
  } else if (field.value.is(Kind::text)) {
    std::string_view text = field.value.text;
    if (!text.empty() && text.back() == '%') text.remove_suffix(1);
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), weight);
    if (code != std::errc() || end != text.data() + text.size()) weight = -1;
  }
  if (weight < 0 || weight > 100) {
    return reader.error(field.value.place, "expected the weight of a mapping to be 0 to 100 percent");
  }
  out = static_cast<int>(weight);
  return true;
}

bool read_destination(OptionsReader& reader, const ConfValue& entry, MappingDestination& out) {
  if (!entry.is(Kind::map)) return reader.error(entry.place, "Expected an entry for the mapping destination");
  bool weighted = false;
  for (const ConfMember& field : entry.members) {
    const std::string key = lower_case(field.key);
    if (key == "dest" || key == "destination") {
      if (!reader.text(field, out.subject)) return false;
    } else if (key == "weight") {
      if (!read_weight(reader, field, out.weight)) return false;
      weighted = true;
    } else if (key == "cluster") {
      if (!reader.text(field, out.cluster)) return false;
    } else {
      return reader.error(field.value.place, "Unknown field \"" + field.key + "\" for mapping destination");
    }
  }
  return weighted || reader.error(entry.place, "Missing weight for mapping destination \"" + out.subject + "\"");
}

// Destinations of one cluster share 100 percent; the rest of it is the source itself.
bool check_destinations(OptionsReader& reader, const MappingOptions& mapping) {
  std::map<std::string, int> total;
  std::set<std::string> seen;
  for (const MappingDestination& to : mapping.destinations) {
    const std::string what = "Error adding mapping for \"" + mapping.source + "\" to \"" + to.subject + "\"";
    // Functions may hold blanks between their braces, so only subjects without any are judged here.
    if (to.subject.empty() || (to.subject.find("{{") == std::string::npos && !is_pattern(to.subject))) {
      return reader.error(mapping.place, what + " : invalid subject");
    }
    if (!seen.insert(to.subject).second) {
      return reader.error(mapping.place, what + " : duplicate entry for \"" + to.subject + "\"");
    }
    if ((total[to.cluster] += to.weight) > 100) {
      return reader.error(mapping.place, what + " : total weight needs to be <= 100");
    }
  }
  return true;
}

bool read_mapping(OptionsReader& reader, const ConfMember& field, MappingOptions& out) {
  out.source = field.key;
  out.place = field.value.place;
  if (!is_pattern(field.key)) {
    return reader.error(field.value.place, "Subject \"" + field.key + "\" is not a valid subject");
  }
  if (field.value.is(Kind::text)) {
    out.destinations.push_back({field.value.text, {}, 100});
  } else if (field.value.is(Kind::array)) {
    for (const ConfValue& entry : field.value.items) {
      out.destinations.emplace_back();
      if (!read_destination(reader, entry, out.destinations.back())) return false;
    }
  } else {
    out.destinations.emplace_back();
    if (!read_destination(reader, field.value, out.destinations.back())) return false;
  }
  return check_destinations(reader, out);
}

}  // namespace

bool read_mappings(OptionsReader& reader, const ConfMember& block, std::vector<MappingOptions>& out) {
  if (!reader.map(block)) return false;
  bool ok = true;
  for (const ConfMember& field : block.value.members) {
    if (field.used_as_variable && !is_pattern(field.key)) continue;
    MappingOptions mapping;
    if (read_mapping(reader, field, mapping)) {
      out.push_back(std::move(mapping));
    } else {
      ok = false;
    }
  }
  return ok;
}

}  // namespace switchyard::nats
