#include "integration_suite.hpp"

#include <fmt/format.h>

#include <map>

#include "parley/base/strings.hpp"
#include "parley/store/event_log.hpp"
#include "parley/store/migrations.hpp"

namespace parley::app {

namespace {

using health::Status;
using health::SuiteStep;

constexpr std::string_view sandbox_name = "Integration sandbox";

SuiteStep step(std::string group, std::string name, std::string advice) {
  SuiteStep made;
  made.group = std::move(group);
  made.name = std::move(name);
  made.advice = std::move(advice);
  return made;
}

Task<std::string> write_and_read(store::Database& database, Context ctx) {
  constexpr const char* stream = "integration/database";
  auto written = co_await database.write(ctx, [](store::Tx& tx) {
    return tx.append(stream, {.type = "integration.tried", .data = {}});
  });
  if (!written) co_return std::unexpected(written.error());
  auto version = *written;
  auto again = co_await database.write(ctx, [version](store::Tx& tx) {
    return tx.append(stream, {.type = "integration.tried", .data = {}},
                     store::ExpectedVersion::exactly(version));
  });
  if (!again) co_return std::unexpected(again.error());
  co_return fmt::format("{} writes kept", *again);
}

Task<std::string> count_migrations(store::Database& database) {
  auto counting = store::applied_migrations(database);
  auto applied = co_await std::move(counting);
  if (!applied) co_return std::unexpected(applied.error());
  auto known = static_cast<std::int64_t>(store::migrations().size());
  if (*applied != known)
    co_return fail(Errc::conflict, fmt::format("{} of {} applied", *applied, known));
  co_return fmt::format("all {} applied", known);
}

Task<std::string> keep_and_fetch(store::ObjectStore& objects, Context ctx) {
  std::vector<std::byte> bytes(1024, std::byte{0x5A});
  auto putting = objects.put(ctx, "integration/tried", bytes);
  if (auto put = co_await std::move(putting); !put) co_return std::unexpected(put.error());
  auto getting = objects.get(ctx, "integration/tried");
  auto got = co_await std::move(getting);
  if (!got) co_return std::unexpected(got.error());
  if (*got != bytes) co_return fail(Errc::corrupt, "what came back is not what was kept");
  auto removing = objects.remove(ctx, "integration/tried");
  if (auto removed = co_await std::move(removing); !removed)
    co_return std::unexpected(removed.error());
  co_return "kept, fetched, removed";
}

Task<std::string> answers(net::HttpClient& http, Context ctx, std::string url, int expected) {
  net::OutgoingRequest request;
  request.url = std::move(url);
  auto sending = http.send(ctx, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status != expected)
    co_return fail(Errc::unavailable,
                   fmt::format("answered {}, not {}", response->status, expected));
  co_return fmt::format("answers {}", response->status);
}

Task<std::string> hear_itself(speech::Recognizer& recognizer, speech::Synthesizer& synthesizer,
                              Context ctx) {
  auto saying = say(synthesizer, ctx, "yes please");
  auto said = co_await std::move(saying);
  if (!said) co_return std::unexpected(said.error());
  auto opening = recognizer.open(ctx, {});
  auto session = co_await std::move(opening);
  if (!session) co_return std::unexpected(session.error());
  auto expected = std::make_shared<speech::Expectation>();
  expected->name = "integration";
  expected->grammar = "public <utterance> = yes please | no thank you | good morning ;";
  expected->fingerprint = "integration";
  (*session)->expect(std::move(expected));
  audio::Frame frame{.samples = std::move(*said)};
  frame.samples.insert(frame.samples.begin(), audio::telephone_rate_hz / 4, 0);
  frame.samples.insert(frame.samples.end(), audio::telephone_rate_hz / 4, 0);
  auto sending = (*session)->send(std::move(frame));
  if (auto sent = co_await std::move(sending); !sent) co_return std::unexpected(sent.error());
  auto ending = (*session)->finalize();
  if (auto ended = co_await std::move(ending); !ended) co_return std::unexpected(ended.error());
  std::string heard;
  for (;;) {
    auto waiting = (*session)->next();
    auto transcript = co_await std::move(waiting);
    if (!transcript) co_return std::unexpected(transcript.error());
    if (!transcript->is_final) continue;
    heard = transcript->text;
    break;
  }
  auto closing = (*session)->close();
  (void)co_await std::move(closing);
  if (heard != "yes please")
    co_return fail(Errc::corrupt, "\"yes please\" was heard as \"" + heard + "\"");
  co_return "heard \"yes please\"";
}

/// The flow of an appointment in a sandbox: from a business to a cancelled appointment. What one
/// step finds the next one uses; runs of several organizations have a sandbox each. The steps run
/// on the queue's executor, one at a time.
class Flow {
 public:
  explicit Flow(const CheckedParts& parts) : parts_(parts) {}

