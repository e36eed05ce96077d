#pragma once
#include "parley/base/condition.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/booking/booking.hpp"
#include "parley/business/businesses.hpp"
#include "parley/events/subscriptions.hpp"
#include "parley/health/monitor.hpp"
#include "parley/knowledge/knowledge.hpp"
#include "parley/net/client.hpp"
#include "parley/queue/queue.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/synthesizer.hpp"
#include "parley/store/objects.hpp"
#include "speech_engines.hpp"

namespace parley::app {

/// What the probes and the suite's steps look at. All of them outlive both.
struct CheckedParts {
  Clock& clock;
  Random& random;
  store::Database& database;
  store::ObjectStore& objects;
  net::HttpClient& http;
  queue::Queue& queue;
  business::Businesses& businesses;
  booking::Booking& booking;
  knowledge::KnowledgeBase& knowledge;
  speech::Recognizer& recognizer;
  speech::Synthesizer& voice;  ///< the engines themselves: a cache would speak without them
  WorkerPool& files;
};

/// Something that nodes share and that tells its own condition.
struct SharedService {
  std::string name;
  std::string kind;
  std::string advice;
  std::function<Condition()> condition;
};

/// Where the server's own API answers, and the carrier's account; known when the port is open.
struct CheckedAddresses {
  std::string own_url;      ///< "http://127.0.0.1:8080"
  std::string data_folder;  ///< its disk is watched
  std::string twilio_url;
  std::string twilio_sid;  ///< empty: no account
  std::string twilio_token;
};

/// A probe for each thing configured.
void add_probes(health::Monitor& monitor, const CheckedParts& parts,
                const CheckedAddresses& addresses);
/// The same for what needs no asking.
void add_probe(health::Monitor& monitor, SharedService service);

/// A speech service outside, by a question that costs nothing.
void add_probe(health::Monitor& monitor, net::HttpClient& http, SpeechService service);

/// Whether something that follows the event log stands still or is far behind.
void add_probe(health::Monitor& monitor, events::Subscriptions& subscriptions);

/// A sentence as audio. Errors: corrupt when it is silent.
Task<audio::Samples> say(speech::Synthesizer& synthesizer, Context ctx, std::string text);

}  // namespace parley::app
