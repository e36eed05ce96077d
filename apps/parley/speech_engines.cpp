#include "speech_engines.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"
#include "parley/providers/deepgram/deepgram_recognizer.hpp"
#include "parley/providers/deepgram/deepgram_synthesizer.hpp"
#include "parley/providers/elevenlabs/elevenlabs_synthesizer.hpp"
#include "parley/providers/elevenlabs/scribe_recognizer.hpp"
#include "parley/providers/espeak/espeak_synthesizer.hpp"
#include "parley/providers/flite/flite_synthesizer.hpp"
#include "parley/providers/openai_audio/openai_synthesizer.hpp"
#include "parley/providers/pocketsphinx/pocketsphinx_recognizer.hpp"
#include "parley/speech/fallback.hpp"
#include "parley/speech/synthesis_cache.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::app {

namespace {

const std::vector<std::string> vendors{"deepgram", "elevenlabs", "openai"};

/// A conversation does not wait for retries: the next engine is asked.
resilience::PolicyOptions in_conversation(Duration attempt) {
  resilience::PolicyOptions options;
  options.attempt_timeout = attempt;
  options.total_timeout = attempt;
  options.retry.attempts = 1;
  options.breaker.min_calls = 5;
  options.bulkhead.max_running = 512;
  options.bulkhead.longest_wait = std::chrono::milliseconds(200);
  return options;
}

class Maker {
 public:
  explicit Maker(SpeechParts parts) : parts_(parts), settings_(parts.settings) {}

  Result<SpeechEngines> make() {
    auto hearing = order_of("speech.recognizers", {"pocketsphinx"});
    if (!hearing) return std::unexpected(hearing.error());
    auto speaking = order_of("speech.synthesizers", {"flite", "espeak"});
    if (!speaking) return std::unexpected(speaking.error());
    for (auto& name : *hearing)
      if (auto made = add_recognizer(name); !made) return std::unexpected(made.error());
    for (auto& name : *speaking)
      if (auto made = add_synthesizer(name); !made) return std::unexpected(made.error());
    if (auto joined = join_them(); !joined) return std::unexpected(joined.error());
    for (auto& vendor : vendors)
      if (std::ranges::find(*hearing, vendor) != hearing->end() ||
          std::ranges::find(*speaking, vendor) != speaking->end())
        engines_.services.push_back(service_of(vendor));
    return std::move(engines_);
  }

 private:
  const std::string& text(const std::string& key) const { return settings_.text(key); }

  /// A server of one's own that speaks like OpenAI may ask for no key.
  bool has_key(const std::string& vendor) const {
    if (!text(vendor + ".api_key").empty()) return true;
    return vendor == "openai" && settings_.is_set("openai.api_url");
  }

  /// What is named, or what has keys; then the embedded ones that are not named.
  Result<std::vector<std::string>> order_of(const std::string& key,
                                            std::vector<std::string> embedded) const {
    std::vector<std::string> order;
    auto known = vendors;
    known.insert(known.end(), embedded.begin(), embedded.end());
    for (auto& word : split(text(key), ' ')) {
      if (word.empty()) continue;
      if (std::ranges::find(known, word) == known.end()) {
        auto near = nearest(word, known);
        return fail(Errc::invalid, fmt::format("{}: there is no {}; {}", key, word,
                                               near ? "did you mean " + *near + "?"
                                                    : "there are " + join(known, ", ")));
      }
      bool is_vendor = std::ranges::find(vendors, word) != vendors.end();
      if (is_vendor && !has_key(word))
        return fail(Errc::invalid, fmt::format("{}: {} needs {}.api_key", key, word, word));
      bool is_new = std::ranges::find(order, word) == order.end();
      if (is_vendor && is_new) order.push_back(word);
    }
    if (text(key).empty())
      for (auto& vendor : vendors)
        if (!text(vendor + ".api_key").empty()) order.push_back(vendor);
    order.insert(order.end(), embedded.begin(), embedded.end());
    return order;
  }

