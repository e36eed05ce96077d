#pragma once
#include <atomic>
#include <thread>

#include "http_client.hpp"
#include "live_in_memory.hpp"
#include "parley/api/api.hpp"
#include "parley/testkit/database_on_trial.hpp"
#include "parley/testkit/database_test.hpp"
#include "parley/testkit/objects_on_trial.hpp"
#include "raced_businesses.hpp"
#include "route.hpp"

namespace parley::api::testing {

/// Calls in memory, bound to their organization as the real ones are.
class CallsInMemory final : public calls::Calls {
 public:
  Task<calls::CallList> list(Context ctx, calls::CallQuery query) override;
  Task<calls::Call> get(Context ctx, CallId id) override;
  Task<std::vector<calls::TimelineItem>> timeline(Context ctx, CallId id) override;
  Task<std::vector<calls::TranscriptTurn>> transcript(Context ctx, CallId id) override;
  Task<calls::Recording> recording(Context ctx, CallId id) override;
  Task<std::vector<std::byte>> recording_part(Context ctx, calls::Recording recording,
                                              std::uint64_t first, std::size_t size_bytes) override;
  Task<calls::Call> hang_up(Context ctx, CallId id) override;
  calls::LiveCalls& live() noexcept override { return live_calls; }

  LiveInMemory live_calls{*this};
  std::mutex mutex;
  std::vector<calls::Call> calls;
  std::string sound = "RIFF0123456789";
  std::atomic<std::size_t> largest_part = 0;  ///< that was asked for
};

struct Ask {
  std::string method = "GET";
  std::string target;
  std::string token;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The whole API on a real server and a real database, with an organization that has one of each:
/// its people by role, a business with a service, a document, an appointment, a call, a key. And
/// another organization, which must never see any of it.
class ApiTest : public testkit::DatabaseTest {
 public:
  ApiTest();
  ~ApiTest() override;
  void SetUp() override;
  void TearDown() override;
  virtual ApiOptions options() const;

  /// What the API works on; db() is behind it.
  testkit::DatabaseOnTrial& database();
  std::uint16_t port() const;
  /// Sends it and checks that the answer is as the route's declaration says.
  Answer ask(const Ask& request);
  Answer get(std::string path, std::string token);
  Answer send(std::string method, std::string path, std::string token, json::value body,
              std::vector<std::pair<std::string, std::string>> headers = {});
  static std::string text_of(const Ask& request);
  Answer upload(std::string token, std::string file_name, std::string content,
                std::vector<std::pair<std::string, std::string>> headers = {});

  std::string sign_in(const std::string& email);
  std::string token_of(Role role) { return tokens.at(role); }
  std::string owner() { return token_of(Role::owner); }

  static constexpr auto password = "correct horse";
  std::map<Role, std::string> tokens;
  auth::SignedIn first;     ///< the owner, as registered
  std::string other_owner;  ///< the other organization's token
  std::string other_business;
  std::string business;
  std::string service;
  std::string document;
  std::string appointment;
  std::string call;
  std::string user;
  std::string key;
  std::string endpoint;
  std::string source;
  std::string inbox_event;
  std::string delivery;
  std::string suite_run;
  std::string scenario;
  std::string eval_run;
  std::string dead_job;          ///< for /jobs: retried by whoever tries everything
  std::string dead_letter;       ///< to be replayed
  std::string discarded_letter;  ///< to be removed
  std::string saga;
  std::atomic<bool> cache_away = false;
  std::atomic<bool> voice_away = false;
  std::string gateway_route;
  /// A local time that can be booked; another with each call.
  std::string free_time();
  json::object booking_body(std::string local_start);

  RouteTable table = route_table();
  CallsInMemory calls;
  RacedBusinesses& businesses();
  /// Of uploads.
  testkit::ObjectsOnTrial& disk();
  resilience::Policy& carrier_policy();  ///< of the service "carrier"

 protected:
  struct Parts;
  void open();
  void fill();
  void fill_webhooks();
  void fill_jobs();
  void fill_evals();
  void check_against_declaration(const Ask& request, const Answer& answer) const;
  const Route* route_of(std::string_view method, std::string_view target) const;

  std::unique_ptr<testkit::DatabaseOnTrial> database_;
  std::unique_ptr<Parts> parts_;
  int booked_ = 0;
};

}  // namespace parley::api::testing
