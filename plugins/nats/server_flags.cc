#include "plugins/nats/server_flags.h"

#include <algorithm>

namespace switchyard::nats {
namespace {

enum Flag : int {
  kHelp,
  kTlsHelp,
  kVersion,
  kTest,
  kConfig,
  kSignal,
  kAddr,
  kPort,
  kName,
  kClientAdvertise,
  kHttpPort,
  kHttpsPort,
  kPidFile,
  kPortsFileDir,
  kDebug,
  kTrace,
  kVerboseTrace,
  kDebugTrace,
  kDebugVerboseTrace,
  kLogtime,
  kLogtimeUtc,
  kLogFile,
  kMaxTraced,
  kUser,
  kPass,
  kAuth,
  kTls,
  kTlsVerify,
  kTlsCert,
  kTlsKey,
  kTlsCaCert,
  kJetstream,
  kStoreDir,
  kCluster,
  kRoutes,
  kOtherCluster,  // Details of a cluster; --cluster itself has the warning.
  kUnserved,
};

constexpr FlagKind kBool = FlagKind::boolean, kInt = FlagKind::integer, kText = FlagKind::text;

// TLS flags together make one block that replaces the file's.
struct TlsFlags {
  bool given = false, disabled = false;
  TlsOptions options;

  bool read(const FlagSetting& setting) {
    switch (setting.id) {
      case kTls:
        disabled = !setting.flag;
        break;
      case kTlsVerify:
        options.verify = setting.flag;
        break;
      case kTlsCert:
        options.cert_file = setting.text;
        break;
      case kTlsKey:
        options.key_file = setting.text;
        break;
      case kTlsCaCert:
        options.ca_file = setting.text;
        break;
      default:
        return false;
    }
    given = true;
    return true;
  }
};

AuthorizationOptions& login(ServerOptions& options) {
  return options.authorization ? *options.authorization : options.authorization.emplace();
}

bool read_text(const FlagSetting& setting, ServerOptions& options) {
  switch (setting.id) {
    case kAddr:
      options.host = setting.text;
      break;
    case kName:
      options.server_name = setting.text;
      break;
    case kClientAdvertise:
      options.client_advertise = setting.text;
      break;
    case kPidFile:
      options.pid_file = setting.text;
      break;
    case kPortsFileDir:
      options.ports_file_dir = setting.text;
      break;
    case kLogFile:
      options.log_file = setting.text;
      break;
    case kUser:
      login(options).username = setting.text;
      break;
    case kPass:
      login(options).password = setting.text;
      break;
    case kAuth:
      login(options).token = setting.text;
      break;
    case kStoreDir:
      options.store_dir = setting.text;
      break;
    default:
      return false;
  }
  return true;
}

bool read_boolean(const FlagSetting& setting, ServerOptions& options) {
  const bool on = setting.flag;
  switch (setting.id) {
    case kDebug:
      options.debug = on;
      break;
    case kTrace:
      options.trace = on;
      break;
    case kVerboseTrace:
      options.trace = options.trace_verbose = on;
      break;
    case kDebugTrace:
      options.debug = options.trace = on;
      break;
    case kDebugVerboseTrace:
      options.debug = options.trace = options.trace_verbose = on;
      break;
    case kLogtime:
      options.logtime = on;
      break;
    case kLogtimeUtc:
      options.logtime_utc = on;
      break;
    case kJetstream:
      options.jetstream = on;
      if (on) options.unserved.push_back({"--" + setting.name, ""});
      break;
    default:
      return false;
  }
  return true;
}

bool read_port(const FlagSetting& setting, int& out, std::string& error) {
  if (setting.integer < kAnyPort || setting.integer > 65535) {
    error = "invalid value \"" + setting.text + "\" for flag -" + setting.name +
            ": expected a port from 0 to 65535, or -1 for any";
    return false;
  }
  out = static_cast<int>(setting.integer);
  return true;
}

// Only the words of a command that is off need no warning.
void note_unserved(const FlagSetting& setting, ServerOptions& options) {
  const bool off = setting.text.empty() || setting.text == "false" || setting.text == "0";
  if (!off) options.unserved.push_back({"--" + setting.name, ""});
}

bool has_cluster(const ServerOptions& options) {
  return std::any_of(options.unserved.begin(), options.unserved.end(),
                     [](const UnservedDirective& d) { return d.name == "cluster"; });
}

}  // namespace

const std::vector<FlagName>& server_flag_names() {
  static const std::vector<FlagName> names = {{"h", kBool, kHelp},
                                              {"help", kBool, kHelp},
                                              {"help_tls", kBool, kTlsHelp},
                                              {"v", kBool, kVersion},
                                              {"version", kBool, kVersion},
                                              {"t", kBool, kTest},
                                              {"c", kText, kConfig},
                                              {"config", kText, kConfig},
                                              {"sl", kText, kSignal},
                                              {"signal", kText, kSignal},
                                              {"a", kText, kAddr},
                                              {"addr", kText, kAddr},
                                              {"net", kText, kAddr},
                                              {"p", kInt, kPort},
                                              {"port", kInt, kPort},
                                              {"n", kText, kName},
                                              {"name", kText, kName},
                                              {"server_name", kText, kName},
                                              {"client_advertise", kText, kClientAdvertise},
                                              {"m", kInt, kHttpPort},
                                              {"http_port", kInt, kHttpPort},
                                              {"ms", kInt, kHttpsPort},
                                              {"https_port", kInt, kHttpsPort},
                                              {"P", kText, kPidFile},
                                              {"pid", kText, kPidFile},
                                              {"ports_file_dir", kText, kPortsFileDir},
                                              {"D", kBool, kDebug},
                                              {"debug", kBool, kDebug},
                                              {"V", kBool, kTrace},
                                              {"trace", kBool, kTrace},
                                              {"VV", kBool, kVerboseTrace},
                                              {"DV", kBool, kDebugTrace},
                                              {"DVV", kBool, kDebugVerboseTrace},
                                              {"T", kBool, kLogtime},
                                              {"logtime", kBool, kLogtime},
                                              {"logtime_utc", kBool, kLogtimeUtc},
                                              {"l", kText, kLogFile},
                                              {"log", kText, kLogFile},
                                              {"max_traced_msg_len", kInt, kMaxTraced},
                                              {"user", kText, kUser},
                                              {"pass", kText, kPass},
                                              {"auth", kText, kAuth},
                                              {"tls", kBool, kTls},
                                              {"tlsverify", kBool, kTlsVerify},
                                              {"tlscert", kText, kTlsCert},
                                              {"tlskey", kText, kTlsKey},
                                              {"tlscacert", kText, kTlsCaCert},
                                              {"js", kBool, kJetstream},
                                              {"jetstream", kBool, kJetstream},
                                              {"sd", kText, kStoreDir},
                                              {"store_dir", kText, kStoreDir},
                                              {"cluster", kText, kCluster},
                                              {"cluster_listen", kText, kCluster},
                                              {"routes", kText, kRoutes},
                                              {"cluster_name", kText, kOtherCluster},
                                              {"cluster_advertise", kText, kOtherCluster},
                                              {"no_advertise", kBool, kOtherCluster},
                                              {"connect_retries", kInt, kOtherCluster},
                                              {"s", kBool, kUnserved},
                                              {"syslog", kBool, kUnserved},
                                              {"r", kText, kUnserved},
                                              {"remote_syslog", kText, kUnserved},
                                              {"log_size_limit", kInt, kUnserved},
                                              {"profile", kInt, kUnserved}};
  return names;
}

ServerFlags read_server_flags(const std::vector<FlagSetting>& settings) {
  ServerFlags out;
  for (const FlagSetting& setting : settings) {
    if (setting.id == kVersion) out.version = setting.flag;
    if (setting.id == kHelp) out.help = setting.flag;
    if (setting.id == kTlsHelp) out.tls_help = setting.flag;
    if (setting.id == kTest) out.test_configuration = setting.flag;
    if (setting.id == kConfig) out.config_file = setting.text;
    if (setting.id == kSignal) out.signal = setting.text;
  }
  return out;
}

bool apply_server_flags(const std::vector<FlagSetting>& settings, ServerOptions& options, std::string& error) {
  TlsFlags tls;
  bool cluster = has_cluster(options), routes = false;
  for (const FlagSetting& setting : settings) {
    if (read_text(setting, options) || read_boolean(setting, options) || tls.read(setting)) continue;
    if (setting.id == kPort && !read_port(setting, options.port, error)) return false;
    if (setting.id == kHttpPort && !read_port(setting, options.http_port, error)) return false;
    if (setting.id == kHttpsPort && !read_port(setting, options.https_port, error)) return false;
    if (setting.id == kMaxTraced) options.max_traced_msg_len = setting.integer;
    if (setting.id == kCluster) cluster = !setting.text.empty();
    if (setting.id == kRoutes) routes = !setting.text.empty();
    if (setting.id == kUnserved || setting.id == kCluster || setting.id == kRoutes) note_unserved(setting, options);
  }
  if (routes && !cluster) {
    error = "solicited routes require cluster capabilities, e.g. --cluster";
    return false;
  }
  if (!tls.given) return true;
  if (tls.disabled) {
    options.tls.reset();
    return true;
  }
  if (tls.options.cert_file.empty() || tls.options.key_file.empty()) {
    error = std::string("TLS Server ") + (tls.options.cert_file.empty() ? "certificate" : "private key") +
            " must be present and valid";
    return false;
  }
  options.tls = std::move(tls.options);
  return true;
}

}  // namespace switchyard::nats
