#include "parley/testkit/caller_audio.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"

namespace parley::testkit {

HumanVoice human_voice(const std::string& name) {
  const std::string base = std::string(PARLEY_TESTKIT_DATA) + "/" + name;
  std::ifstream file(base + ".wav", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  auto wav = audio::read_wav(as_bytes(bytes));
  if (!wav) throw std::runtime_error(base + ".wav: " + wav.error().detail);
  std::ifstream text(base + ".txt");
  std::string words{std::istreambuf_iterator<char>(text), {}};
  return {std::move(wav->samples), std::string(trim(words))};
}

}  // namespace parley::testkit