  Result<void> add_recognizer(const std::string& name) {
    if (name == "pocketsphinx") {
      providers::pocketsphinx::PocketsphinxOptions options;
      options.model_directory = text("speech.model_dir");
      return keep(providers::pocketsphinx::PocketsphinxRecognizer::create(parts_.hearing, options));
    }
    auto patience = std::chrono::seconds(name == "openai" ? 8 : 2);
    auto policy = parts_.policies.add(name + "_recognition", in_conversation(patience));
    if (!policy) return std::unexpected(policy.error());
    auto& all = engines_.recognizers;
    if (name == "deepgram") {
      providers::deepgram::RecognizerAccount account;
      account.api_key = text("deepgram.api_key");
      account.api_url = text("deepgram.api_url");
      account.model = text("deepgram.model");
      all.push_back(std::make_unique<providers::deepgram::DeepgramRecognizer>(
          parts_.clock, **policy, std::move(account)));
    } else if (name == "elevenlabs") {
      providers::elevenlabs::RecognizerAccount account;
      account.api_key = text("elevenlabs.api_key");
      account.api_url = text("elevenlabs.api_url");
      account.model = text("elevenlabs.recognition_model");
      all.push_back(std::make_unique<providers::elevenlabs::ScribeRecognizer>(
          parts_.clock, **policy, std::move(account)));
    } else {
      providers::openai_audio::RecognizerAccount account{
          text("openai.api_key"), text("openai.api_url"), text("openai.transcription_model")};
      auto made = providers::openai_audio::OpenAiRecognizer::create(parts_.executor, parts_.clock,
                                                                    **policy, std::move(account));
      if (!made) return fail(Errc::invalid, "openai.api_url: " + made.error().detail);
      engines_.uploads = made->get();
      all.push_back(std::move(*made));
    }
    return {};
  }

  Result<void> add_synthesizer(const std::string& name) {
    auto& all = engines_.synthesizers;
    if (name == "flite") {
      all.push_back(std::make_unique<providers::flite::FliteSynthesizer>(parts_.speaking));
      return {};
    }
    if (name == "espeak") {
      all.push_back(
          std::make_unique<providers::espeak::EspeakSynthesizer>(parts_.clock, parts_.speaking));
      return {};
    }
    auto policy = parts_.policies.add(name + "_voice", in_conversation(std::chrono::seconds(5)));
    if (!policy) return std::unexpected(policy.error());
    if (name == "deepgram") {
      providers::deepgram::VoiceAccount account{text("deepgram.api_key"), text("deepgram.api_url"),
                                                text("deepgram.voice")};
      return keep_voice(name, providers::deepgram::DeepgramSynthesizer::create(
                                  parts_.clock, **policy, std::move(account)));
    }
    if (name == "openai") {
      providers::openai_audio::VoiceAccount account{text("openai.api_key"), text("openai.api_url"),
                                                    text("openai.speech_model"),
                                                    text("openai.speech_voice")};
      return keep_voice(name, providers::openai_audio::OpenAiSynthesizer::create(
                                  parts_.clock, **policy, std::move(account)));
    }
    using Transport = providers::elevenlabs::VoiceAccount::Transport;
    auto& transport = text("elevenlabs.transport");
    if (transport != "http" && transport != "websocket")
      return fail(Errc::invalid, "elevenlabs.transport: http or websocket");
    providers::elevenlabs::VoiceAccount account{
        text("elevenlabs.api_key"), text("elevenlabs.api_url"), text("elevenlabs.model"),
        text("elevenlabs.voice"), transport == "http" ? Transport::http : Transport::websocket};
    return keep_voice(name, providers::elevenlabs::ElevenLabsSynthesizer::create(
                                parts_.clock, **policy, std::move(account)));
  }

