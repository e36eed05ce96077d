#include "stand_ins.hpp"

#include <fmt/format.h>

#include <map>

#include "parley/base/strings.hpp"
#include "parley/simulators/anthropic_simulator.hpp"
#include "parley/simulators/deepgram_simulator.hpp"
#include "parley/simulators/elevenlabs_simulator.hpp"
#include "parley/simulators/openai_audio.hpp"
#include "parley/simulators/openai_embeddings.hpp"
#include "parley/simulators/openai_simulator.hpp"
#include "parley/simulators/pinecone_simulator.hpp"
#include "parley/simulators/s3_simulator.hpp"
#include "parley/simulators/smtp_sink.hpp"
#include "parley/simulators/twilio_simulator.hpp"
#include "parley/simulators/webhook_receiver.hpp"

namespace parley::app {

namespace {

using StandInSettings = std::vector<std::pair<std::string, std::string>>;

Result<std::map<std::string, simulators::Callee>> callees_in(const std::vector<std::string>& all) {
  using Answer = simulators::Callee::Answer;
  const std::map<std::string, Answer> answers{
      {"busy", Answer::busy}, {"no-answer", Answer::no_answer}, {"failed", Answer::failed}};
  std::map<std::string, simulators::Callee> callees;
  for (auto& one : all) {
    auto parts = split(one, '=');
    auto number = normalize_e164(parts[0]);
    if (parts.size() != 2 || !number || parts[1].empty())
      return fail(Errc::invalid, fmt::format("--callee {}: it is NUMBER=busy, no-answer, failed, "
                                             "human or machine_start",
                                             one));
    auto& callee = callees[*number];
    if (auto found = answers.find(parts[1]); found != answers.end())
      callee.answer = found->second;
    else
      callee.answered_by = parts[1];
  }
  return callees;
}

/// Starts one that speaks HTTP. `settings_at` gives what points a server at its address.
template <class Simulator, class SettingsAt>
Result<StandIn> start_http(std::string_view name, const StandInPlace& place,
                           std::shared_ptr<Simulator> simulator, SettingsAt settings_at,
                           std::string note) {
  if (auto good = simulator->start(); !good) return std::unexpected(good.error());
  auto address = listening_url("http://", place.where.address, simulator->port());
  StandIn one{std::string(name), address, settings_at(address), std::move(note)};
  one.faults = &simulator->server().faults();
  one.seen = [simulator] { return simulator->server().seen(); };
  one.stop = [simulator] { return simulator->stop(TimePoint::min()); };
  return one;
}

Result<StandIn> start_twilio(StandInPlace place) {
  auto callees = callees_in(place.callees);
  if (!callees) return std::unexpected(callees.error());
  simulators::TwilioSimulatorOptions account;
  account.where = place.where;
  account.callees = std::move(*callees);
  auto twilio = std::make_shared<simulators::TwilioSimulator>(place.executor, place.clock,
                                                              place.random, place.http, account);
  auto settings = [&](const std::string& address) {
    return StandInSettings{{"PARLEY_TWILIO_API_URL", address},
                           {"PARLEY_TWILIO_ACCOUNT_SID", account.account_sid},
                           {"PARLEY_TWILIO_AUTH_TOKEN", account.auth_token}};
  };
  return start_http("twilio", place, std::move(twilio), settings,
                    "the account's number is " + account.numbers.front());
}

Result<StandIn> start_s3(StandInPlace place) {
  simulators::S3SimulatorOptions store;
  store.where = place.where;
  auto s3 =
      std::make_shared<simulators::S3Simulator>(place.executor, place.clock, place.random, store);
  auto settings = [&](const std::string& address) {
    return StandInSettings{{"PARLEY_OBJECTS_URL", "s3://" + store.buckets.front()},
                           {"PARLEY_OBJECTS_ENDPOINT", address},
                           {"PARLEY_OBJECTS_REGION", store.region},
                           {"PARLEY_S3_ACCESS_KEY_ID", store.credentials.access_key},
                           {"PARLEY_S3_SECRET_ACCESS_KEY", store.credentials.secret_key}};
  };
  return start_http("s3", place, std::move(s3), settings, "objects are in memory");
}

Result<StandIn> start_smtp(StandInPlace place) {
  auto smtp = std::make_shared<simulators::SmtpSink>(place.executor, place.clock, place.where);
  if (auto good = smtp->start(); !good) return std::unexpected(good.error());
  auto address = listening_url("smtp://", place.where.address, smtp->port());
  StandIn one{
      "smtp", address, {{"PARLEY_ALERTS_MAIL_URL", address}}, "takes every mail, delivers none"};
  one.faults = &smtp->faults();
  one.seen = [smtp] { return smtp->seen(); };
  one.stop = [smtp] { return smtp->stop(); };
  return one;
}

Result<StandIn> start_webhook_receiver(StandInPlace place) {
  // Of the seed, so that a receiver that is started again takes the same signatures.
  SeededRandom of_seed(place.where.seed);
  auto secret = webhooks::StandardSecret::make(of_seed);
  auto receiver = std::make_shared<simulators::WebhookReceiver>(place.executor, place.clock,
                                                                place.random, secret, place.where);
  auto settings = [&](const std::string& address) {
    return StandInSettings{{"PARLEY_ALERTS_WEBHOOK_URL", address},
                           {"PARLEY_ALERTS_WEBHOOK_SECRET", secret.text()}};
  };
  return start_http("webhook-receiver", place, std::move(receiver), settings,
                    "takes POST on any path");
}

Result<StandIn> start_anthropic(StandInPlace place) {
  simulators::AnthropicSimulatorOptions account;
  account.where = place.where;
  auto anthropic = std::make_shared<simulators::AnthropicSimulator>(place.executor, place.clock,
                                                                    place.random, account);
  auto settings = [&](const std::string& address) {
    return StandInSettings{{"PARLEY_ANTHROPIC_API_URL", address},
                           {"PARLEY_ANTHROPIC_API_KEY", account.api_key}};
  };
  return start_http("anthropic", place, std::move(anthropic), settings,
                    "a receptionist of a few rules");
}

constexpr std::string_view phrases_note = "PUT /_simulator/phrases: what callers say, a line each";

Result<StandIn> start_deepgram(StandInPlace place) {
  simulators::DeepgramSimulatorOptions account;
  account.where = place.where;
  auto deepgram = std::make_shared<simulators::DeepgramSimulator>(place.executor, place.clock,
                                                                  place.random, account);
  auto settings = [&](const std::string& address) {
    return StandInSettings{{"PARLEY_DEEPGRAM_API_URL", address},
                           {"PARLEY_DEEPGRAM_API_KEY", account.api_key}};
  };
  return start_http("deepgram", place, std::move(deepgram), settings, std::string(phrases_note));
}

Result<StandIn> start_elevenlabs(StandInPlace place) {
  simulators::ElevenLabsSimulatorOptions account;
  account.where = place.where;
  auto elevenlabs = std::make_shared<simulators::ElevenLabsSimulator>(place.executor, place.clock,
                                                                      place.random, account);
  auto settings = [&](const std::string& address) {
    return StandInSettings{{"PARLEY_ELEVENLABS_API_URL", address},
                           {"PARLEY_ELEVENLABS_API_KEY", account.api_key}};
  };
  return start_http("elevenlabs", place, std::move(elevenlabs), settings,
                    std::string(phrases_note));
}

/// Chat completions and audio at one address, as OpenAI has them.
struct WholeOpenAi : simulators::OpenAiSimulator {
  WholeOpenAi(const StandInPlace& place, const simulators::OpenAiSimulatorOptions& account)
      : OpenAiSimulator(place.executor, place.clock, place.random, account) {
    audio.options.api_key = account.api_key;
    simulators::add_openai_audio(server(), place.clock, audio);
    simulators::add_openai_embeddings(server(), {.api_key = account.api_key});
  }
  simulators::OpenAiAudio audio;
};

Result<StandIn> start_openai(StandInPlace place) {
  simulators::OpenAiSimulatorOptions account;
  account.where = place.where;
  auto openai = std::make_shared<WholeOpenAi>(place, account);
  auto settings = [&](const std::string& address) {
    return StandInSettings{{"PARLEY_OPENAI_API_URL", address + "/v1"},
                           {"PARLEY_OPENAI_API_KEY", account.api_key}};
  };
  return start_http("openai", place, std::move(openai), settings,
                    "the same receptionist behind chat completions, and audio");
}

Result<StandIn> start_pinecone(StandInPlace place) {
  simulators::PineconeSimulatorOptions index;
  index.where = place.where;
  auto pinecone = std::make_shared<simulators::PineconeSimulator>(place.executor, place.clock,
                                                                  place.random, index);
  auto settings = [&](const std::string& address) {
    return StandInSettings{{"PARLEY_KNOWLEDGE_VECTORS", "pinecone"},
                           {"PARLEY_PINECONE_API_URL", address},
                           {"PARLEY_PINECONE_API_KEY", index.api_key},
                           {"PARLEY_PINECONE_INDEX", index.index}};
  };
  return start_http("pinecone", place, std::move(pinecone), settings,
                    "an index for the built-in embedding, in memory");
}

constexpr StandInKind kinds[]{
    {"twilio", start_twilio},       {"s3", start_s3},
    {"smtp", start_smtp},           {"webhook-receiver", start_webhook_receiver},
    {"anthropic", start_anthropic}, {"openai", start_openai},
    {"deepgram", start_deepgram},   {"elevenlabs", start_elevenlabs},
    {"pinecone", start_pinecone},
};

}  // namespace

std::span<const StandInKind> stand_in_kinds() { return kinds; }

std::vector<std::string> stand_in_names() {
  std::vector<std::string> names;
  for (const auto& kind : kinds) names.emplace_back(kind.name);
  return names;
}

std::string listening_url(std::string_view scheme, const std::string& address, std::uint16_t port) {
  bool is_v6 = address.contains(':');
  return fmt::format("{}{}{}{}:{}", scheme, is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
}

}  // namespace parley::app
