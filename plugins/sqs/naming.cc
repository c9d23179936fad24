#include "plugins/sqs/naming.h"

#include "plugins/aws/text.h"

namespace switchyard::sqs {
namespace {

using aws::view;

constexpr std::string_view kStreamPrefix = "sqs/";
constexpr std::string_view kFifoSuffix = ".fifo";
constexpr std::size_t kMaxName = 80;
constexpr std::size_t kIdentifier = 20;

// 17 characters of base 32 behind a fixed prefix, as identifiers of that service look.
std::string identifier(std::string_view prefix, std::uint64_t high, std::uint64_t low) {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  std::string out(prefix);
  while (out.size() < kIdentifier) {
    out += kDigits[high >> 59];
    high = high << 5 | low >> 59;
    low <<= 5;
  }
  return out;
}

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ull;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebull;
  return x ^ x >> 31;
}

bool all_name_characters(std::string_view name) {
  for (const char c : name) {
    if (!aws::is_alnum(c) && c != '-' && c != '_') return false;
  }
  return true;
}

// scheme://host of a URL goes; a path stays.
std::string_view path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) {
    url = url.substr(scheme + 3);
    const std::size_t slash = url.find('/');
    url = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
  }
  url = url.substr(0, url.find('?'));
  return url.substr(0, url.find('#'));
}

// The segments of a path; more than four come back as five.
std::size_t split_path(std::string_view path, std::string_view out[5]) {
  std::size_t n = 0;
  while (!path.empty() && n < 5) {
    const std::string_view segment = aws::take_until(path, '/');
    if (!segment.empty()) out[n++] = segment;
  }
  return n;
}

}  // namespace

bool is_fifo_name(std::string_view name) { return name.ends_with(kFifoSuffix); }

bool is_queue_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  if (is_fifo_name(name)) name.remove_suffix(kFifoSuffix.size());
  return !name.empty() && all_name_characters(name);
}

bool is_region(std::string_view region) {
  if (region.empty() || region.size() > 32) return false;
  for (const char c : region) {
    if (!aws::is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-') return false;
  }
  return true;
}

std::string_view Realm::owner() const { return view(ns->owner); }

void Realm::append_stream_name(std::string& out, std::string_view queue) const {
  out += kStreamPrefix;
  out += region;
  out += '/';
  out += queue;
}

bool split_stream_name(std::string_view stream, std::string_view& region, std::string_view& queue) {
  if (!stream.starts_with(kStreamPrefix)) return false;
  queue = stream.substr(kStreamPrefix.size());
  region = aws::take_until(queue, '/');
  return !region.empty() && !queue.empty();
}

void Realm::append_arn(std::string& out, std::string_view queue) const {
  out += view(ns->style) == "account" ? "arn:aws:sqs:" : "arn:scw:sqs:";
  out += region;
  out += ':';
  out += owner();
  out += ':';
  out += queue;
}

void Realm::append_url(std::string& out, std::string_view queue, sw_stream_id id, std::string_view host,
                       bool tls) const {
  // Behind a proxy that ends TLS only the public URL knows the scheme that the client used.
  std::string_view public_url = view(ns->public_url);
  while (public_url.ends_with('/')) public_url.remove_suffix(1);
  const std::size_t scheme = public_url.find("://");
  if (scheme != std::string_view::npos && public_url.substr(scheme + 3) == host) {
    out += public_url;
  } else {
    out += tls ? "https://" : "http://";
    out += host;
  }
  out += '/';
  if (style == UrlStyle::yandex) {
    out += folder_id();
    out += '/';
    out += resource_id(id);
  } else {
    out += owner();
  }
  out += '/';
  out += queue;
}

std::optional<QueueAddress> Realm::parse_url(std::string_view url) const {
  std::string_view segments[5];
  const bool bare = url.find('/') == std::string_view::npos;
  const std::size_t n = split_path(path_of(url), segments);
  if (n == 1 && bare) return QueueAddress{segments[0], {}};
  if (n == 2 && segments[0] == owner()) return QueueAddress{segments[1], {}};
  if (n == 3 && segments[0] == folder_id()) return QueueAddress{segments[2], segments[1]};
  return std::nullopt;
}

std::optional<std::string_view> Realm::parse_arn(std::string_view arn) const {
  const bool account = view(ns->style) == "account";
  if (aws::take_until(arn, ':') != "arn") return std::nullopt;
  if (aws::take_until(arn, ':') != (account ? "aws" : "scw")) return std::nullopt;
  if (aws::take_until(arn, ':') != "sqs") return std::nullopt;
  if (aws::take_until(arn, ':') != region) return std::nullopt;
  if (aws::take_until(arn, ':') != owner()) return std::nullopt;
  if (!is_queue_name(arn)) return std::nullopt;
  return arn;
}

std::string Realm::folder_id() const {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : view(ns->id)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return identifier("b1g", mix(hash), mix(hash + 0x9e3779b97f4a7c15ull));
}

std::string Realm::resource_id(sw_stream_id id) { return identifier("dj6", mix(id), id << 43); }

}  // namespace switchyard::sqs
