#pragma once
#include "parley/net/http.hpp"

namespace parley::s3 {

/// What an answer that is no success means to us.
Error error_of(const net::HttpResponse& response);

/// Whether a 200 holds an error after all, as the end of a parted upload may.
bool is_error_page(const net::HttpResponse& response);

}  // namespace parley::s3
