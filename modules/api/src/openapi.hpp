#pragma once
#include "route.hpp"

namespace parley::api {

/// The OpenAPI 3.1 document of the table, as JSON text.
std::string openapi_document(const RouteTable& table, const ApiOptions& options);

/// The names in "/calls/{id}/timeline".
std::vector<std::string> path_names(std::string_view path);

}  // namespace parley::api
