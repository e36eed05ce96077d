#include "demo.hpp"

namespace parley::app {

namespace {

using business::OpenSpan;
using std::chrono::minutes;

constexpr std::string_view price_list = R"(# Riverside Dental: prices

All prices are in US dollars and include the examination on the day.

## Cleaning and check-up

A teeth cleaning costs 120 dollars and takes 45 minutes. A check-up without cleaning costs 80 dollars
and takes 30 minutes. Children under twelve pay half the price for a check-up.

## Fillings and repairs

A white filling costs 180 dollars for one surface and 240 dollars for two. Repairing a chipped tooth
costs 210 dollars. A root canal starts at 900 dollars; we tell you the exact price before we begin.

## Whitening

Whitening in the practice costs 350 dollars and takes 60 minutes. Whitening trays to take home cost
220 dollars.

## Payment

We accept cash, credit cards, debit cards and health savings cards. You can pay in three monthly
instalments without interest when the bill is more than 300 dollars. A cancellation less than 24 hours
before the appointment costs 40 dollars.
)";

constexpr std::string_view handbook = R"(# Riverside Dental: questions and answers

## Insurance

We accept Delta Dental, Cigna, Aetna and MetLife. Please bring your insurance card to the first visit.
If you have no insurance, our membership plan costs 25 dollars a month and includes two cleanings a
year.

## Parking and access

Free parking is behind the building, entered from Oak Lane. The practice is on the ground floor and
has step-free access. The bus lines 4 and 11 stop in front of the house.

## Emergencies

If you have strong pain, a swollen face or a tooth that was knocked out, call us at once: we keep
two places free every day for emergencies. A tooth that was knocked out should be kept in milk.

## Before your visit

Please come ten minutes early to your first appointment to fill in the health form. Eat something
before a long treatment. Tell us about medicines that thin the blood.

## Children

Children are welcome from their second birthday on. A parent should stay in the room during the first
visit. Doctor Lee treats children on Tuesday and Thursday.

## After a filling

Do not eat for two hours after a filling while the numbness lasts. Some sensitivity to hot and cold is
normal for a week. Call us if the pain becomes stronger.
)";

business::Profile describe(business::Profile profile) {
  profile.address = "12 River Street, New York";
  profile.email = "hello@riverside-dental.example";
  profile.website = "https://riverside-dental.example";
  profile.description = "A family dental practice.";
  profile.time_zone = "America/New_York";
  for (std::size_t day = 1; day <= 4; ++day)
    profile.hours[day] = {{minutes(8 * 60), minutes(18 * 60)}};
  profile.hours[5] = {{minutes(8 * 60), minutes(16 * 60)}};
  // Open at weekends too: whatever day somebody tries "tomorrow at two", it can be had.
  profile.hours[6] = {{minutes(9 * 60), minutes(16 * 60)}};
  profile.hours[0] = {{minutes(10 * 60), minutes(16 * 60)}};
  profile.agent.name = "Robin";
  return profile;
}

std::vector<business::Service> services() {
  auto service = [](std::string name, std::vector<std::string> aliases, int length,
                    std::int64_t dollars) {
    business::Service made;
    made.name = std::move(name);
    made.aliases = std::move(aliases);
    made.duration = minutes(length);
    made.price_minor = dollars * 100;
    return made;
  };
  auto cleaning =
      service("Teeth cleaning", {"cleaning", "teeth cleaning", "dental cleaning"}, 45, 120);
  auto checkup = service("Check-up", {"check up", "checkup", "examination", "exam"}, 30, 80);
  auto filling = service("Filling", {"filling", "a cavity", "cavity"}, 60, 180);
  auto whitening = service("Whitening", {"whitening", "teeth whitening", "bleaching"}, 60, 350);
  filling.buffer_after = minutes(15);
  return {cleaning, checkup, filling, whitening};
}

