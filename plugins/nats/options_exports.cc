#include "plugins/nats/options_exports.h"

#include <charconv>
#include <limits>
#include <set>
#include <utility>

#include "plugins/nats/go_duration.h"
#include "plugins/nats/subjects.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

constexpr int kAllSamples = 100;

// A field that says what kind of entry this is, or is only allowed for one kind.
struct Kinds {
  bool stream = false, service = false;
  const ConfMember* services_only = nullptr;
  const ConfMember* streams_only = nullptr;
};

bool check_kinds(OptionsReader& reader, const ConfPlace& place, const Kinds& kinds) {
  if (kinds.stream == kinds.service) {
    return reader.error(place, kinds.stream ? "expected a stream or a service, got both"
                                            : "expected a field \"stream\" or \"service\"");
  }
  if (kinds.stream && kinds.services_only != nullptr) {
    return reader.error(kinds.services_only->value.place,
                        "Detected " + kinds.services_only->key + " directive on non-service");
  }
  if (kinds.service && kinds.streams_only != nullptr) {
    return reader.error(kinds.streams_only->value.place,
                        "Detected " + kinds.streams_only->key + " directive on a non-stream");
  }
  return true;
}

bool read_subject(OptionsReader& reader, const ConfMember& field, std::string& out) {
  if (!reader.text(field, out)) return false;
  return is_pattern(out) || reader.error(field.value.place, "subject \"" + out + "\" is not a valid subject");
}

bool read_response_type(OptionsReader& reader, const ConfMember& field, ExportOptions& out) {
  std::string text;
  if (!reader.text(field, text)) return false;
  const std::string word = lower_case(text);
  if (word == "single" || word == "singleton") {
    out.response = ExportOptions::Response::singleton;
  } else if (word == "stream") {
    out.response = ExportOptions::Response::stream;
  } else if (word == "chunk" || word == "chunked") {
    out.response = ExportOptions::Response::chunked;
  } else {
    return reader.error(field.value.place, "Unknown response type: \"" + text + "\"");
  }
  return true;
}

bool read_sampling(OptionsReader& reader, const ConfMember& field, int& out) {
  std::int64_t percent = 0;
  if (field.value.is(Kind::integer)) {
    percent = field.value.integer;
  } else if (field.value.is(Kind::text)) {
    if (lower_case(field.value.text) == "headers") {
      out = 0;
      return true;
    }
    std::string_view text = field.value.text;
    if (!text.empty() && text.back() == '%') text.remove_suffix(1);
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), percent);
    if (code != std::errc() || end != text.data() + text.size()) percent = 0;
  }
  if (percent < 1 || percent > kAllSamples) {
    return reader.error(field.value.place, "expected the sampling of a latency to be 1 to 100 percent, or headers");
  }
  out = static_cast<int>(percent);
  return true;
}

bool read_latency(OptionsReader& reader, const ConfMember& field, ExportOptions& out) {
  out.latency_sampling = kAllSamples;
  if (field.value.is(Kind::text)) return read_subject(reader, field, out.latency_subject);
  if (!reader.map(field)) return false;
  for (const ConfMember& part : field.value.members) {
    if (part.key == "sampling" && !read_sampling(reader, part, out.latency_sampling)) return false;
    if (part.key == "subject" && !read_subject(reader, part, out.latency_subject)) return false;
  }
  return !out.latency_subject.empty() || reader.error(field.value.place, "Latency subject required, but missing");
}

bool read_export_field(OptionsReader& reader, const ConfMember& field, ExportOptions& out, Kinds& kinds) {
  const std::string key = lower_case(field.key);
  if (key == "stream" || key == "service") {
    (key == "stream" ? kinds.stream : kinds.service) = true;
    return read_subject(reader, field, out.subject);
  }
  if (key == "accounts") return reader.array(field) && reader.texts(field, out.accounts);
  if (key == "account_token_position") {
    std::int64_t position = 0;
    if (!reader.integer(field, position, 0, std::numeric_limits<std::int32_t>::max())) return false;
    out.account_token_position = static_cast<std::uint32_t>(position);
    return true;
  }
  if (key == "response" || key == "response_type") {
    kinds.services_only = &field;
    return read_response_type(reader, field, out);
  }
  if (key == "threshold" || key == "response_threshold" || key == "response_max_time" || key == "response_time") {
    kinds.services_only = &field;
    if (!reader.expect(field, Kind::text)) return false;
    return reader.timeout_ms(field, out.response_threshold_ms);
  }
  if (key == "latency") {
    kinds.services_only = &field;
    return read_latency(reader, field, out);
  }
  if (key == "allow_trace") {
    kinds.services_only = &field;
    return reader.boolean(field, out.allow_trace);
  }
  reader.unknown(field);
  return field.used_as_variable;
}

