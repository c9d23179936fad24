// TlsContext is a certificate chain with its key, as new TLS connections see it.
//
// reload() swaps the whole set at once: connections that exist keep what they began with, new ones
// take the new files.  Files that do not load or do not match leave the old set in place, so a
// half-written certificate never takes a listener down.
//
// TLS 1.2 and 1.3 only; no renegotiation, no compression; ALPN offers http/1.1.
//
// Thread: any.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "kernel/base/result.h"

struct ssl_ctx_st;

namespace switchyard::net {

struct TlsFiles {
  std::string certificate_chain;  // PEM, the leaf first.
  std::string private_key;        // PEM.
  std::string client_ca;          // PEM; empty = clients are not asked for a certificate.
};

class TlsContext {
 public:
  // Fails with Code::invalid; the text names the file and what is wrong with it.
  static Result<std::shared_ptr<TlsContext>> load(TlsFiles files);

  // Reads the files again.  On failure the old certificate stays in use.
  Status reload();
  Status reload(TlsFiles files);

  // The current set, for a new connection.
  std::shared_ptr<ssl_ctx_st> current() const;

 private:
  TlsContext() = default;

  mutable std::mutex mutex_;
  TlsFiles files_;
  std::shared_ptr<ssl_ctx_st> current_;
};

}  // namespace switchyard::net
