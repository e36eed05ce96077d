#pragma once
#include <gtest/gtest.h>

#include "parley/booking/booking.hpp"
#include "parley/business/businesses.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::booking {

inline calendar::LocalTime local(std::string_view text) {
  return calendar::parse_local(text).value();
}

/// A dental practice in New York: Monday to Friday 9-17, Dr. Kim and Dr. Lee. It is Monday, March
/// 2nd 2026, 10:00 there.
class BookingFixture : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    businesses = business::make_businesses(db(), clock, random);
    booking = make_booking(db(), clock, random);
    profile =
        run([&] {
          business::NewBusiness wish{.name = "Bright Smiles", .address = "1 Main St, New York"};
          return businesses->create(ctx, wish);
        }).value();
    set_resources({"Dr. Lee", "Dr. Kim"});
    business::Service cleaning;
    cleaning.name = "Cleaning";
    cleaning.duration = std::chrono::minutes{30};
    add_service(cleaning);
    other = ctx;
    other.organization = OrganizationId("org_other");
  }

  void set_resources(std::initializer_list<std::string> names) {
    std::vector<business::Resource> resources;
    for (const auto& name : names) resources.push_back({{}, name});
    profile = run([&] { return businesses->set_resources(ctx, profile->id, resources); }).value();
  }
  void add_service(business::Service service) {
    auto services = profile->services;
    services.push_back(std::move(service));
    auto done = run([&] { return businesses->set_services(ctx, profile->id, services); });
    ASSERT_TRUE(done) << done.error().detail;
    profile = *done;
  }
  void change_profile(const std::function<void(business::Profile&)>& change) {
    auto copy = *profile;
    change(copy);
    auto done = run([&] { return businesses->update(ctx, copy, 0); });
    ASSERT_TRUE(done) << done.error().detail;
    profile = *done;
  }
  void add_holiday(std::string_view date, business::DayHours hours = {}) {
    auto holidays = profile->holidays;
    holidays.push_back({{}, calendar::parse_date(date).value(), "Holiday", std::move(hours)});
    profile = run([&] { return businesses->set_holidays(ctx, profile->id, holidays); }).value();
  }
  const business::Service& service(std::string_view name = "Cleaning") const {
    for (const auto& one : profile->services)
      if (one.name == name) return one;
    throw std::logic_error("no such service");
  }
  ResourceId resource(std::string_view name) const {
    for (const auto& one : profile->resources)
      if (one.name == name) return one.id;
    throw std::logic_error("no such resource");
  }

  SlotRequest slot(std::string_view start, std::string_view of = "Cleaning") const {
    return {
        .business = profile->id, .service = service(of).id, .start = local(start), .resource = {}};
  }
  BookRequest wish(std::string_view start, std::string_view of = "Cleaning") const {
    BookRequest request;
    request.slot = slot(start, of);
    request.customer = {"Ann Smith", "+12125550101", ""};
    return request;
  }
  Result<Booked> book(BookRequest request) {
    return run([&] { return booking->book(ctx, request); });
  }
  Appointment booked(std::string_view start) { return *book(wish(start)).value().appointment; }
  /// "ok", "error ..." or the refusal with its alternatives.
  std::string outcome(const Result<Booked>& made) {
    if (!made) return "error " + std::string(to_string(made.error().code));
    if (made->appointment) return "ok";
    return explained(made->validation);
  }
  static std::string explained(const Validation& validation) {
    if (!validation.refusal) return "ok";
    std::string text(to_string(*validation.refusal));
    for (const auto& one : validation.alternatives)
      text += " " + calendar::to_text(one.start).substr(5);
    return text;
  }
  std::string validated(const SlotRequest& request) {
    auto answer = run([&] { return booking->validate(ctx, request); });
    return answer ? explained(*answer) : "error " + std::string(to_string(answer.error().code));
  }
  /// Only the refusal's name.
  std::string refusal(std::string_view start, std::string_view of = "Cleaning") {
    auto text = validated(slot(start, of));
    return text.substr(0, text.find(' '));
  }
  std::vector<store::StoredEvent> events(std::vector<std::string> types = {"appointment.*"}) {
    return read([&](store::Tx& tx) {
             return store::read_events(tx, {.organization = ctx.organization, .types = types}, {},
                                       1000);
           })
        .value();
  }
  template <class Start>
  Errc code(Start start) {
    auto outcome = run(start);
    return outcome ? Errc::end_of_stream : outcome.error().code;
  }

  std::unique_ptr<business::Businesses> businesses;
  std::unique_ptr<Booking> booking;
  std::shared_ptr<const business::Profile> profile;
  Context other;
};

}  // namespace parley::booking