// {account: A, subject: s}
bool read_source(OptionsReader& reader, const ConfMember& field, ImportOptions& out) {
  if (!reader.map(field)) return false;
  bool ok = true;
  for (const ConfMember& part : field.value.members) {
    const std::string key = lower_case(part.key);
    if (key == "account") {
      ok = reader.text(part, out.account) && ok;
    } else if (key == "subject") {
      ok = read_subject(reader, part, out.subject) && ok;
    } else {
      reader.unknown(part);
      ok = ok && part.used_as_variable;
    }
  }
  if (ok && (out.account.empty() || out.subject.empty())) {
    return reader.error(field.value.place, "Expect an account name and a subject");
  }
  return ok;
}

bool read_import_field(OptionsReader& reader, const ConfMember& field, ImportOptions& out, Kinds& kinds) {
  const std::string key = lower_case(field.key);
  if (key == "stream" || key == "service") {
    (key == "stream" ? kinds.stream : kinds.service) = true;
    return read_source(reader, field, out);
  }
  if (key == "prefix") return reader.text(field, out.prefix);
  if (key == "to") return reader.text(field, out.to);
  if (key == "share") return reader.boolean(field, out.share);
  if (key == "allow_trace") {
    kinds.streams_only = &field;
    return reader.boolean(field, out.allow_trace);
  }
  reader.unknown(field);
  return field.used_as_variable;
}

bool read_import(OptionsReader& reader, const ConfValue& entry, ImportOptions& out) {
  Kinds kinds;
  bool ok = true;
  out.place = entry.place;
  for (const ConfMember& field : entry.members) ok = read_import_field(reader, field, out, kinds) && ok;
  if (!ok || !check_kinds(reader, entry.place, kinds)) return false;
  out.service = kinds.service;
  if (!out.service && !out.prefix.empty() && !out.to.empty()) {
    return reader.error(entry.place, "Stream import can not have a 'prefix' and a 'to' property");
  }
  if (out.service && out.to.empty()) out.to = out.subject;
  return true;
}

bool expect_map(OptionsReader& reader, const ConfValue& entry, const char* what) {
  return entry.is(Kind::map) ||
         reader.error(entry.place, std::string(what) + " should be a map with type entry, got " + describe(entry.kind));
}

}  // namespace

bool read_exports(OptionsReader& reader, const ConfMember& block, std::vector<ExportOptions>& out) {
  if (!reader.array(block)) return false;
  bool all = true;
  for (const ConfValue& entry : block.value.items) {
    ExportOptions shared;
    Kinds kinds;
    bool ok = expect_map(reader, entry, "Export Items");
    shared.place = entry.place;
    for (const ConfMember& field : entry.members) ok = read_export_field(reader, field, shared, kinds) && ok;
    ok = ok && check_kinds(reader, entry.place, kinds);
    if (ok && !shared.latency_subject.empty() && shared.response != ExportOptions::Response::singleton) {
      ok = reader.error(entry.place, "Error adding service latency sampling for \"" + shared.subject +
                                         "\": bad service response type");
    }
    shared.service = kinds.service;
    if (ok) out.push_back(std::move(shared));
    all = all && ok;
  }
  return all;
}

bool read_imports(OptionsReader& reader, const ConfMember& block, std::vector<ImportOptions>& out) {
  if (!reader.array(block)) return false;
  bool all = true;
  std::set<std::pair<std::string, std::string>> services;
  for (const ConfValue& entry : block.value.items) {
    ImportOptions imported;
    bool ok = expect_map(reader, entry, "Import Items") && read_import(reader, entry, imported);
    if (ok && imported.service && !services.insert({imported.to, imported.account}).second) {
      ok = reader.error(entry.place, "Duplicate service import subject \"" + imported.to +
                                         "\", previously used in import for account \"" + imported.account + "\"");
    }
    if (ok) out.push_back(std::move(imported));
    all = all && ok;
  }
  return all;
}

}  // namespace switchyard::nats
