#pragma once
#include "endpoint.hpp"

namespace parley::owntools {

/// A tool that is one address: see OwnToolsParts.
std::shared_ptr<dialog::Tool> make_http_tool(const business::OwnTool& tool,
                                             std::shared_ptr<const Endpoint> endpoint);

/// A schema that stands for `{}` and whatever is known, with everything else allowed that it does
/// not forbid: JSON Schema's own default, which dialog turns round.
json::object open_schema(json::object schema);

}  // namespace parley::owntools
