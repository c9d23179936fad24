// Everything a NATS client can be refused for, in one table: the exact text of the -ERR line, whether the
// connection ends, and the reason that /connz shows for it.
//
// Client libraries lower-case these texts and search them, so a letter here is part of the contract.  An empty
// text means that nothing is sent.  Texts with a %-name are completed by the writers in wire_writer.h.
//
// Failure: none.
// Thread: constants.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchyard::nats {

// Why a connection ended, as monitoring tells it.
enum class CloseReason : std::uint8_t {
  none,
  client_closed,
  authentication_timeout,
  authentication_failure,
  tls_handshake_failure,
  slow_consumer_pending_bytes,
  slow_consumer_write_deadline,
  write_error,
  read_error,
  parse_error,
  stale_connection,
  protocol_violation,
  bad_client_protocol_version,
  max_account_connections,
  max_connections,
  max_payload,
  max_control_line,
  max_subscriptions,
  server_shutdown,
  authentication_expired,
  credentials_revoked,
  no_responders_requires_headers,
  kicked,
};

constexpr std::string_view reason_text(CloseReason reason) {
  constexpr std::array<std::string_view, 23> kTexts = {
      "",
      "Client Closed",
      "Authentication Timeout",
      "Authentication Failure",
      "TLS Handshake Failure",
      "Slow Consumer (Pending Bytes)",
      "Slow Consumer (Write Deadline)",
      "Write Error",
      "Read Error",
      "Parse Error",
      "Stale Connection",
      "Protocol Violation",
      "Bad Client Protocol Version",
      "Maximum Account Connections Exceeded",
      "Maximum Connections Exceeded",
      "Maximum Message Payload Exceeded",
      "Maximum Control Line Exceeded",
      "Maximum Subscriptions Exceeded",
      "Server Shutdown",
      "Authentication Expired",
      "Credentials Revoked",
      "No Responders Requires Headers",
      "Kicked",
  };
  static_assert(kTexts.size() == static_cast<std::size_t>(CloseReason::kicked) + 1);
  return kTexts[static_cast<std::size_t>(reason)];
}

enum class ErrorKind : std::uint8_t {
  none,
  unknown_operation,      // No verb, or a payload that does not end where its size says.
  bad_arguments,          // Too few, too many, not a size, a header larger than its message.
  client_error,           // The client sent -ERR.
  headers_not_supported,  // HPUB by a client that said headers=false.
  bad_connect,            // The JSON of CONNECT.
  bad_client_protocol,
  no_responders_requires_headers,
  max_payload,
  max_control_line,
  max_connections,
  max_account_connections,
  max_subscriptions,
  authorization_violation,
  authentication_timeout,
  user_authentication_expired,
  account_authentication_expired,
  user_authentication_revoked,
  stale_connection,
  tls_required,
  throttled,
  invalid_publish_subject,
  invalid_subject,
  publish_violation,       // Of one subject.
  reply_violation,         // Of one reply subject.
  subscription_violation,  // Of one subject, perhaps with a queue.
  too_many_tokens,         // Of one subject.
  server_shutdown,
};

struct ErrorRow {
  ErrorKind kind;
  std::string_view text;  // What stands between the quotes of -ERR '...'; empty: nothing is sent.
  bool closes;
  CloseReason reason;  // none when the connection stays.
};

// In the order of ErrorKind.
inline constexpr std::array<ErrorRow, 28> kErrors = {{
    {ErrorKind::none, "", false, CloseReason::none},
    {ErrorKind::unknown_operation, "Unknown Protocol Operation", true, CloseReason::protocol_violation},
    {ErrorKind::bad_arguments, "", true, CloseReason::protocol_violation},
    {ErrorKind::client_error, "", true, CloseReason::parse_error},
    {ErrorKind::headers_not_supported, "", true, CloseReason::protocol_violation},
    {ErrorKind::bad_connect, "", true, CloseReason::protocol_violation},
    {ErrorKind::bad_client_protocol, "invalid client protocol", true, CloseReason::bad_client_protocol_version},
    {ErrorKind::no_responders_requires_headers, "no responders requires headers support", true,
     CloseReason::no_responders_requires_headers},
    {ErrorKind::max_payload, "Maximum Payload Violation", true, CloseReason::max_payload},
    {ErrorKind::max_control_line, "maximum control line exceeded", true, CloseReason::max_control_line},
    {ErrorKind::max_connections, "maximum connections exceeded", true, CloseReason::max_connections},
    {ErrorKind::max_account_connections, "maximum account active connections exceeded", true,
     CloseReason::max_account_connections},
    {ErrorKind::max_subscriptions, "maximum subscriptions exceeded", false, CloseReason::none},
    {ErrorKind::authorization_violation, "Authorization Violation", true, CloseReason::authentication_failure},
    {ErrorKind::authentication_timeout, "Authentication Timeout", true, CloseReason::authentication_timeout},
    {ErrorKind::user_authentication_expired, "User Authentication Expired", true, CloseReason::authentication_expired},
    {ErrorKind::account_authentication_expired, "Account Authentication Expired", true,
     CloseReason::authentication_expired},
    {ErrorKind::user_authentication_revoked, "User Authentication Revoked", true, CloseReason::credentials_revoked},
    {ErrorKind::stale_connection, "Stale Connection", true, CloseReason::stale_connection},
    {ErrorKind::tls_required, "Secure Connection - TLS Required", true, CloseReason::tls_handshake_failure},
    {ErrorKind::throttled, "Connection throttling is active. Please try again later.", true,
     CloseReason::max_connections},
    {ErrorKind::invalid_publish_subject, "Invalid Publish Subject", false, CloseReason::none},
    {ErrorKind::invalid_subject, "Invalid Subject", false, CloseReason::none},
    {ErrorKind::publish_violation, "Permissions Violation for Publish to %subject", false, CloseReason::none},
    {ErrorKind::reply_violation, "Permissions Violation for Publish with Reply of %subject", false, CloseReason::none},
    {ErrorKind::subscription_violation, "Permissions Violation for Subscription to %subject%queue%sid", false,
     CloseReason::none},
    {ErrorKind::too_many_tokens, "Permissions Violation for Subscription to %subject, too many tokens", false,
     CloseReason::none},
    {ErrorKind::server_shutdown, "Server Shutdown", true, CloseReason::server_shutdown},
}};

constexpr const ErrorRow& error_row(ErrorKind kind) { return kErrors[static_cast<std::size_t>(kind)]; }

}  // namespace switchyard::nats