  /// Removes what an earlier run left, so that nothing piles up.
  Task<std::string> make_business(Context ctx) {
    auto listing = parts_.businesses.list(ctx, {.number = 1, .limit = 50, .sort = ""});
    auto list = co_await std::move(listing);
    if (!list) co_return std::unexpected(list.error());
    for (const auto& old : list->items) {
      auto removing = parts_.businesses.remove(ctx, old->id);
      if (auto gone = co_await std::move(removing); !gone) co_return std::unexpected(gone.error());
    }
    business::NewBusiness wanted;
    wanted.name = sandbox_name;
    wanted.time_zone = "UTC";
    auto creating = parts_.businesses.create(ctx, wanted);
    auto made = co_await std::move(creating);
    if (!made) co_return std::unexpected(made.error());
    auto open = **made;
    for (auto& hours : open.hours)
      hours = {{std::chrono::minutes(0), std::chrono::minutes(24 * 60)}};
    auto changing = parts_.businesses.update(ctx, open, 0);
    if (auto changed = co_await std::move(changing); !changed)
      co_return std::unexpected(changed.error());
    business::Service visit;
    visit.name = "Visit";
    std::vector<business::Service> services{visit};
    auto serving = parts_.businesses.set_services(ctx, open.id, services);
    auto served = co_await std::move(serving);
    if (!served) co_return std::unexpected(served.error());
    found_[ctx.organization].business = open.id;
    found_[ctx.organization].service = (*served)->services.at(0).id;
    co_return "made, with a service";
  }

  Task<std::string> read_document(Context ctx) {
    knowledge::Upload upload;
    upload.business = found_[ctx.organization].business;
    upload.file_name = "parking.txt";
    upload.bytes = "Parking\n\nVisitors park free of charge behind the house, from Oak Lane.\n";
    auto uploading = parts_.knowledge.upload(ctx, std::move(upload));
    auto document = co_await std::move(uploading);
    if (!document) co_return std::unexpected(document.error());
    found_[ctx.organization].document = document->id;
    while (parts_.clock.now() < ctx.deadline) {
      auto looking = parts_.knowledge.get(ctx, found_[ctx.organization].document);
      auto now = co_await std::move(looking);
      if (!now) co_return std::unexpected(now.error());
      if (now->status == knowledge::DocumentStatus::failed)
        co_return fail(Errc::unavailable, now->reason);
      if (now->status == knowledge::DocumentStatus::completed)
        co_return fmt::format("{} passage(s)", now->passages);
      auto soon = parts_.clock.now() + std::chrono::milliseconds(50);
      co_await parts_.clock.sleep_until(soon);
    }
    co_return fail(Errc::timeout, "the document was not processed in time");
  }

  Task<std::string> search(Context ctx) {
    auto searching =
        parts_.knowledge.search(ctx, found_[ctx.organization].business, "where can I park", 3);
    auto found = co_await std::move(searching);
    if (!found) co_return std::unexpected(found.error());
    if (found->empty() || found->front().text.find("Oak Lane") == std::string::npos)
      co_return fail(Errc::not_found, "the document's passage was not found");
    co_return "found the passage";
  }

