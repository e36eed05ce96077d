#pragma once
#include <atomic>
#include <thread>

#include "http_client.hpp"
#include "parley/api/api.hpp"
#include "parley/store/objects.hpp"
#include "parley/testkit/database_test.hpp"
#include "route.hpp"

namespace parley::api::testing {

/// Calls in memory, bound to their organization as the real ones are.
class CallsInMemory final : public calls::Calls {
 public:
  Task<calls::CallList> list(Context ctx, calls::CallQuery query) override;
  Task<calls::Call> get(Context ctx, CallId id) override;
  Task<std::vector<calls::TimelineItem>> timeline(Context ctx, CallId id) override;
  Task<std::vector<calls::TranscriptTurn>> transcript(Context ctx, CallId id) override;
  Task<std::vector<std::byte>> recording(Context ctx, CallId id) override;
  Task<calls::Call> hang_up(Context ctx, CallId id) override;

  std::mutex mutex;
  std::vector<calls::Call> calls;
  std::string sound = "RIFF0123456789";
};

/// A folder of objects on a disk that can fill up.
class DiskOfObjects final : public store::ObjectStore {
 public:
  explicit DiskOfObjects(std::unique_ptr<store::ObjectStore> below) : below_(std::move(below)) {}
  Task<void> put(Context ctx, std::string key, std::vector<std::byte> bytes) override {
    if (full) co_return fail(Errc::resource_exhausted, "write: No space left on device");
    auto putting = below_->put(std::move(ctx), std::move(key), std::move(bytes));
    co_return co_await std::move(putting);
  }
  Task<std::vector<std::byte>> get(Context ctx, std::string key) override {
    auto getting = below_->get(std::move(ctx), std::move(key));
    co_return co_await std::move(getting);
  }
  Task<void> remove(Context ctx, std::string key) override {
    auto removing = below_->remove(std::move(ctx), std::move(key));
    co_return co_await std::move(removing);
  }
  std::atomic<bool> full = false;

 private:
  std::unique_ptr<store::ObjectStore> below_;
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
  std::string dead_job;          ///< for /jobs: retried by whoever tries everything
  std::string dead_letter;       ///< to be replayed
  std::string discarded_letter;  ///< to be removed
  std::string saga;
  std::atomic<bool> cache_away = false;
  /// A local time that can be booked; another with each call.
  std::string free_time();
  json::object booking_body(std::string local_start);

  RouteTable table = route_table();
  CallsInMemory calls;
  /// Of uploads.
  DiskOfObjects& disk();
  resilience::Policy& carrier_policy();  ///< of the service "carrier"

 protected:
  struct Parts;
  void open();
  void fill();
  void fill_webhooks();
  void fill_jobs();
  void check_against_declaration(const Ask& request, const Answer& answer) const;
  const Route* route_of(std::string_view method, std::string_view target) const;

  std::unique_ptr<Parts> parts_;
  int booked_ = 0;
};

}  // namespace parley::api::testing