/// Fills the calendar the way a practice's is: mornings fuller than afternoons, never the same
/// names.
Task<void> book_two_weeks(Context ctx, DemoParts parts, const business::Profile& profile) {
  constexpr std::array<std::string_view, 12> names{
      "Maria Lopez", "James Carter", "Aisha Khan",  "Tom Becker",  "Grace Park",   "Daniel Cohen",
      "Emma Novak",  "Luis Ortega",  "Sarah Miles", "Kevin Chang", "Olivia Brown", "Peter Schmidt"};
  constexpr std::array<int, 6> times{8 * 60 + 30, 9 * 60 + 30, 10 * 60 + 30,
                                     11 * 60,     13 * 60,     15 * 60 + 30};
  auto zone = calendar::Zone::find(profile.time_zone);
  if (!zone) co_return std::unexpected(zone.error());
  auto today = std::chrono::floor<std::chrono::days>(zone->to_local(parts.clock.wall()));
  std::size_t person = 0;
  for (int day = 1; day <= 14; ++day) {
    for (std::size_t slot = 0; slot < times.size(); ++slot) {
      if ((static_cast<std::size_t>(day) * 7 + slot * 3) % 4 == 0) continue;
      booking::BookRequest request;
      request.slot.business = profile.id;
      request.slot.service =
          profile.services[(slot + static_cast<std::size_t>(day)) % profile.services.size()].id;
      request.slot.start = today + std::chrono::days(day) + minutes(times[slot]);
      request.customer.name = names[person++ % names.size()];
      request.customer.phone = "+121255501" + std::to_string(10 + person % 80);
      request.source = booking::Source::import;
      request.idempotency_key = "demo-" + std::to_string(day) + "-" + std::to_string(slot);
      // A closed day or a taken slot is no error: the demo's calendar is just emptier there.
      auto booking = parts.booking.book(ctx, std::move(request));
      auto booked = co_await std::move(booking);
      if (!booked) co_return std::unexpected(booked.error());
    }
  }
  co_return Result<void>{};
}

}  // namespace

Task<void> make_demo(Context ctx, DemoParts parts) {
  auto looking = parts.businesses.by_number(std::string(demo_number));
  if (auto there = co_await std::move(looking); there) co_return Result<void>{};

  business::NewBusiness request{.name = "Riverside Dental"};
  auto creating = parts.businesses.create(ctx, std::move(request));
  auto created = co_await std::move(creating);
  if (!created) co_return std::unexpected(created.error());
  auto id = (*created)->id;
  auto describing = parts.businesses.update(ctx, describe(**created), 0);
  if (auto step = co_await std::move(describing); !step) co_return std::unexpected(step.error());
  std::vector<business::Resource> resources{{{}, "Doctor Lee"}, {{}, "Doctor Patel"}};
  auto equipping = parts.businesses.set_resources(ctx, id, std::move(resources));
  if (auto step = co_await std::move(equipping); !step) co_return std::unexpected(step.error());
  auto offering = parts.businesses.set_services(ctx, id, services());
  auto profile = co_await std::move(offering);
  if (!profile) co_return std::unexpected(profile.error());

  const std::pair<std::string_view, std::string_view> documents[]{{"price-list.md", price_list},
                                                                  {"questions.md", handbook}};
  for (auto& [name, text] : documents) {
    knowledge::Upload upload;
    upload.business = id;
    upload.file_name = name;
    upload.bytes = text;
    upload.idempotency_key = "demo-" + std::string(name);
    auto uploading = parts.knowledge.upload(ctx, std::move(upload));
    if (auto step = co_await std::move(uploading); !step) co_return std::unexpected(step.error());
  }
  auto booking = book_two_weeks(ctx, parts, **profile);
  if (auto step = co_await std::move(booking); !step) co_return step;
  // Last: a start that was cut off before this finds no number and begins again.
  auto assigning = parts.businesses.assign_number(ctx, id, std::string(demo_number));
  co_return co_await std::move(assigning);
}

}  // namespace parley::app
