#include "kernel/net/http_writer.h"

#include <charconv>
#include <cstdio>
#include <ctime>

namespace switchyard::net {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

void append_clean(std::string& out, std::string_view text) {
  const std::size_t begin = out.size();
  out += text;
  if (!has_control(text, ' ')) return;
  for (std::size_t i = begin; i < out.size(); ++i) {
    if (out[i] == '\r' || out[i] == '\n' || out[i] == '\0') out[i] = ' ';
  }
}

bool is_ours(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equals_ignoring_case(name, "Date");
    case 6:
      return equals_ignoring_case(name, "Server");
    case 10:
      return equals_ignoring_case(name, "Connection");
    case 14:
      return equals_ignoring_case(name, "Content-Length");
    case 17:
      return equals_ignoring_case(name, "Transfer-Encoding");
    default:
      return false;
  }
}

}  // namespace

bool append_response_head(std::string& out, const ResponseFrame& frame, int status, std::span<const HttpHeader> headers,
                          std::size_t body_size) {
  if (status < 200 || status > 999) status = 500;
  const bool bodiless = status == 204 || status == 304;
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\nServer: switchyard\r\nDate: ";
  } else {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::uint64_t>(status));
    out += ' ';
    out += reason_phrase(status);
    out += "\r\nServer: switchyard\r\nDate: ";
  }
  out += frame.date;
  for (const auto& header : headers) {
    if (is_ours(header.name)) continue;
    out += "\r\n";
    append_clean(out, header.name);
    out += ": ";
    append_clean(out, header.value);
  }
  if (!bodiless) {
    out += "\r\nContent-Length: ";
    append_number(out, body_size);
  }
  if (frame.close) {
    out += "\r\nConnection: close";
  } else if (frame.old_keep_alive) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n\r\n";
  return !bodiless && !frame.to_head_request && body_size != 0;
}

std::string http_date(std::int64_t wall_s) {
  // Not strftime: names of days and months must not follow a locale.
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = wall_s;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday], utc.tm_mday,
                kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text;
}

}  // namespace switchyard::net
