#include "plugins/nats/server_command_line.h"

namespace switchyard::nats {

const char* server_help_text() {
  return R"(Usage: nats-server [options]

One or two dashes are the same, and so are "-x value" and "-x=value".

Server:
    -a, --addr, --net HOST      address to listen on (0.0.0.0)
    -p, --port PORT             port for clients (4222; -1 = any free port)
    -n, --name, --server_name NAME
                                name of this server
    -c, --config FILE           configuration file; flags win over it
    -t                          test the configuration file and exit
    -P, --pid FILE              write the process id to FILE
    -m, --http_port PORT        port for monitoring over HTTP
    -ms, --https_port PORT      port for monitoring over HTTPS
    -sl, --signal COMMAND[=PID] tell a running server to stop, quit, term, reopen, reload or ldm;
                                PID is a process id, a pid file, or a prefix with *
    --client_advertise HOST:PORT
                                address that other servers tell their clients
    --ports_file_dir DIR        write DIR/nats-server_<pid>.ports once every listener accepts

Logging:
    -l, --log FILE              log to FILE
    -T, --logtime               time on every line (on)
    --logtime_utc               in UTC
    -D, --debug                 debug messages
    -V, --trace                 protocol lines
    -VV                         protocol lines, the system account's, too
    -DV, -DVV                   -D with -V, -D with -VV
    --max_traced_msg_len N      cut traced messages to N bytes

Authorization:
    --user NAME                 name that clients need
    --pass PASSWORD             password that clients need
    --auth TOKEN                token that clients need

TLS:
    --tls                       TLS; needs --tlscert and --tlskey
    --tlscert FILE              certificate of the server
    --tlskey FILE               its private key
    --tlsverify                 ask clients for a certificate and verify it
    --tlscacert FILE            authorities that clients' certificates are verified with

Taken but not served (a warning says so):
    -js, --jetstream            -sd, --store_dir DIR
    --cluster, --cluster_listen URL
    --cluster_name NAME         --cluster_advertise HOST:PORT
    --routes URLS               --no_advertise        --connect_retries N
    -s, --syslog                -r, --remote_syslog ADDRESS
    --log_size_limit BYTES      --profile PORT

Other:
    -h, --help                  this text
    --help_tls                  about TLS in the configuration file
    -v, --version               the version
)";
}

const char* tls_help_text() {
  return R"(TLS in the configuration file:

    tls {
      cert_file: "./server-cert.pem"   # certificate of the server, with its chain
      key_file:  "./server-key.pem"    # its private key
      ca_file:   "./ca.pem"            # authorities for clients' certificates
      verify:    true                  # clients need a certificate
      verify_and_map: true             # and its name is the user
      timeout:   2                     # seconds for the handshake
      min_version: "1.2"               # or "1.3"
      handshake_first: false           # true, "auto", or how long to wait for it, such as "300ms"
      pinned_certs: ["<hex>"]          # SHA-256 of public keys (SubjectPublicKeyInfo) that are let in
      cipher_suites: ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
      curve_preferences: ["X25519", "CurveP256"]
    }
)";
}

}  // namespace switchyard::nats
