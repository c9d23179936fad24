#include "plugins/nats/options_permissions.h"

#include "plugins/nats/go_duration.h"
#include "plugins/nats/subjects.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

// "subject", or "subject queue" where a queue may be named.
bool is_permission_subject(std::string_view text, bool with_queue) {
  if (is_pattern(text)) return true;
  const std::size_t first = text.find_first_of(" \t");
  if (!with_queue || first == std::string_view::npos) return false;
  const std::size_t second = text.find_first_not_of(" \t", first);
  if (second == std::string_view::npos) return false;
  return is_pattern(text.substr(0, first)) && is_pattern(text.substr(second));
}

bool read_subjects(OptionsReader& reader, const ConfMember& field, bool with_queue, std::vector<std::string>& out) {
  std::vector<std::string> subjects;
  if (!reader.texts(field, subjects)) return false;
  for (const std::string& subject : subjects) {
    if (!is_permission_subject(subject, with_queue)) {
      return reader.error(field.value.place, "subject \"" + subject + "\" is not a valid subject");
    }
  }
  out = std::move(subjects);
  return true;
}

// A subject, an array of subjects, or a map with allow and deny.  An empty map or list limits nothing.
bool read_subject_permissions(OptionsReader& reader, const ConfMember& field, bool with_queue,
                              std::optional<SubjectPermissions>& out) {
  SubjectPermissions permissions;
  std::vector<std::string> allow;
  bool ok = true;
  if (field.value.is(Kind::map)) {
    for (const ConfMember& list : field.value.members) {
      const std::string key = lower_case(list.key);
      if (key == "allow") {
        ok = read_subjects(reader, list, with_queue, allow) && ok;
      } else if (key == "deny") {
        ok = read_subjects(reader, list, with_queue, permissions.deny) && ok;
      } else if (!list.used_as_variable) {
        ok = reader.error(list.value.place, "Unknown field name \"" + list.key +
                                                "\" parsing subject permissions, only 'allow' or 'deny' are permitted");
      }
    }
  } else {
    ok = read_subjects(reader, field, with_queue, allow);
  }
  if (!ok) return false;
  if (!allow.empty()) permissions.allow = std::move(allow);
  out.reset();
  if (permissions.allow || !permissions.deny.empty()) out = std::move(permissions);
  return true;
}

bool read_expires(OptionsReader& reader, const ConfMember& field, ResponsePermission& out) {
  std::int64_t ms = 0;
  std::string why;
  if (!field.value.is(Kind::text))
    return reader.error(field.value.place, "error parsing expires, not a duration string");
  if (!parse_go_duration_ms(field.value.text, ms, why)) {
    return reader.error(field.value.place, "error parsing expires: " + why);
  }
  if (ms != 0) out.expires_ms = ms;
  return true;
}

bool read_responses(OptionsReader& reader, const ConfMember& field, std::optional<ResponsePermission>& out) {
  out.reset();
  if (field.value.is(Kind::boolean)) {
    if (field.value.flag) out.emplace();
    return true;
  }
  if (!field.value.is(Kind::map)) {
    return reader.error(field.value.place, "error parsing response permissions, expected a boolean or a map");
  }
  ResponsePermission responses;
  bool ok = true;
  for (const ConfMember& limit : field.value.members) {
    const std::string key = lower_case(limit.key);
    if (key == "max" || key == "max_msgs" || key == "max_messages" || key == "max_responses") {
      std::int64_t count = 0;
      ok = reader.integer(limit, count) && ok;
      if (count != 0) responses.max_messages = count;
    } else if (key == "expires" || key == "expiration" || key == "ttl") {
      ok = read_expires(reader, limit, responses) && ok;
    } else if (!limit.used_as_variable) {
      ok = reader.error(limit.value.place, "Unknown field \"" + limit.key + "\" parsing permissions");
    }
  }
  if (ok) out = responses;
  return ok;
}

}  // namespace

bool read_permissions(OptionsReader& reader, const ConfMember& block, PermissionOptions& out) {
  if (!reader.map(block)) return false;
  bool ok = true;
  for (const ConfMember& field : block.value.members) {
    const std::string key = lower_case(field.key);
    if (key == "pub" || key == "publish" || key == "import") {
      ok = read_subject_permissions(reader, field, false, out.publish) && ok;
    } else if (key == "sub" || key == "subscribe" || key == "export") {
      ok = read_subject_permissions(reader, field, true, out.subscribe) && ok;
    } else if (key == "publish_allow_responses" || key == "allow_responses") {
      ok = read_responses(reader, field, out.responses) && ok;
    } else if (!field.used_as_variable) {
      ok = reader.error(field.value.place, "Unknown field \"" + field.key + "\" parsing permissions");
    }
  }
  // Who may answer requests may publish nothing else unless it says so.
  if (out.responses) {
    if (!out.publish) out.publish.emplace();
    if (!out.publish->allow) out.publish->allow.emplace();
  }
  return ok;
}

}  // namespace switchyard::nats
