// The OpenAPI document: paths from the table of operations, schemas as they stand here.
#include "plugins/aws/json_writer.h"
#include "plugins/aws/text.h"
#include "plugins/control/routes.h"

namespace switchyard::control {
namespace {

// clang-format off
constexpr std::string_view kSchemas = R"json({
  "Account": {"properties":{"created_at":{"format":"date-time","type":"string"},"declared":{"type":"boolean"},"id":{"type":"string"},"limits":{"$ref":"#/components/schemas/Limits"},"name":{"type":"string"},"project_id":{"type":"string"},"protocol":{"type":"string"},"region":{"type":"string"},"updated_at":{"format":"date-time","type":"string"},"usage":{"$ref":"#/components/schemas/Usage"}},"required":["created_at","declared","id","limits","name","project_id","protocol","region","updated_at","usage"],"type":"object"},
  "AccountList": {"properties":{"accounts":{"items":{"$ref":"#/components/schemas/Account"},"type":"array"},"total_count":{"type":"integer"}},"required":["accounts","total_count"],"type":"object"},
  "Credential": {"properties":{"expires_at":{"format":"date-time","type":"string"},"id":{"format":"uuid","type":"string"},"name":{"type":"string"},"namespace_id":{"type":"string"},"nats_credentials":{"properties":{"content":{"type":"string"}},"required":["content"],"type":"object"},"protocol":{"enum":["nats","sqs_sns"],"type":"string"},"sqs_sns_credentials":{"properties":{"access_key":{"type":"string"},"permissions":{"$ref":"#/components/schemas/Permissions"},"secret_key":{"type":["string","null"]}},"required":["access_key","permissions"],"type":"object"}},"required":["id","name","namespace_id","protocol"],"type":"object"},
  "CredentialList": {"properties":{"credentials":{"items":{"$ref":"#/components/schemas/Credential"},"type":"array"},"total_count":{"type":"integer"}},"required":["credentials","total_count"],"type":"object"},
  "CredentialUpdate": {"properties":{"expires_at":{"type":"string"},"name":{"type":"string"},"permissions":{"$ref":"#/components/schemas/PermissionsUpdate"}},"required":[],"type":"object"},
  "Deactivation": {"properties":{"force_delete":{"type":"boolean"},"project_id":{"format":"uuid","type":"string"}},"required":["project_id"],"type":"object"},
  "Error": {"properties":{"details":{"items":{"type":"object"},"type":"array"},"message":{"type":"string"},"type":{"type":"string"}},"required":["message","type"],"type":"object"},
  "Limits": {"properties":{"max_connections":{"properties":{"own":{"type":"boolean"},"value":{"type":"integer"}},"required":["own","value"],"type":"object"},"max_message_bytes":{"properties":{"own":{"type":"boolean"},"value":{"type":"integer"}},"required":["own","value"],"type":"object"},"max_stored_bytes":{"properties":{"own":{"type":"boolean"},"value":{"type":"integer"}},"required":["own","value"],"type":"object"},"requests_per_second":{"properties":{"own":{"type":"boolean"},"value":{"type":"integer"}},"required":["own","value"],"type":"object"}},"required":["max_connections","max_message_bytes","max_stored_bytes","requests_per_second"],"type":"object"},
  "LimitsUpdate": {"properties":{"max_connections":{"maxLength":0,"type":["integer","string"]},"max_message_bytes":{"maxLength":0,"maximum":1048576,"minimum":1,"type":["integer","string"]},"max_stored_bytes":{"maxLength":0,"type":["integer","string"]},"requests_per_second":{"maxLength":0,"type":["integer","string"]}},"required":[],"type":"object"},
  "NameUpdate": {"properties":{"name":{"type":"string"}},"required":[],"type":"object"},
  "Namespace": {"properties":{"created_at":{"format":"date-time","type":"string"},"endpoint":{"type":"string"},"id":{"type":"string"},"name":{"type":"string"},"project_id":{"format":"uuid","type":"string"},"protocol":{"enum":["nats","sqs_sns"],"type":"string"},"region":{"type":"string"},"updated_at":{"format":"date-time","type":"string"}},"required":["created_at","endpoint","id","name","project_id","protocol","region","updated_at"],"type":"object"},
  "NamespaceList": {"properties":{"namespaces":{"items":{"$ref":"#/components/schemas/Namespace"},"type":"array"},"total_count":{"type":"integer"}},"required":["namespaces","total_count"],"type":"object"},
  "NamespaceUpdate": {"properties":{"name":{"type":"string"},"namespace_id":{"type":"string"}},"required":["namespace_id"],"type":"object"},
  "NatsAccount": {"properties":{"created_at":{"format":"date-time","type":"string"},"endpoint":{"type":"string"},"id":{"type":"string"},"name":{"type":"string"},"project_id":{"format":"uuid","type":"string"},"region":{"type":"string"},"updated_at":{"format":"date-time","type":"string"}},"required":["created_at","endpoint","id","name","project_id","region","updated_at"],"type":"object"},
  "NatsAccountList": {"properties":{"nats_accounts":{"items":{"$ref":"#/components/schemas/NatsAccount"},"type":"array"},"total_count":{"type":"integer"}},"required":["nats_accounts","total_count"],"type":"object"},
  "NatsCredentials": {"properties":{"checksum":{"type":"string"},"created_at":{"format":"date-time","type":"string"},"credentials":{"properties":{"content":{"type":"string"},"name":{"type":"string"}},"required":["content","name"],"type":["object","null"]},"expires_at":{"format":"date-time","type":"string"},"id":{"format":"uuid","type":"string"},"name":{"type":"string"},"nats_account_id":{"type":"string"},"region":{"type":"string"},"updated_at":{"format":"date-time","type":"string"}},"required":["checksum","created_at","credentials","id","name","nats_account_id","region","updated_at"],"type":"object"},
  "NatsCredentialsList": {"properties":{"nats_credentials":{"items":{"$ref":"#/components/schemas/NatsCredentials"},"type":"array"},"total_count":{"type":"integer"}},"required":["nats_credentials","total_count"],"type":"object"},
  "NewCredential": {"properties":{"expires_at":{"type":"string"},"name":{"type":"string"},"namespace_id":{"type":"string"},"permissions":{"$ref":"#/components/schemas/PermissionsUpdate"}},"required":["namespace_id"],"type":"object"},
  "NewNamespace": {"properties":{"name":{"type":"string"},"project_id":{"format":"uuid","type":"string"},"protocol":{"enum":["nats","sqs_sns"],"type":"string"}},"required":["project_id","protocol"],"type":"object"},
  "NewNatsAccount": {"properties":{"name":{"type":"string"},"project_id":{"format":"uuid","type":"string"}},"required":["project_id"],"type":"object"},
  "NewNatsCredentials": {"properties":{"expires_at":{"type":"string"},"name":{"type":"string"},"nats_account_id":{"type":"string"}},"required":["nats_account_id"],"type":"object"},
  "NewServiceCredentials": {"properties":{"expires_at":{"type":"string"},"name":{"type":"string"},"permissions":{"$ref":"#/components/schemas/PermissionsUpdate"},"project_id":{"format":"uuid","type":"string"}},"required":["project_id"],"type":"object"},
  "Permissions": {"properties":{"can_manage":{"type":"boolean"},"can_publish":{"type":"boolean"},"can_receive":{"type":"boolean"}},"required":["can_manage","can_publish","can_receive"],"type":"object"},
  "PermissionsUpdate": {"properties":{"can_manage":{"type":"boolean"},"can_publish":{"type":"boolean"},"can_receive":{"type":"boolean"}},"required":[],"type":"object"},
  "Project": {"properties":{"project_id":{"format":"uuid","type":"string"}},"required":["project_id"],"type":"object"},
  "ServiceCredentials": {"properties":{"access_key":{"type":"string"},"created_at":{"format":"date-time","type":"string"},"expires_at":{"format":"date-time","type":"string"},"id":{"format":"uuid","type":"string"},"name":{"type":"string"},"permissions":{"$ref":"#/components/schemas/Permissions"},"project_id":{"format":"uuid","type":"string"},"region":{"type":"string"},"secret_checksum":{"type":"string"},"secret_key":{"type":"string"},"updated_at":{"format":"date-time","type":"string"}},"required":["access_key","created_at","id","name","permissions","project_id","region","secret_checksum","secret_key","updated_at"],"type":"object"},
  "SnsCredentialsList": {"properties":{"sns_credentials":{"items":{"$ref":"#/components/schemas/ServiceCredentials"},"type":"array"},"total_count":{"type":"integer"}},"required":["sns_credentials","total_count"],"type":"object"},
  "SnsInfo": {"properties":{"created_at":{"format":"date-time","type":["string","null"]},"project_id":{"format":"uuid","type":"string"},"region":{"type":"string"},"sns_endpoint_url":{"type":"string"},"status":{"enum":["enabled","disabled"],"type":"string"},"updated_at":{"format":"date-time","type":["string","null"]}},"required":["created_at","project_id","region","sns_endpoint_url","status","updated_at"],"type":"object"},
  "SqsCredentialsList": {"properties":{"sqs_credentials":{"items":{"$ref":"#/components/schemas/ServiceCredentials"},"type":"array"},"total_count":{"type":"integer"}},"required":["sqs_credentials","total_count"],"type":"object"},
  "SqsInfo": {"properties":{"created_at":{"format":"date-time","type":["string","null"]},"project_id":{"format":"uuid","type":"string"},"region":{"type":"string"},"sqs_endpoint_url":{"type":"string"},"status":{"enum":["enabled","disabled"],"type":"string"},"updated_at":{"format":"date-time","type":["string","null"]}},"required":["created_at","project_id","region","sqs_endpoint_url","status","updated_at"],"type":"object"},
  "Usage": {"properties":{"credentials":{"type":"integer"},"stored_bytes":{"type":"integer"},"streams":{"type":"integer"}},"required":["credentials","stored_bytes","streams"],"type":"object"}
})json";
// clang-format on

