#pragma once
#include "parley/business/businesses.hpp"

namespace parley::api::testing {

/// The businesses, with another client that writes just before a change does: after the API has
/// looked at the version, and before the change's transaction.
class RacedBusinesses final : public business::Businesses {
 public:
  using Shared = std::shared_ptr<const business::Profile>;

  explicit RacedBusinesses(std::unique_ptr<business::Businesses> below)
      : below_(std::move(below)) {}

  /// Once, before the next change.
  std::function<Task<void>(business::Businesses& below)> in_between;

  Task<Shared> create(Context ctx, business::NewBusiness request) override {
    return below_->create(std::move(ctx), std::move(request));
  }
  Task<Shared> get(Context ctx, BusinessId id) override {
    return below_->get(std::move(ctx), std::move(id));
  }
  Task<business::ProfileList> list(Context ctx, business::Page page) override {
    return below_->list(std::move(ctx), std::move(page));
  }
  Task<Shared> update(Context ctx, business::Profile changed, std::int64_t version) override {
    return after_race(below_->update(std::move(ctx), std::move(changed), version));
  }
  Task<void> remove(Context ctx, BusinessId id, std::int64_t version) override {
    return after_race(below_->remove(std::move(ctx), std::move(id), version));
  }
  Task<Shared> set_services(Context ctx, BusinessId id, std::vector<business::Service> services,
                            std::int64_t version) override {
    return after_race(
        below_->set_services(std::move(ctx), std::move(id), std::move(services), version));
  }
  Task<Shared> set_holidays(Context ctx, BusinessId id, std::vector<business::Holiday> holidays,
                            std::int64_t version) override {
    return after_race(
        below_->set_holidays(std::move(ctx), std::move(id), std::move(holidays), version));
  }
  Task<Shared> set_resources(Context ctx, BusinessId id, std::vector<business::Resource> resources,
                             std::int64_t version) override {
    return after_race(
        below_->set_resources(std::move(ctx), std::move(id), std::move(resources), version));
  }
  Task<std::vector<std::string>> numbers(Context ctx, BusinessId id) override {
    return below_->numbers(std::move(ctx), std::move(id));
  }
  Task<Shared> set_numbers(Context ctx, BusinessId id, std::vector<std::string> numbers,
                           std::int64_t version) override {
    return after_race(
        below_->set_numbers(std::move(ctx), std::move(id), std::move(numbers), version));
  }
  Task<void> assign_number(Context ctx, BusinessId id, std::string e164) override {
    return below_->assign_number(std::move(ctx), std::move(id), std::move(e164));
  }
  Task<Shared> by_number(std::string e164) override { return below_->by_number(std::move(e164)); }

 private:
  /// A coroutine starts when it is awaited, so `change` has read nothing yet.
  template <class T>
  Task<T> after_race(Task<T> change) {
    if (auto race = std::exchange(in_between, nullptr)) {
      auto racing = race(*below_);
      if (auto won = co_await std::move(racing); !won) co_return std::unexpected(won.error());
    }
    co_return co_await std::move(change);
  }

  std::unique_ptr<business::Businesses> below_;
};

}  // namespace parley::api::testing
