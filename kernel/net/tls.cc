#include "kernel/net/tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace switchyard::net {
namespace {

constexpr unsigned char kAlpnHttp11[] = "\x08http/1.1";

// The oldest error on OpenSSL's queue is the cause; the queue is left empty.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  return "OpenSSL error " + std::to_string(code);
}

// Why `path` cannot be read; empty when it can: OpenSSL says neither for a folder nor for a missing file.
std::string reading_error(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char byte;
  const std::string why = fd < 0 || ::read(fd, &byte, 1) < 0 ? std::strerror(errno) : "";
  if (fd >= 0) ::close(fd);
  return why;
}

Error file_error(const std::string& what, const std::string& path) {
  const std::string reason = openssl_reason(), unreadable = reading_error(path);
  return {Code::invalid, "TLS " + what + " '" + path +
                             "' cannot be used: " + (unreadable.empty() ? reason : unreadable) +
                             "; check that the file exists, is readable and is PEM"};
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void*) {
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, kAlpnHttp11, sizeof kAlpnHttp11 - 1, in, in_size);
  *out = chosen;
  // A client that speaks only other protocols learns it from the first answer, as without ALPN.
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

void set_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Released buffers are what makes ten thousand waiting TLS connections affordable.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One read of the socket for a whole record instead of two.
  SSL_CTX_set_read_ahead(context, 1);
  // Tickets resume sessions; a cache on the server would grow.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, choose_alpn, nullptr);
}

Result<std::shared_ptr<SSL_CTX>> build(const TlsFiles& files) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return Error{Code::internal, "OpenSSL cannot make a TLS context: " + openssl_reason()};
  set_options(context.get());
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate_chain.c_str()) != 1) {
    return file_error("certificate chain", files.certificate_chain);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return file_error("private key", files.private_key);
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    ERR_clear_error();
    return Error{Code::invalid, "TLS private key '" + files.private_key + "' does not belong to the certificate '" +
                                    files.certificate_chain + "'; give a matching pair"};
  }
  if (!files.client_ca.empty()) {
    if (SSL_CTX_load_verify_locations(context.get(), files.client_ca.c_str(), nullptr) != 1) {
      return file_error("client CA", files.client_ca);
    }
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(files.client_ca.c_str()));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    constexpr unsigned char kSessionScope[] = "switchyard";
    SSL_CTX_set_session_id_context(context.get(), kSessionScope, sizeof kSessionScope - 1);
  }
  ERR_clear_error();
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::load(TlsFiles files) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  if (Status status = made->reload(std::move(files)); !status) return std::move(status).error();
  return made;
}

Status TlsContext::reload() {
  TlsFiles files;
  {
    const std::lock_guard lock(mutex_);
    files = files_;
  }
  return reload(std::move(files));
}

Status TlsContext::reload(TlsFiles files) {
  auto built = build(files);
  if (!built) return std::move(built).error();
  const std::lock_guard lock(mutex_);
  files_ = std::move(files);
  current_ = std::move(*built);
  return {};
}

std::shared_ptr<ssl_ctx_st> TlsContext::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace switchyard::net
