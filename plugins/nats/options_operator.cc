#include "plugins/nats/options_operator.h"

#include <utility>

#include "plugins/nats/nkeys.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

constexpr std::size_t kMaxJwtFile = std::size_t{1} << 20;

bool is_jwt_shaped(std::string_view text) {
  std::size_t dots = 0;
  for (const char c : text) {
    const bool base64url =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c == '.') {
      ++dots;
    } else if (!base64url) {
      return false;
    }
  }
  return dots == 2 && text.substr(0, 2) == "ey";
}

// The JWT of a file: alone, or between lines of dashes as `nsc` writes it.
std::string jwt_of(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (is_jwt_shaped(line)) return std::string(line);
  }
  return {};
}

bool read_operators(OptionsReader& reader, const ConfMember& field) {
  std::vector<std::string> sources;
  if (!reader.texts(field, sources)) return false;
  bool ok = true;
  for (const std::string& source : sources) {
    if (is_jwt_shaped(source)) {
      reader.options.operators.push_back(source);
      continue;
    }
    std::string text, why;
    if (!reader.surroundings.read_file(source, kMaxJwtFile, text, why)) {
      ok = reader.error(field.value.place, "error parsing operator JWT: " + why);
      continue;
    }
    std::string jwt = jwt_of(text);
    if (jwt.empty()) {
      ok = reader.error(field.value.place, "error parsing operator JWT: no JWT in " + source);
      continue;
    }
    reader.options.operators.push_back(std::move(jwt));
  }
  return ok;
}

bool read_trusted_keys(OptionsReader& reader, const ConfMember& field) {
  std::vector<std::string>& keys = reader.options.trusted_keys;
  if (!reader.texts(field, keys)) return false;
  for (const std::string& key : keys) {
    if (!is_public_nkey(NkeyRole::operator_, key)) {
      return reader.error(field.value.place, "trust key \"" + key + "\" required to be a valid public operator nkey");
    }
  }
  return true;
}

bool refuse_resolver(OptionsReader& reader, const ConfMember& field) {
  return reader.error(field.value.place,
                      "expected the resolver to be MEMORY, URL(\"url\"), or a map with type and dir");
}

// MEM, MEMORY, URL(address) or URL("address"), in any case.
bool read_resolver_text(OptionsReader& reader, const ConfMember& field, ResolverOptions& out) {
  std::string_view text = field.value.text;
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const std::string word = lower_case(text);
  if (word == "mem" || word == "memory") {
    out.kind = ResolverOptions::Kind::memory;
    return true;
  }
  if (word.rfind("url(", 0) != 0 || word.back() != ')') return refuse_resolver(reader, field);
  std::string_view url = text.substr(4, text.size() - 5);
  while (!url.empty() && (url.front() == '"' || url.front() == ' ')) url.remove_prefix(1);
  while (!url.empty() && (url.back() == '"' || url.back() == ' ')) url.remove_suffix(1);
  if (url.empty()) return refuse_resolver(reader, field);
  out.kind = ResolverOptions::Kind::url;
  out.url.assign(url);
  return true;
}

bool read_resolver_map(OptionsReader& reader, const ConfMember& field, ResolverOptions& out) {
  std::string type;
  for (const ConfMember& part : field.value.members) {
    if (part.key == "type" && !reader.text(part, type)) return false;
    if (part.key == "dir" && !reader.text(part, out.directory)) return false;
  }
  const std::string word = lower_case(type);
  if (word == "mem" || word == "memory") {
    out.kind = ResolverOptions::Kind::memory;
  } else if (word == "full") {
    out.kind = ResolverOptions::Kind::directory;
  } else if (word == "cache") {
    out.kind = ResolverOptions::Kind::cache;
  } else {
    return refuse_resolver(reader, field);
  }
  if (out.kind != ResolverOptions::Kind::memory && out.directory.empty()) {
    return reader.error(field.value.place, "dir has no value and needs to point to a directory");
  }
  return true;
}

bool read_resolver(OptionsReader& reader, const ConfMember& field) {
  ResolverOptions resolver;
  bool ok = false;
  if (field.value.is(Kind::text)) {
    ok = read_resolver_text(reader, field, resolver);
  } else if (field.value.is(Kind::map)) {
    ok = read_resolver_map(reader, field, resolver);
  } else {
    refuse_resolver(reader, field);
  }
  if (!ok) return false;
  // Accounts of resolver_preload work with every kind; fetching others does not.
  if (resolver.kind != ResolverOptions::Kind::memory) reader.unserved("resolver", field.value.place);
  reader.options.resolver = std::move(resolver);
  return true;
}

bool read_preload(OptionsReader& reader, const ConfMember& field) {
  if (!field.value.is(Kind::map)) {
    return reader.error(field.value.place, "preload should be a map of account_public_key:account_jwt");
  }
  bool ok = true;
  for (const ConfMember& account : field.value.members) {
    if (account.used_as_variable) continue;
    if (!account.value.is(Kind::text)) {
      ok = reader.error(account.value.place, "preload map value should be a string JWT");
    } else if (!is_jwt_shaped(account.value.text)) {
      ok = reader.error(account.value.place, "invalid account JWT");
    } else {
      reader.options.resolver_preload[account.key] = account.value.text;
    }
  }
  return ok;
}

bool read_pinned_accounts(OptionsReader& reader, const ConfMember& field) {
  std::vector<std::string>& keys = reader.options.resolver_pinned_accounts;
  if (!reader.texts(field, keys)) return false;
  for (const std::string& key : keys) {
    if (!is_public_nkey(NkeyRole::account, key)) {
      return reader.error(field.value.place, "pinned account key \"" + key + "\" is not a valid public account nkey");
    }
  }
  return true;
}

}  // namespace

bool read_operator_field(OptionsReader& reader, const ConfMember& field, const std::string& key, bool& ok) {
  if (key == "operator" || key == "operators" || key == "roots" || key == "root" || key == "root_operators" ||
      key == "root_operator") {
    ok = read_operators(reader, field);
  } else if (key == "trusted" || key == "trusted_keys") {
    ok = read_trusted_keys(reader, field);
  } else if (key == "resolver" || key == "account_resolver" || key == "accounts_resolver") {
    ok = read_resolver(reader, field);
  } else if (key == "resolver_preload") {
    ok = read_preload(reader, field);
  } else if (key == "resolver_pinned_accounts") {
    ok = read_pinned_accounts(reader, field);
  } else {
    return false;
  }
  return true;
}

}  // namespace switchyard::nats
