#include "kernel/net/tls.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "harness.h"

namespace switchyard::net {
namespace {

using namespace test;

// A self-signed certificate and its key, as files.
class Certificate {
 public:
  explicit Certificate(const std::string& name)
      : folder_(testing::TempDir() + "switchyard-tls-" + std::to_string(getpid())) {
    std::filesystem::create_directories(folder_);
    files.certificate_chain = folder_ + "/" + name + "-cert.pem";
    files.private_key = folder_ + "/" + name + "-key.pem";
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_sign(cert, key, EVP_sha256());
    FILE* out = std::fopen(files.certificate_chain.c_str(), "w");
    PEM_write_X509(out, cert);
    std::fclose(out);
    out = std::fopen(files.private_key.c_str(), "w");
    PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    X509_free(cert);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  TlsFiles files;

 private:
  std::string folder_;
};

// A blocking TLS client on top of Client's descriptor.
class TlsClient {
 public:
  explicit TlsClient(const TestServer& server, int max_version = 0, const TlsFiles* identity = nullptr)
      : client_(server), context_(SSL_CTX_new(TLS_client_method())) {
    if (max_version != 0) SSL_CTX_set_max_proto_version(context_, max_version);
    if (identity) {
      SSL_CTX_use_certificate_chain_file(context_, identity->certificate_chain.c_str());
      SSL_CTX_use_PrivateKey_file(context_, identity->private_key.c_str(), SSL_FILETYPE_PEM);
    }
    const timeval limit{kWaitMs / 1000, 0};
    setsockopt(client_.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, client_.fd());
    const unsigned char alpn[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(ssl_, alpn, sizeof alpn - 1);
    connected = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ERR_clear_error();
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int put = SSL_write(ssl_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  // Reads until `count` bytes came behind the head of the answer; "" when the peer ends before.
  std::string read_body(std::size_t count) {
    std::string bytes;
    for (;;) {
      const auto head = bytes.find("\r\n\r\n");
      if (head != std::string::npos && bytes.size() >= head + 4 + count) return bytes.substr(head + 4);
      char chunk[16384];
      const int got = SSL_read(ssl_, chunk, sizeof chunk);
      if (got <= 0) return "";
      bytes.append(chunk, static_cast<std::size_t>(got));
    }
  }
  // All that comes up to and with `end`; "" when the peer ends before.
  std::string read_until(std::string_view end) {
    std::string bytes;
    while (bytes.find(end) == std::string::npos) {
      char chunk[16384];
      const int got = SSL_read(ssl_, chunk, sizeof chunk);
      if (got <= 0) return "";
      bytes.append(chunk, static_cast<std::size_t>(got));
    }
    return bytes;
  }
  // True when the peer said goodbye, and did not just hang up.
  bool ended_in_order() {
    char byte;
    const int got = SSL_read(ssl_, &byte, 1);
    return got == 0 && SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN;
  }
  std::string subject() {
    X509* cert = SSL_get1_peer_certificate(ssl_);
    if (!cert) return "";
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
    X509_free(cert);
    return name;
  }
  std::string alpn() {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
  }
  int version() { return SSL_version(ssl_); }
  void close() { client_.close(); }
  int fd() { return client_.fd(); }
  bool connected = false;

 private:
  Client client_;
  SSL_CTX* context_;
  SSL* ssl_;
};

class TlsTest : public testing::Test {
 protected:
  void serve(ScriptedHandler::Script script = nullptr) {
    auto loaded = TlsContext::load(certificate.files);
    ASSERT_TRUE(loaded) << loaded.error().message;
    tls = *loaded;
    ServerSettings settings;
    settings.tls = tls;
    settings.script = std::move(script);
    server = std::make_unique<TestServer>(std::move(settings));
  }
  Certificate certificate{"first"};
  std::shared_ptr<TlsContext> tls;
  std::unique_ptr<TestServer> server;
};

TEST_F(TlsTest, requests_are_served_over_tls_1_3_and_1_2) {
  Box<bool> is_tls;
  serve([&](const HttpRequest& request, HttpExchange exchange) {
    is_tls.put(request.is_tls);
    exchange.respond(200, {}, request.body);
  });
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsClient client(*server, version);
    ASSERT_TRUE(client.connected);
    EXPECT_EQ(client.version(), version);
    EXPECT_EQ(client.subject(), "first");
    EXPECT_EQ(client.alpn(), "http/1.1");
    for (int i = 0; i < 3; ++i) {
      client.send(post("/", "hello"));
      EXPECT_EQ(client.read_body(5), "hello");
    }
  }
  EXPECT_TRUE(is_tls.take());
}

TEST_F(TlsTest, older_versions_are_refused_and_counted) {
  serve();
  TlsClient client(*server, TLS1_1_VERSION);
  EXPECT_FALSE(client.connected);
  EXPECT_TRUE(server->eventually([&] { return server->rejected(Reject::tls_handshake) == 1; }));
}

TEST_F(TlsTest, a_plain_request_on_a_tls_port_is_cut_off) {
  serve();
  Client client(*server);
  client.send(get("/"));
  client.read_all();
  EXPECT_TRUE(server->eventually([&] { return server->rejected(Reject::tls_handshake) == 1; }));
}

TEST_F(TlsTest, large_bodies_and_pipelined_requests_pass_both_ways) {
  serve([](const HttpRequest& request, HttpExchange exchange) { exchange.respond(200, {}, request.body); });
  TlsClient client(*server);
  std::string body(1'500'000, ' ');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + (i * 7 + i / 1009) % 26);
  client.send(post("/", body));
  EXPECT_EQ(client.read_body(body.size()), body);
  std::string many;
  for (int i = 0; i < 100; ++i) many += post("/", "<" + std::to_string(i) + ">");
  client.send(many);
  const std::string all = client.read_until("<99>");
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = all.find("\r\n\r\n<" + std::to_string(i) + ">", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(TlsTest, a_stalled_handshake_is_cut_off_in_time) {
  serve();
  Client client(*server);
  ASSERT_TRUE(server->eventually([&] { return server->server->stats().connections == 1; }));
  server->advance_ms(10'000);
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(server->rejected(Reject::tls_handshake), 1u);
}

TEST_F(TlsTest, the_end_is_said_in_order) {
  serve();
  TlsClient client(*server);
  client.send(get("/", "Connection: close\r\n"));
  ASSERT_NE(client.read_body(1), "");
  EXPECT_TRUE(client.ended_in_order());
}

TEST_F(TlsTest, the_leaving_of_a_parked_peer_is_noticed) {
  Box<ParkEvent> events;
  serve([&](const HttpRequest&, HttpExchange exchange) { exchange.park([&](ParkEvent event) { events.put(event); }); });
  TlsClient client(*server);
  client.send(get("/"));
  ASSERT_TRUE(server->eventually([&] { return server->server->stats().parked == 1; }));
  client.close();
  EXPECT_EQ(events.take(), ParkEvent::aborted);
}

TEST_F(TlsTest, a_reload_serves_new_connections_and_keeps_the_old_ones) {
  serve([](const HttpRequest& request, HttpExchange exchange) { exchange.respond(200, {}, request.body); });
  TlsClient before(*server);
  EXPECT_EQ(before.subject(), "first");
  const Certificate second("second");
  ASSERT_TRUE(tls->reload(second.files));
  TlsClient after(*server);
  EXPECT_EQ(after.subject(), "second");
  before.send(post("/", "still here"));
  EXPECT_EQ(before.read_body(10), "still here");
}

TEST_F(TlsTest, a_reload_reads_the_same_files_again) {
  serve();
  {
    const Certificate second("second");
    for (const auto& [from, to] : {std::pair{second.files.certificate_chain, certificate.files.certificate_chain},
                                   std::pair{second.files.private_key, certificate.files.private_key}}) {
      std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
    }
    ASSERT_TRUE(tls->reload());
  }
  TlsClient client(*server);
  EXPECT_EQ(client.subject(), "second");
}

TEST_F(TlsTest, bad_files_keep_the_old_certificate_and_say_which_file_is_wrong) {
  serve();
  const Certificate second("second");
  const std::string garbage = second.files.certificate_chain + ".bad";
  { std::ofstream(garbage) << "-----BEGIN CERTIFICATE-----\nnot base64\n"; }
  const struct {
    TlsFiles files;
    std::string names;
  } kCases[] = {
      {{"/does/not/exist.pem", second.files.private_key, ""}, "/does/not/exist.pem"},
      {{garbage, second.files.private_key, ""}, garbage},
      {{second.files.certificate_chain, "/does/not/exist.key", ""}, "/does/not/exist.key"},
      {{second.files.certificate_chain, certificate.files.private_key, ""}, certificate.files.private_key},
      {{second.files.certificate_chain, second.files.private_key, "/no/ca.pem"}, "/no/ca.pem"},
  };
  for (const auto& c : kCases) {
    const Status status = tls->reload(c.files);
    ASSERT_FALSE(status) << c.names;
    EXPECT_EQ(status.code(), Code::invalid);
    EXPECT_NE(status.error().message.find("'" + c.names + "'"), std::string::npos) << status.error().message;
  }
  TlsClient client(*server);
  EXPECT_EQ(client.subject(), "first");
  EXPECT_FALSE(TlsContext::load({"/does/not/exist.pem", "/nor/this.key", ""}));
}

TEST_F(TlsTest, with_a_client_ca_only_its_clients_get_in) {
  serve();
  TlsFiles files = certificate.files;
  const Certificate trusted("trusted");
  files.client_ca = trusted.files.certificate_chain;
  ASSERT_TRUE(tls->reload(files));
  TlsClient stranger(*server, TLS1_2_VERSION);
  EXPECT_FALSE(stranger.connected);
  TlsClient friendly(*server, TLS1_2_VERSION, &trusted.files);
  ASSERT_TRUE(friendly.connected);
  friendly.send(get("/"));
  EXPECT_NE(friendly.read_body(1), "");
}

}  // namespace
}  // namespace switchyard::net
