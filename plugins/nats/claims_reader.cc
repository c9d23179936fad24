#include "plugins/nats/claims_reader.h"

namespace switchyard::nats {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

constexpr std::size_t kMaxLocationBytes = 64;

void read_lists(const ClaimsReader& from, std::string_view name, bool with_queue, SubjectForm form, SubjectLists& out) {
  const auto* object = from.object(name);
  if (object == nullptr) return;
  const ClaimsReader lists(*object, from.ok_flag());
  lists.texts("allow", out.allow);
  lists.texts("deny", out.deny);
  if (form == SubjectForm::template_) return;
  for (const auto* list : {&out.allow, &out.deny}) {
    for (const std::string_view entry : *list) {
      const auto space = with_queue ? entry.find(' ') : std::string_view::npos;
      if (!is_claim_subject(entry.substr(0, space))) from.fail();
      if (space != std::string_view::npos && !is_claim_subject(entry.substr(space + 1))) from.fail();
    }
  }
}

void add_cidr(const ClaimsReader& from, std::string_view text, std::vector<Cidr>& out) {
  const auto range = parse_cidr(text);
  if (!range) return from.fail();
  out.push_back(*range);
}

// A list, or one text with commas.
void read_src(const ClaimsReader& from, std::vector<Cidr>& out) {
  const auto* value = from.any("src");
  if (value == nullptr) return;
  if (value->is_string()) {
    std::string_view rest = view(value->get_string());
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      auto part = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      while (part.starts_with(' ')) part.remove_prefix(1);
      while (part.ends_with(' ')) part.remove_suffix(1);
      if (!part.empty()) add_cidr(from, part, out);
    }
    return;
  }
  std::vector<std::string> ranges;
  from.texts("src", ranges);
  for (const auto& range : ranges) add_cidr(from, range, out);
}

void read_times(const ClaimsReader& from, std::vector<TimeRange>& out) {
  const auto* ranges = from.array("times");
  if (ranges == nullptr) return;
  for (const auto& range : *ranges) {
    if (!range.is_object()) return from.fail();
    std::string start, end;
    const ClaimsReader fields(range.get_object(), from.ok_flag());
    fields.text("start", start);
    fields.text("end", end);
    const auto start_s = parse_time_of_day(start), end_s = parse_time_of_day(end);
    if (!start_s || !end_s) return from.fail();
    out.push_back({*start_s, *end_s});
  }
}

}  // namespace

const json::value* ClaimsReader::any(std::string_view name) const {
  const auto* value = object_.if_contains(json::string_view(name.data(), name.size()));
  return value == nullptr || value->is_null() ? nullptr : value;
}

void ClaimsReader::text(std::string_view name, std::string& out) const {
  const auto* value = any(name);
  if (value == nullptr) return;
  if (!value->is_string()) return fail();
  out = view(value->get_string());
}

void ClaimsReader::number(std::string_view name, std::int64_t& out) const {
  const auto* value = any(name);
  if (value == nullptr) return;
  // The parser keeps what fits as int64; a uint64 is beyond it, and a fraction is no count.
  if (!value->is_int64()) return fail();
  out = value->get_int64();
}

void ClaimsReader::flag(std::string_view name, bool& out) const {
  const auto* value = any(name);
  if (value == nullptr) return;
  if (!value->is_bool()) return fail();
  out = value->get_bool();
}

void ClaimsReader::texts(std::string_view name, std::vector<std::string>& out) const {
  const auto* list = array(name);
  if (list == nullptr) return;
  out.reserve(list->size());
  for (const auto& value : *list) {
    if (!value.is_string()) return fail();
    out.emplace_back(view(value.get_string()));
  }
}

const json::object* ClaimsReader::object(std::string_view name) const {
  const auto* value = any(name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) fail();
  return value->if_object();
}

const json::array* ClaimsReader::array(std::string_view name) const {
  const auto* value = any(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) fail();
  return value->if_array();
}

bool is_claim_subject(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  char last = '\0';
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || (c == '.' && last == '.')) return false;
    last = c;
  }
  return true;
}

void read_permissions(const ClaimsReader& from, SubjectForm form, PermissionClaims& out) {
  read_lists(from, "pub", false, form, out.publish);
  read_lists(from, "sub", true, form, out.subscribe);
  const auto* response = from.object("resp");
  if (response == nullptr) return;
  const ClaimsReader fields(*response, from.ok_flag());
  out.response.emplace();
  fields.number("max", out.response->max_messages);
  fields.number("ttl", out.response->ttl_ns);
}

void read_grants(const ClaimsReader& from, SubjectForm form, UserGrants& out) {
  read_permissions(from, form, out.permissions);
  read_src(from, out.src);
  read_times(from, out.times);
  from.text("times_location", out.times_location);
  if (out.times_location.size() > kMaxLocationBytes) from.fail();
  from.number("subs", out.subscriptions);
  from.number("data", out.data);
  from.number("payload", out.payload);
  from.flag("bearer_token", out.bearer_token);
  from.flag("proxy_required", out.proxy_required);
  std::vector<std::string> types;
  from.texts("allowed_connection_types", types);
  for (const auto& type : types) out.connection_types.add(type);
}

void read_revocations(const ClaimsReader& from, Revocations& out) {
  const auto* members = from.object("revocations");
  if (members == nullptr) return;
  for (const auto& member : *members) {
    if (!member.value().is_int64()) return from.fail();
    out.until_s[std::string(member.key())] = member.value().get_int64();
  }
}

void read_share_kind(const ClaimsReader& from, std::string_view name, ShareKind& out) {
  std::string kind;
  from.text(name, kind);
  if (kind == "stream") {
    out = ShareKind::stream;
  } else if (kind == "service") {
    out = ShareKind::service;
  } else {
    from.fail();
  }
}

}  // namespace switchyard::nats
