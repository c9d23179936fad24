#include "plugins/nats/options_tls.h"

#include <algorithm>

#include "plugins/nats/go_duration.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

constexpr std::int64_t kAutoFallbackMs = 50;

bool read_handshake_first(OptionsReader& reader, const ConfMember& field, TlsOptions& out) {
  out.handshake_first_fallback_ms = 0;
  if (field.value.is(Kind::boolean)) {
    out.handshake_first = field.value.flag;
    return true;
  }
  if (!field.value.is(Kind::text)) {
    return reader.error(field.value.place, "field \"" + field.key + "\" should be a boolean or a string, got " +
                                               describe(field.value.kind));
  }
  const std::string word = lower_case(field.value.text);
  out.handshake_first = true;
  if (word == "true" || word == "on") return true;
  if (word == "false" || word == "off") {
    out.handshake_first = false;
    return true;
  }
  if (word == "auto" || word == "auto_fallback") {
    out.handshake_first_fallback_ms = kAutoFallbackMs;
    return true;
  }
  std::string why;
  if (parse_go_duration_ms(field.value.text, out.handshake_first_fallback_ms, why)) return true;
  return reader.error(field.value.place, "field \"" + field.key + "\"'s value \"" + field.value.text + "\" is invalid");
}

bool read_pinned_certs(OptionsReader& reader, const ConfMember& field, TlsOptions& out) {
  if (!reader.array(field) || !reader.texts(field, out.pinned_certs)) return false;
  for (std::string& pin : out.pinned_certs) {
    pin = lower_case(pin);
    if (pin.size() == 64 && pin.find_first_not_of("0123456789abcdef") == std::string::npos) continue;
    return reader.error(field.value.place,
                        "expected \"pinned_certs\" to hold SHA-256 digests of the public key (SubjectPublicKeyInfo) "
                        "as 64 hexadecimal digits, got \"" +
                            pin + "\"");
  }
  return true;
}

bool read_certificates(OptionsReader& reader, const ConfMember& field, TlsOptions& out) {
  if (!reader.array(field)) return false;
  for (const ConfValue& item : field.value.items) {
    if (!item.is(Kind::map)) return reader.error(item.place, "expected a map with cert_file and key_file");
    TlsCertificatePair pair;
    for (const ConfMember& file : item.members) {
      if (file.key == "cert_file") {
        if (!reader.text(file, pair.cert_file)) return false;
      } else if (file.key == "key_file") {
        if (!reader.text(file, pair.key_file)) return false;
      } else {
        return reader.error(file.value.place, "error parsing tls certs config, unknown field \"" + file.key + "\"");
      }
    }
    if (pair.cert_file.empty() || pair.key_file.empty()) {
      return reader.error(item.place, "expected both cert_file and key_file in \"" + field.key + "\"");
    }
    out.certificates.push_back(std::move(pair));
  }
  return true;
}

bool read_min_version(OptionsReader& reader, const ConfMember& field, TlsOptions& out) {
  if (!reader.text(field, out.min_version)) return false;
  if (out.min_version == "1.2" || out.min_version == "1.3") return true;
  return reader.error(field.value.place, "error parsing tls config: unsupported TLS version: \"" + out.min_version +
                                             "\"; there are 1.2 and 1.3");
}

// Features of TLS that need more than OpenSSL and files: named, so that nobody believes them to be on.
bool is_unserved(const std::string& key) {
  static constexpr std::string_view kKeys[] = {
      "cert_store",     "cert_match_by",           "cert_match",
      "ca_certs_match", "cert_match_skip_invalid", "allow_insecure_cipher_suites"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

bool read_field(OptionsReader& reader, const ConfMember& field, const std::string& block, TlsOptions& out) {
  const std::string key = lower_case(field.key);
  if (key == "cert_file") return reader.text(field, out.cert_file);
  if (key == "key_file") return reader.text(field, out.key_file);
  if (key == "ca_file") return reader.text(field, out.ca_file);
  if (key == "insecure") return reader.boolean(field, out.insecure);
  if (key == "verify") return reader.boolean(field, out.verify);
  if (key == "verify_and_map") return reader.boolean(field, out.verify_and_map);
  if (key == "timeout") return reader.timeout_ms(field, out.timeout_ms);
  if (key == "connection_rate_limit") return reader.integer(field, out.connection_rate_limit);
  if (key == "pinned_certs") return read_pinned_certs(reader, field, out);
  if (key == "handshake_first" || key == "first" || key == "immediate") return read_handshake_first(reader, field, out);
  if (key == "certs" || key == "certificates") return read_certificates(reader, field, out);
  if (key == "min_version") return read_min_version(reader, field, out);
  if (key == "cipher_suites" || key == "curve_preferences") {
    std::vector<std::string>& names = key == "cipher_suites" ? out.cipher_suites : out.curve_preferences;
    if (!reader.array(field) || !reader.texts(field, names)) return false;
    return !names.empty() || reader.error(field.value.place, "error parsing tls config, '" + key + "' cannot be empty");
  }
  if (key == "verify_cert_and_check_known_urls") {
    bool wanted = false;
    if (!reader.boolean(field, wanted)) return false;
    return !wanted || reader.error(field.value.place, key + " not supported in this context");
  }
  if (key == "ocsp_peer" && !(field.value.is(Kind::boolean) && !field.value.flag)) {
    return reader.error(field.value.place, "\"ocsp_peer\" is not served, and clients that it keeps out would get in");
  }
  if (is_unserved(key) || key == "ocsp_peer") {
    reader.unserved(block + "." + key, field.value.place);
    return true;
  }
  return field.used_as_variable ||
         reader.error(field.value.place, "error parsing tls config, unknown field \"" + field.key + "\"");
}

}  // namespace

bool read_tls_options(OptionsReader& reader, const ConfMember& block, TlsOptions& out) {
  if (!reader.map(block)) return false;
  bool ok = true;
  for (const ConfMember& field : block.value.members) ok = read_field(reader, field, block.key, out) && ok;
  out.verify = out.verify || out.verify_and_map;
  if (!out.certificates.empty() && !out.cert_file.empty()) {
    return reader.error(block.value.place,
                        "error parsing tls config, cannot combine 'cert_file' option with 'certs' option");
  }
  if (ok && out.certificates.empty() && (out.cert_file.empty() != out.key_file.empty())) {
    return reader.error(block.value.place, out.cert_file.empty() ? "missing 'cert_file' in TLS configuration"
                                                                 : "missing 'key_file' in TLS configuration");
  }
  return ok;
}

}  // namespace switchyard::nats
