// The table of operations: one line per request that the API knows, from which requests are routed and the
// OpenAPI document is written, so that neither says what the other does not do.
//
// Thread: constants and pure functions.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "plugins/control/call.h"

namespace switchyard::control {

struct Operation {
  std::string_view method, path;  // "/mnq/v1beta1/regions/{region}/sqs-info"; "{region}" and one id
  std::string_view id, summary;
  std::string_view query;  // Names of query parameters, separated by spaces; '!' behind one that is required.
  std::string_view request, response;  // Names of schemas; an empty response is 204.
  void (*run)(Call& call);
};

std::span<const Operation> operations();

struct Match {
  const Operation* operation = nullptr;
  std::string region, id;
  std::string allowed;  // When the path is known and the method is not: the methods.
};
Match match_operation(std::string_view method, std::string_view path);

inline constexpr std::string_view kDocumentPath = "/mnq/openapi.json";
std::string openapi_document();

}  // namespace switchyard::control
