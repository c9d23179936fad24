#include "plugins/nats/run_files.h"

namespace switchyard::nats {
namespace {

std::string url(std::string_view scheme, const std::string& host, int port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return std::string(scheme) + "://" + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void append_text(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_list(std::string& out, std::string_view name, const std::vector<std::string>& urls) {
  if (urls.empty()) return;
  if (out.size() > 1) out += ',';
  append_text(out, name);
  out += ":[";
  for (std::size_t i = 0; i < urls.size(); ++i) {
    if (i > 0) out += ',';
    append_text(out, urls[i]);
  }
  out += ']';
}

}  // namespace

std::vector<std::string> listening_urls(std::string_view scheme, const std::string& host, int port,
                                        const std::vector<std::string>& interface_addresses) {
  if (host != "0.0.0.0" && host != "::" && !host.empty()) return {url(scheme, host, port)};
  std::vector<std::string> urls;
  for (const std::string& address : interface_addresses) urls.push_back(url(scheme, address, port));
  return urls;
}

std::string ports_file_path(const std::string& dir, int pid) {
  std::string path = dir;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path != "/") path += '/';
  return path + "nats-server_" + std::to_string(pid) + ".ports";
}

std::string ports_file_text(const ListeningUrls& urls) {
  std::string out = "{";
  append_list(out, "nats", urls.nats);
  append_list(out, "monitoring", urls.monitoring);
  append_list(out, "websocket", urls.websocket);
  return out + "}";
}

std::string pid_file_text(int pid) { return std::to_string(pid); }

}  // namespace switchyard::nats
