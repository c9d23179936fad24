#include "plugins/nats/options_websocket.h"

#include "plugins/nats/options_listen.h"
#include "plugins/nats/options_tls.h"

namespace switchyard::nats {
namespace {

bool read_login(OptionsReader& reader, const ConfMember& block, WebsocketOptions& out) {
  if (!reader.map(block)) return false;
  bool ok = true;
  for (const ConfMember& field : block.value.members) {
    const std::string key = lower_case(field.key);
    if (key == "user" || key == "username") {
      ok = reader.text(field, out.username) && ok;
    } else if (key == "pass" || key == "password") {
      ok = reader.text(field, out.password) && ok;
    } else if (key == "token") {
      ok = reader.text(field, out.token) && ok;
    } else if (key == "timeout") {
      ok = reader.timeout_ms(field, out.auth_timeout_ms) && ok;
    } else {
      reader.unknown(field);
    }
  }
  return ok;
}

// Headers go into the answer of the upgrade: nothing in them may end a line or replace the handshake's own.
bool read_headers(OptionsReader& reader, const ConfMember& block, std::map<std::string, std::string>& out) {
  if (!reader.map(block)) return false;
  for (const ConfMember& field : block.value.members) {
    std::string value;
    if (!reader.text(field, value)) return false;
    const std::string name = lower_case(field.key);
    const bool reserved = name == "host" || name == "content-length" || name == "connection" || name == "upgrade" ||
                          name == "nats-no-masking" || name.rfind("sec-websocket-", 0) == 0;
    bool printable = !name.empty();
    for (const char c : name) printable = printable && c > ' ' && c < 0x7f && c != ':';
    for (const char c : value)
      printable = printable && (static_cast<unsigned char>(c) >= ' ' || c == '\t') && c != 0x7f;
    if (reserved || !printable) {
      return reader.error(field.value.place, "websocket: invalid header \"" + field.key + "\" not allowed");
    }
    out[field.key] = value;
  }
  return true;
}

bool read_cookies(OptionsReader& reader, const ConfMember& field, const std::string& key, WebsocketOptions& out) {
  if (key == "jwt_cookie") return reader.text(field, out.jwt_cookie);
  if (key == "user_cookie") return reader.text(field, out.user_cookie);
  if (key == "pass_cookie") return reader.text(field, out.pass_cookie);
  return reader.text(field, out.token_cookie);
}

bool is_origins(const std::string& key) {
  return key == "allowed_origins" || key == "allowed_origin" || key == "allow_origins" || key == "allow_origin" ||
         key == "origins" || key == "origin";
}

bool read_field(OptionsReader& reader, const ConfMember& field, WebsocketOptions& out) {
  const std::string key = lower_case(field.key);
  if (key == "listen") {
    ListenAddress address;
    if (!read_listen_address(reader, field, address)) return false;
    out.host = address.host;
    out.port = address.port;
    return true;
  }
  if (key == "port") return reader.port(field, out.port);
  if (key == "host" || key == "net") return reader.text(field, out.host);
  if (key == "advertise") return reader.text(field, out.advertise);
  if (key == "no_tls") return reader.boolean(field, out.no_tls);
  if (key == "same_origin") return reader.boolean(field, out.same_origin);
  if (key == "compress" || key == "compression") return reader.boolean(field, out.compression);
  if (key == "handshake_timeout") return reader.timeout_ms(field, out.handshake_timeout_ms);
  if (key == "ping_interval") return reader.duration_ms(field, out.ping_interval_ms);
  if (key == "no_auth_user") return reader.text(field, out.no_auth_user);
  if (key == "authorization" || key == "authentication") return read_login(reader, field, out);
  if (key == "headers") return read_headers(reader, field, out.headers);
  if (is_origins(key)) return reader.texts(field, out.allowed_origins);
  if (key == "jwt_cookie" || key == "user_cookie" || key == "pass_cookie" || key == "token_cookie") {
    return read_cookies(reader, field, key, out);
  }
  if (key == "tls") {
    out.tls.emplace();
    return read_tls_options(reader, field, *out.tls);
  }
  reader.unknown(field);
  return field.used_as_variable;
}

}  // namespace

bool read_websocket(OptionsReader& reader, const ConfMember& block, WebsocketOptions& out) {
  if (!reader.map(block)) return false;
  bool ok = true;
  for (const ConfMember& field : block.value.members) ok = read_field(reader, field, out) && ok;
  return ok;
}

}  // namespace switchyard::nats
