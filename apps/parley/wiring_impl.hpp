#pragma once
#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include "alerting.hpp"
#include "api_settings.hpp"
#include "data_folder.hpp"
#include "demo.hpp"
#include "dialogue_engines.hpp"
#include "eval_calls.hpp"
#include "event_settings.hpp"
#include "gateway_settings.hpp"
#include "integration_suite.hpp"
#include "language_engines.hpp"
#include "node_sharing.hpp"
#include "object_storage.hpp"
#include "parley/api/api.hpp"
#include "parley/auth/auth.hpp"
#include "parley/auth/master_key.hpp"
#include "parley/auth/permissions.hpp"
#include "parley/auth/sweeping.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/booking/tools.hpp"
#include "parley/business/kept_messages.hpp"
#include "parley/calls/call_service.hpp"
#include "parley/calls/carrier_recordings.hpp"
#include "parley/dialog/builtin.hpp"
#include "parley/events/commit_news.hpp"
#include "parley/events/live_feed.hpp"
#include "parley/events/retention.hpp"
#include "parley/events/subscription_metrics.hpp"
#include "parley/knowledge/tools.hpp"
#include "parley/net/server.hpp"
#include "parley/providers/otlp/exporter.hpp"
#include "parley/providers/twilio/carrier.hpp"
#include "parley/providers/twilio/inbox_callbacks.hpp"
#include "parley/providers/twilio/recorder.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/saga/saga.hpp"
#include "parley/store/migrations.hpp"
#include "parley/telemetry/load_watch.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/telemetry/trace.hpp"
#include "parley/webhooks/webhooks.hpp"
#include "parley/webvoice/web_voice.hpp"
#include "run_blocking.hpp"
#include "service_policies.hpp"
#include "speech_engines.hpp"
#include "vector_stores.hpp"
#include "wiring.hpp"

namespace parley::app {

/// Numbers of the settings, read once and checked before anything starts.
struct Numbers {
  std::size_t io_threads;
  std::size_t max_connections;
  std::size_t most_calls;
  std::size_t reserved_inbound;
  std::size_t speech_threads;
  std::size_t document_bytes;
  Duration end_of_turn;
  Duration drain;
  Duration late_loop;  ///< a node whose loops are later than this takes no new calls
  Duration alert_after;
  std::optional<Duration> keep_events;  ///< none: for ever
};

/// Where spans go, by the settings telemetry.*.
providers::otlp::Options span_options(const Settings& settings);

/// Members stand in the order of their making; they go in the opposite one.
struct Server::Impl {
  Impl(const Settings& given, Options given_options) : settings(given), options(given_options) {}

  Result<Ready> start();
  Result<void> open_foundations();
  Result<void> make_integration();
  void make_checks();
  Result<void> make_gateway();
  Result<void> make_sharing();
  Result<void> make_business_parts();
  Result<void> make_engines();
  Result<void> make_carrier_recordings();
  void make_evals();
  // wiring_load.cpp
  LoadWatch& make_load();
  void watch_load();
  void add_load_probe();
  void connect_evals(const std::string& auth_token);
  Result<Ready> make_owner();
  Result<std::string> open_port();
  void mount_web_voice();
  Result<void> show_demo_in_browser(Context ctx);
  Task<void> store_command_line_key(const auth::Sessions::FirstOwner& owner);
  void run();
  asio::awaitable<void> serve();
  asio::awaitable<void> leave_kept_messages();
  asio::awaitable<void> shut_down();

  const Settings& settings;
  Options options;
  Numbers numbers{};
  api::ApiOptions api_options;
  Listen listen;
  SystemClock clock;
  SystemRandom random;
  providers::otlp::Exporter spans{clock, metrics::process_registry(), span_options(settings)};
  trace::Tracer tracer{clock, random, spans};

  // One io_context a core; the first also carries what belongs to no call.
  std::vector<std::unique_ptr<asio::io_context>> loops;
  std::optional<LoadWatch> load;
  /// Told to stop, from before the port opens: what comes before run() waits for it.
  std::optional<asio::signal_set> signals;
  asio::io_context& main_loop() { return *loops.front(); }
  std::optional<DataFolder> folder;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<WorkerPool> files;
  std::unique_ptr<WorkerPool> hashing;
  std::unique_ptr<WorkerPool> indexing;
  std::unique_ptr<WorkerPool> recognizing;
  std::unique_ptr<WorkerPool> speaking;
  std::unique_ptr<NodeSharing> sharing;
  std::unique_ptr<queue::Broker> job_broker;
  std::unique_ptr<net::HttpClient> http;
  resilience::Policies policies{clock, random, metrics::process_registry(), tracer};
  std::optional<ServicePolicies> service_policies;
  std::unique_ptr<store::ObjectStore> objects;
  std::optional<auth::MasterKey> master;
  auth::Auth auth;

  std::unique_ptr<business::Businesses> businesses;
  std::unique_ptr<business::Messages> messages;
  std::unique_ptr<business::KeptMessages> kept_messages;
  std::unique_ptr<booking::Booking> booking;
  VectorStores vector_stores;
  std::unique_ptr<knowledge::KnowledgeBase> knowledge;
  std::unique_ptr<dialog::Vocabulary> vocabulary;
  std::unique_ptr<dialog::ToolBox> tools;
  providers::twilio::Options twilio_options;
  resilience::Policy* twilio_policy = nullptr;
  std::unique_ptr<providers::twilio::TwilioRecorder> twilio_recorder;
  std::unique_ptr<calls::CarrierRecordings> carrier_recordings;
  LanguageEngines language;
  std::unique_ptr<DialogueEngines> dialogues;
  SpeechEngines engines;
  std::unique_ptr<calls::CallService> calls;
  std::unique_ptr<events::LiveFeed> feed;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<saga::Sagas> sagas;
  std::unique_ptr<webhooks::Webhooks> webhooks;
  std::unique_ptr<events::Subscriptions> subscriptions;
  std::unique_ptr<events::CommitNews> commit_news;  ///< null: no other node can be
  std::unique_ptr<health::Monitor> health;
  std::unique_ptr<health::Suite> suite;
  std::unique_ptr<business::PublishingGate> publishing_gate;
  std::unique_ptr<business::AgentVersions> agent_versions;
  std::unique_ptr<EvalCalls> eval_calls;
  std::unique_ptr<evals::Evals> evals;
  std::unique_ptr<WorkerPool> mailing;
  Alerting alerting;
  std::unique_ptr<providers::twilio::Callbacks> twilio_callbacks;
  std::unique_ptr<providers::twilio::TwilioCarrier> twilio;
  std::unique_ptr<webvoice::Sites> sites;
  std::unique_ptr<webvoice::WebVoice> web_voice;
  std::string demo_business;  ///< whose widget GET /demo has; empty without --demo
  std::unique_ptr<WorkerPool> transforming;
  std::unique_ptr<gateway::Gateway> gateway;

  net::Router router;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<TaskGroup> tasks;
};

}  // namespace parley::app