  Task<std::string> find_slots(Context ctx) {
    booking::AvailabilityQuery query;
    query.business = found_[ctx.organization].business;
    query.service = found_[ctx.organization].service;
    auto tomorrow =
        std::chrono::floor<std::chrono::days>(parts_.clock.wall()) + std::chrono::days(1);
    query.from = calendar::LocalTime(tomorrow.time_since_epoch());
    query.to = query.from + std::chrono::days(1);
    auto asking = parts_.booking.availability(ctx, query);
    auto slots = co_await std::move(asking);
    if (!slots) co_return std::unexpected(slots.error());
    if (slots->empty()) co_return fail(Errc::not_found, "an empty day has no free time");
    found_[ctx.organization].slot = slots->front();
    co_return fmt::format("{} free times", slots->size());
  }

  Task<std::string> book(Context ctx) {
    auto request = request_for(found_[ctx.organization], parts_.random.token(12));
    auto booking = parts_.booking.book(ctx, request);
    auto booked = co_await std::move(booking);
    if (!booked) co_return std::unexpected(booked.error());
    if (!booked->appointment) co_return fail(Errc::conflict, "a free time was refused");
    found_[ctx.organization].appointment = booked->appointment->id;
    auto repeating = parts_.booking.book(ctx, request);
    auto repeated = co_await std::move(repeating);
    if (!repeated) co_return std::unexpected(repeated.error());
    if (!repeated->appointment || repeated->appointment->id != found_[ctx.organization].appointment)
      co_return fail(Errc::conflict, "the same request booked twice");
    co_return "booked once, asked twice";
  }

  Task<std::string> refuse_taken(Context ctx) {
    auto booking =
        parts_.booking.book(ctx, request_for(found_[ctx.organization], parts_.random.token(12)));
    auto second = co_await std::move(booking);
    if (!second) co_return std::unexpected(second.error());
    if (second->appointment) co_return fail(Errc::conflict, "one time was booked twice");
    co_return "a taken time is refused";
  }

  Task<std::string> cancel(Context ctx) {
    auto cancelling = parts_.booking.cancel(ctx, found_[ctx.organization].appointment);
    auto cancelled = co_await std::move(cancelling);
    if (!cancelled) co_return std::unexpected(cancelled.error());
    co_return "cancelled";
  }

  /// On PostgreSQL an event can be read once every transaction before it has ended.
  Task<std::string> find_events(Context ctx) {
    store::EventFilter ours;
    ours.organization = ctx.organization;
    ours.stream = found_[ctx.organization].appointment.str();
    while (parts_.clock.now() < ctx.deadline) {
      auto events = co_await parts_.database.read(
          ctx, [ours](store::Tx& tx) { return store::read_events(tx, ours, {}, 10); });
      if (!events) co_return std::unexpected(events.error());
      if (events->size() >= 2) co_return fmt::format("{} events", events->size());
      auto soon = parts_.clock.now() + std::chrono::milliseconds(50);
      co_await parts_.clock.sleep_until(soon);
    }
    co_return fail(Errc::timeout, "booking and cancelling are not in the event log");
  }

  Task<std::string> clean_up(Context ctx) {
    auto forgetting = parts_.knowledge.remove(ctx, found_[ctx.organization].document);
    if (auto forgotten = co_await std::move(forgetting); !forgotten)
      co_return std::unexpected(forgotten.error());
    auto removing = parts_.businesses.remove(ctx, found_[ctx.organization].business);
    if (auto removed = co_await std::move(removing); !removed)
      co_return std::unexpected(removed.error());
    co_return "nothing is left";
  }

 private:
  struct Found {
    BusinessId business;
    ServiceId service;
    DocumentId document;
    AppointmentId appointment;
    booking::Slot slot;
  };

