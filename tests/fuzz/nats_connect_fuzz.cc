// Feeds text to the decoder of CONNECT.
//
// Checked: what is refused changes nothing; what is accepted is taken again with the same result, also on top of
// itself; texts that come out are UTF-8.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "plugins/nats/connect_options.h"
#include "plugins/nats/utf8.h"

using namespace switchyard::nats;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

auto flags(const ConnectOptions& o) {
  return std::tie(o.verbose, o.pedantic, o.echo, o.tls_required, o.headers, o.no_responders, o.new_account, o.protocol);
}

auto texts(const ConnectOptions& o) {
  return std::tie(o.name, o.lang, o.version, o.account, o.user, o.pass, o.auth_token, o.nkey, o.jwt, o.sig,
                  o.proxy_sig);
}

bool equal(const ConnectOptions& a, const ConnectOptions& b) { return flags(a) == flags(b) && texts(a) == texts(b); }

void check_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    check(length != 0);
    text.remove_prefix(length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ConnectOptions options;
  if (!decode_connect(text, options)) {
    check(equal(options, ConnectOptions()));
    return 0;
  }
  std::apply([](const auto&... each) { (check_utf8(each), ...); }, texts(options));
  ConnectOptions again = options;
  check(decode_connect(text, again));
  check(equal(again, options));
  return 0;
}
