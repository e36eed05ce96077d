#pragma once
#include "delivery_rows.hpp"
#include "endpoint_breaker.hpp"

namespace parley::webhooks {

/// Sends deliveries, one attempt a job.
class Sender {
 public:
  static constexpr std::string_view job_name = "webhooks.deliver.v1";

  Sender(Deliveries::Parts parts, Deliveries::Options options);

  /// The one job that may act on the delivery from here on.
  Result<void> enqueue(store::Tx& tx, const Delivery& delivery, Duration delay);
  Task<void> attempt(Context ctx, queue::JobRun& run);

 private:
  struct Plan;
  /// Nothing: another job has it, or it has ended.
  Result<std::optional<Plan>> plan(store::Tx& tx, const DeliveryId& id, const JobId& job) const;
  net::OutgoingRequest request_of(const Plan& plan, WallTime now) const;
  /// What the endpoint said, or why it could not. Nothing: the policy let no request out.
  struct Exchanged {
    std::optional<Result<net::HttpResponse>> said;
    Duration put_off{};
  };
  asio::awaitable<Exchanged> exchange(Context ctx, const Plan& plan);
  Task<net::HttpResponse> request(Context ctx, const Plan& plan);
  Task<void> give_up(Context ctx, queue::JobRun& run, const Plan& plan, std::string_view why);
  Task<void> put_off(Context ctx, queue::JobRun& run, const Plan& plan, Duration delay);
  Result<void> record(store::Tx& tx, queue::JobRun& run, const Plan& plan, DeliveryAttempt attempt,
                      Duration retry_after);
  /// How many of them there were.
  static Result<std::int64_t> record_broken_off(store::Tx& tx, const queue::JobRun& run,
                                                const Plan& plan);
  Result<void> record_failure(store::Tx& tx, const Plan& plan, const DeliveryAttempt& attempt,
                              Duration retry_after);
  Result<void> disable(store::Tx& tx, const Plan& plan, std::string_view reason);
  Duration pause_after(std::int64_t attempts);

  Deliveries::Parts parts_;
  Deliveries::Options options_;
  EndpointBreaker breaker_;
  metrics::Counter delivered_;
  metrics::Counter failed_;
  metrics::Counter disabled_;
  metrics::Histogram seconds_;
};

}  // namespace parley::webhooks