void write_schema(std::string& out, std::string_view name) {
  out.append(R"({"application/json":{"schema":{"$ref":"#/components/schemas/)").append(name).append("\"}}}");
}

void write_parameter(std::string& out, std::string_view name, std::string_view place) {
  const bool required = place == "path" || name.ends_with('!');
  if (name.ends_with('!')) name.remove_suffix(1);
  if (out.back() != '[') out += ',';
  out.append(R"({"in":")").append(place).append(R"(","name":")").append(name);
  out.append(required ? R"(","required":true,)" : R"(",)").append(R"("schema":{"type":"string"}})");
}

void write_parameters(std::string& out, const Operation& operation) {
  out += "\"parameters\":[";
  for (std::string_view rest = operation.path; !rest.empty();) {
    const auto segment = aws::take_until(rest, '/');
    if (segment.starts_with('{')) write_parameter(out, segment.substr(1, segment.size() - 2), "path");
  }
  for (std::string_view rest = operation.query; !rest.empty();)
    write_parameter(out, aws::take_until(rest, ' '), "query");
  out += ']';
}

void write_operation(std::string& out, const Operation& operation) {
  for (const char c : operation.method) out += aws::lower(c);
  out.append(R"(":{"operationId":")").append(operation.id).append("\",");
  write_parameters(out, operation);
  if (!operation.request.empty()) {
    out += R"(,"requestBody":{"content":)";
    write_schema(out, operation.request);
    out += R"(,"required":true})";
  }
  out += operation.response.empty() ? R"(,"responses":{"204":{"description":"Done")"
                                    : R"(,"responses":{"200":{"content":)";
  if (!operation.response.empty()) {
    write_schema(out, operation.response);
    out += R"(,"description":"Done")";
  }
  out += R"(},"default":{"content":)";
  write_schema(out, "Error");
  out.append(R"(,"description":"Refused"}},"summary":")").append(operation.summary).append("\"}");
}

}  // namespace

std::string openapi_document() {
  std::string out = R"({"openapi":"3.1.0","info":{"title":"Switchyard control API","version":"1"},)";
  out += R"("security":[{"token":[]}],"paths":{)";
  std::string_view path;
  // Operations of one path stand together or apart; a path is written once.
  const auto all = operations();
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool written = false;
    for (std::size_t before = 0; before < i; ++before) written = written || all[before].path == all[i].path;
    if (written) continue;
    path = all[i].path;
    if (out.back() != '{') out += ',';
    out.append("\"").append(path).append("\":{");
    bool first = true;
    for (std::size_t same = i; same < all.size(); ++same) {
      if (all[same].path != path) continue;
      out += first ? "\"" : ",\"";
      first = false;
      write_operation(out, all[same]);
    }
    out += '}';
  }
  out +=
      R"(},"components":{"securitySchemes":{"token":{"type":"apiKey","in":"header","name":"X-Auth-Token"}},"schemas":)";
  out.append(kSchemas).append("}}");
  return out;
}

}  // namespace switchyard::control