  template <class Engine>
  Result<void> keep(Result<std::unique_ptr<Engine>> made) {
    if (!made) return std::unexpected(made.error());
    engines_.recognizers.push_back(std::move(*made));
    return {};
  }
  template <class Engine>
  Result<void> keep_voice(const std::string& name, Result<std::unique_ptr<Engine>> made) {
    if (!made) return fail(Errc::invalid, name + ".api_url: " + made.error().detail);
    engines_.synthesizers.push_back(std::move(*made));
    return {};
  }

  Result<void> join_them() {
    auto answer = settings_.integer("speech.answer_ms", 100, 10'000);
    auto first_audio = settings_.integer("speech.first_audio_ms", 100, 10'000);
    auto rest = settings_.integer("speech.rest_seconds", 1, 600);
    for (auto* number : {&answer, &first_audio, &rest})
      if (!*number) return std::unexpected(number->error());
    speech::RecognizerFallbackOptions hearing;
    hearing.open_limit = hearing.answer_limit = std::chrono::milliseconds(*answer);
    hearing.rest = std::chrono::seconds(*rest);
    speech::SynthesizerFallbackOptions speaking;
    speaking.first_audio_limit = std::chrono::milliseconds(*first_audio);
    speaking.rest = std::chrono::seconds(*rest);
    auto tell = [](std::string kind) {
      return [kind](const std::string& engine, const Error& error) {
        log::warn("speech.fallback", {{"kind", kind},
                                      {"engine", engine},
                                      {"code", to_string(error.code)},
                                      {"reason", error.detail}});
      };
    };
    std::vector<speech::Recognizer*> ears;
    for (auto& one : engines_.recognizers) ears.push_back(one.get());
    std::vector<speech::Synthesizer*> voices;
    for (auto& one : engines_.synthesizers) voices.push_back(one.get());
    std::vector<speech::Synthesizer*> own(voices.end() - 2, voices.end());
    engines_.recognizer = std::make_unique<speech::FallbackRecognizer>(
        parts_.clock, std::move(ears), tell("recognition"), hearing);
    engines_.own_voice = std::make_unique<speech::FallbackSynthesizer>(parts_.clock, std::move(own),
                                                                       tell("voice"), speaking);
    engines_.voice_chain = std::make_unique<speech::FallbackSynthesizer>(
        parts_.clock, std::move(voices), tell("voice"), speaking);
    engines_.synthesizer = std::make_unique<speech::CachingSynthesizer>(*engines_.voice_chain);
    return {};
  }

  SpeechService service_of(const std::string& vendor) const {
    auto base = text(vendor + ".api_url");
    while (base.ends_with('/')) base.pop_back();
    // Language models have a probe of the vendor's name too.
    auto name = vendor == "openai" ? "openai_audio" : vendor;
    SpeechService service{name, "", {}, vendor + ".api_key"};
    auto& key = text(service.key_setting);
    if (vendor == "deepgram") {
      service.url = base + "/v1/projects";
      service.credentials = {"Authorization", "Token " + key};
    } else if (vendor == "elevenlabs") {
      service.url = base + "/v1/models";
      service.credentials = {"xi-api-key", key};
    } else {
      service.url = base + "/models";
      if (!key.empty()) service.credentials = {"Authorization", "Bearer " + key};
    }
    return service;
  }

  SpeechParts parts_;
  const Settings& settings_;
  SpeechEngines engines_;
};

}  // namespace

speech::Synthesizer& SpeechEngines::embedded_voice(std::string_view name) {
  auto found =
      std::ranges::find_if(synthesizers, [&](auto& one) { return one->name().starts_with(name); });
  if (found == synthesizers.end()) throw std::logic_error("no voice is " + std::string(name));
  return **found;
}

asio::awaitable<void> SpeechEngines::stop() {
  if (!uploads) co_return;
  auto stopping = uploads->stop();
  co_await std::move(stopping);
}

Result<SpeechEngines> make_speech_engines(SpeechParts parts) { return Maker(parts).make(); }

}  // namespace parley::app
