#include "kernel/server/dev_env.h"

#include <algorithm>

namespace switchyard::server {
namespace {

// Values are keys and URLs; quoting keeps a strange one from becoming shell syntax.
void line(std::string& out, std::string_view name, std::string_view value) {
  out += "export ";
  out += name;
  out += '=';
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:+=@,").find(c) != std::string_view::npos;
  });
  if (plain) {
    out += value;
  } else {
    out += '\'';
    for (const char c : value) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  out += '\n';
}

}  // namespace

std::string render_dev_env(const DevEnvironment& environment, int pid) {
  std::string out;
  for (const auto& account : environment.accounts) {
    if (account.protocol != account::Protocol::sqs_sns || !environment.sqs) continue;
    line(out, "AWS_ENDPOINT_URL", environment.http_url);
    line(out, "AWS_ACCESS_KEY_ID", account.access_key);
    line(out, "AWS_SECRET_ACCESS_KEY", account.secret.view());
    line(out, "AWS_DEFAULT_REGION", environment.region);
  }
  if (environment.admin) {
    if (!environment.control_url.empty()) line(out, "SCW_API_URL", environment.control_url);
    line(out, "SCW_ACCESS_KEY", environment.admin->access_key);
    line(out, "SCW_SECRET_KEY", environment.admin->secret_key);
    line(out, "SCW_DEFAULT_PROJECT_ID", environment.admin->project_id);
    line(out, "SCW_DEFAULT_ORGANIZATION_ID", environment.admin->organization_id);
    line(out, "SCW_DEFAULT_REGION", "fr-par");
  }
  line(out, "SWITCHYARD_PID", std::to_string(pid));
  return out;
}

}  // namespace switchyard::server
