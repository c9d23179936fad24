#include "plugins/nats/wire_writer.h"

#include <cassert>

#include "plugins/nats/utf8.h"

namespace switchyard::nats {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void append_hex(std::string& out, unsigned char byte) {
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

// The quoting of Go's %q, which clients undo with a regular expression: they see a plain subject between quotes.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text[0];
    if (length > 1) {
      out += text.substr(0, length);
    } else if (const char escaped = short_escape(c); escaped != 0) {
      out += '\\';
      out += escaped;
    } else if (length == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(c));
    } else {
      out += c;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

constexpr std::string_view kErrorBegin = "-ERR '";
constexpr std::string_view kErrorEnd = "'\r\n";

// The text of a row up to its first %-name.
std::string_view fixed_part(ErrorKind kind) {
  const std::string_view text = error_row(kind).text;
  return text.substr(0, text.find('%'));
}

void open_violation(std::string& out, ErrorKind kind, std::string_view subject) {
  out += kErrorBegin;
  out += fixed_part(kind);
  append_quoted(out, subject);
}

// One JSON object, field by field.
class Fields {
 public:
  explicit Fields(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view name, std::string_view value) {
    open(name);
    append_json_text(out_, value);
  }
  void number(std::string_view name, std::int64_t value) {
    open(name);
    out_ += std::to_string(value);
  }
  void flag(std::string_view name, bool value) {
    open(name);
    out_ += value ? "true" : "false";
  }

  // Of fields that are left out when they say nothing.
  void some_text(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void some_number(std::string_view name, std::int64_t value) {
    if (value != 0) number(name, value);
  }
  void some_flag(std::string_view name, bool value) {
    if (value) flag(name, true);
  }
  void some_texts(std::string_view name, std::span<const std::string> values) {
    if (values.empty()) return;
    open(name);
    char before = '[';
    for (const std::string& value : values) {
      out_ += before;
      append_json_text(out_, value);
      before = ',';
    }
    out_ += ']';
  }

  void close() { out_ += '}'; }

 private:
  void open(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace

void append_head(std::string& out, std::string_view subject, std::string_view sid, std::string_view reply,
                 const SizeText& sizes) {
  const std::size_t before = out.size();
  out.resize(before + max_head_size(subject.size(), sid.size(), reply.size()));
  const char* const end = write_head(out.data() + before, subject, sid, reply, sizes);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

void append_no_responders(std::string& out, std::string_view reply, std::string_view sid, std::string_view subject) {
  constexpr std::string_view kStatus = "NATS/1.0 503\r\nNats-Subject: ";
  constexpr std::string_view kBlockEnd = "\r\n\r\n";
  const auto size = static_cast<std::uint32_t>(kStatus.size() + subject.size() + kBlockEnd.size());
  append_head(out, reply, sid, {}, SizeText(size, size));
  out += kStatus;
  out += subject;
  out += kBlockEnd;
  out += kLineEnd;
}

void append_error(std::string& out, ErrorKind kind) {
  const std::string_view text = error_row(kind).text;
  if (text.empty()) return;
  assert(text.find('%') == std::string_view::npos);  // Those have a writer of their own.
  out += kErrorBegin;
  out += text;
  out += kErrorEnd;
}

void append_publish_violation(std::string& out, std::string_view subject) {
  open_violation(out, ErrorKind::publish_violation, subject);
  out += kErrorEnd;
}

void append_reply_violation(std::string& out, std::string_view reply) {
  open_violation(out, ErrorKind::reply_violation, reply);
  out += kErrorEnd;
}

void append_too_many_tokens(std::string& out, std::string_view subject) {
  open_violation(out, ErrorKind::too_many_tokens, subject);
  out += ", too many tokens";
  out += kErrorEnd;
}

void append_subscription_violation(std::string& out, std::string_view subject, std::string_view queue,
                                   std::string_view sid) {
  open_violation(out, ErrorKind::subscription_violation, subject);
  if (!queue.empty()) {
    out += " using queue ";
    append_quoted(out, queue);
  }
  if (!sid.empty()) {
    out += " (sid ";
    append_quoted(out, sid);
    out += ')';
  }
  out += kErrorEnd;
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text[0];
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length > 1) {
      out += text.substr(0, length);
    } else if (const char escaped = short_escape(c); escaped != 0) {
      out += '\\';
      out += escaped;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      append_hex(out, static_cast<unsigned char>(c));
    } else {
      out += c;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void append_info(std::string& out, const ServerInfo& info) {
  out += "INFO ";
  Fields fields(out);
  fields.text("server_id", info.server_id);
  fields.text("server_name", info.server_name);
  fields.text("version", info.version);
  fields.number("proto", info.proto);
  fields.some_text("git_commit", info.git_commit);
  fields.text("go", info.go);
  fields.text("host", info.host);
  fields.number("port", info.port);
  fields.flag("headers", info.headers);
  fields.some_flag("auth_required", info.auth_required);
  fields.some_flag("tls_required", info.tls_required);
  fields.some_flag("tls_verify", info.tls_verify);
  fields.some_flag("tls_available", info.tls_available);
  fields.number("max_payload", info.max_payload);
  fields.some_flag("jetstream", info.jetstream);
  fields.some_number("client_id", static_cast<std::int64_t>(info.client_id));
  fields.some_text("client_ip", info.client_ip);
  fields.some_text("nonce", info.nonce);
  fields.some_text("cluster", info.cluster);
  fields.some_text("domain", info.domain);
  fields.some_texts("connect_urls", info.connect_urls);
  fields.some_texts("ws_connect_urls", info.ws_connect_urls);
  fields.some_flag("ldm", info.lame_duck);
  fields.some_flag("connect_info", info.connect_info);
  fields.some_text("remote_account", info.remote_account);
  fields.some_flag("acc_is_sys", info.account_is_system);
  fields.some_number("api_lvl", info.api_level);
  fields.some_text("xkey", info.xkey);
  fields.close();
  // nats-server has a blank before the line end; every client trims it, some tests look for it.
  out += " \r\n";
}

}  // namespace switchyard::nats
