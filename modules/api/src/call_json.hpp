#pragma once
#include "parley/calls/calls.hpp"

namespace parley::api {

json::object call_json(const calls::Call& call);

}  // namespace parley::api
