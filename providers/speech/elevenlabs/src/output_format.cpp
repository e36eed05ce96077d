#include "output_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace parley::providers::elevenlabs {

using streaming::Coding;

OutputFormat output_format(int wanted_hz) {
  constexpr std::array rates{16'000, 22'050, 24'000, 44'100, 48'000};
  if (wanted_hz == audio::telephone_rate_hz)
    return {"ulaw_8000", {Coding::mulaw, wanted_hz, wanted_hz}};
  auto rate = std::ranges::find(rates, wanted_hz) != rates.end() ? wanted_hz : 24'000;
  return {fmt::format("pcm_{}", rate), {Coding::pcm, rate, wanted_hz}};
}

std::string language_code(const std::string& model, const std::string& language) {
  return model.ends_with("_v2_5") ? language.substr(0, language.find('-')) : "";
}

}  // namespace parley::providers::elevenlabs