  static booking::BookRequest request_for(const Found& found, std::string key) {
    booking::BookRequest request;
    request.slot.business = found.business;
    request.slot.service = found.service;
    request.slot.start = found.slot.start;
    request.slot.resource = found.slot.resource;
    request.customer.name = "Integration Suite";
    request.customer.phone = "+12125550100";
    request.idempotency_key = std::move(key);
    return request;
  }

  CheckedParts parts_;
  std::map<OrganizationId, Found> found_;  ///< by sandbox
};

void add_flow(health::Suite& suite, const CheckedParts& parts) {
  auto flow = std::make_shared<Flow>(parts);
  auto add = [&](std::string name, std::string advice, auto method) {
    auto made = step("flow", std::move(name), std::move(advice));
    made.needs = SuiteStep::Needs::group;
    made.time_limit = 30s;
    made.run = [flow, method](Context ctx) { return ((*flow).*method)(std::move(ctx)); };
    suite.add(std::move(made));
  };
  std::string log = "look for the error in the server's log";
  add("business.make", log, &Flow::make_business);
  add("document.read", "pdftotext and the extractor's limits: `parley doctor`",
      &Flow::read_document);
  add("knowledge.search", log, &Flow::search);
  add("availability.find", log, &Flow::find_slots);
  add("appointment.book", log, &Flow::book);
  add("appointment.refuse-taken", "stop taking bookings: two callers may get one time",
      &Flow::refuse_taken);
  add("appointment.cancel", log, &Flow::cancel);
  add("events.recorded", log, &Flow::find_events);
  add("sandbox.clean-up", log, &Flow::clean_up);
}

}  // namespace

void add_suite_steps(health::Suite& suite, health::Monitor& monitor, const CheckedParts& parts,
                     const CheckedAddresses& addresses) {
  auto add = [&](SuiteStep made, auto run) {
    made.run = std::move(run);
    suite.add(std::move(made));
  };
  add(step("databases", "database.write", "check the database and its disk"),
      [&database = parts.database](Context ctx) { return write_and_read(database, ctx); });
  add(step("databases", "database.migrations", "run `parley migrate`"),
      [&database = parts.database](Context) { return count_migrations(database); });
  add(step("databases", "objects.keep", "check the folder's rights or the object store's keys"),
      [&objects = parts.objects](Context ctx) { return keep_and_fetch(objects, ctx); });
  add(step("services", "services.health", "see GET /health: it names what is away"),
      [&monitor](Context ctx) -> Task<std::string> {
        auto looking = monitor.report(ctx);
        auto report = co_await std::move(looking);
        if (!report) co_return std::unexpected(report.error());
        std::string away;
        for (const auto& check : report->checks)
          if (check.status != Status::healthy)
            away += fmt::format("{}{}: {}", away.empty() ? "" : "; ", check.name, check.detail);
        if (!away.empty()) co_return fail(Errc::unavailable, away);
        co_return fmt::format("{} healthy", report->checks.size());
      });
  add(step("services", "speech.round-trip", "check speech.model_dir and the voices"),
      [&recognizer = parts.recognizer, &voice = parts.voice](Context ctx) {
        return hear_itself(recognizer, voice, ctx);
      });
  struct Endpoint {
    const char* path;
    int status;
  };
  for (auto [path, status] :
       {Endpoint{"/health/live", 200}, Endpoint{"/health/ready", 200},
        Endpoint{"/api/openapi.json", 200}, Endpoint{"/api/v1/appointments", 401},
        Endpoint{"/api/v1/nowhere", 404}})
    add(step("endpoints", std::string("GET ") + path, "look for the error in the server's log"),
        [&http = parts.http, url = addresses.own_url + path, status](Context ctx) {
          return answers(http, ctx, url, status);
        });
  add_flow(suite, parts);
}

}  // namespace parley::app
