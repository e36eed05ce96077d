#pragma once
#include <string>
#include <vector>

#include "parley/providers/otlp/exporter.hpp"

namespace parley::providers::otlp {

/// An ExportTraceServiceRequest in OTLP's JSON: ids in hex, 64-bit numbers as text.
std::string request_of(const std::vector<trace::SpanRecord>& spans, const Options& options);

}  // namespace parley::providers::otlp
