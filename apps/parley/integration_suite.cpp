#include "integration_suite.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "parley/base/strings.hpp"
#include "parley/store/event_log.hpp"
#include "parley/store/migrations.hpp"

namespace parley::app {

namespace {

using health::Finding;
using health::Probe;
using health::Status;
using health::SuiteStep;

constexpr std::string_view sandbox_name = "Integration sandbox";
constexpr std::uintmax_t low_disk_bytes = 1ull << 30;
constexpr std::size_t loud = 500;  ///< of a 16-bit sample: no silence

// Looks at one thing

Task<Finding> look_at_database(store::Database& database, Context ctx) {
  auto row = co_await database.read(ctx, [](store::Tx& tx) { return tx.one("SELECT 1 AS one"); });
  if (!row) co_return std::unexpected(row.error());
  co_return Finding{.detail =
                        database.kind() == store::Database::Kind::sqlite ? "SQLite" : "PostgreSQL"};
}

Task<Finding> look_at_disk(std::string folder) {
  std::error_code ec;
  auto space = std::filesystem::space(folder, ec);
  if (ec) co_return fail(Errc::unavailable, folder + ": " + ec.message());
  Finding finding{.detail = fmt::format("{} GB free", space.available >> 30)};
  if (space.available < low_disk_bytes) {
    finding.status = Status::degraded;
    finding.detail = fmt::format("{}: only {} MB free", folder, space.available >> 20);
  }
  co_return finding;
}

/// What is not there is an answer too.
Task<Finding> look_at_objects(store::ObjectStore& objects, Context ctx) {
  auto getting = objects.get(ctx, "health/none");
  auto got = co_await std::move(getting);
  if (!got && got.error().code != Errc::not_found) co_return std::unexpected(got.error());
  co_return Finding{};
}

Task<audio::Samples> say(speech::Synthesizer& synthesizer, Context ctx, std::string text) {
  auto beginning = synthesizer.synthesize(ctx, std::move(text), {});
  auto stream = co_await std::move(beginning);
  if (!stream) co_return std::unexpected(stream.error());
  audio::Samples samples;
  for (;;) {
    auto waiting = (*stream)->next();
    auto frame = co_await std::move(waiting);
    if (!frame && frame.error().code == Errc::end_of_stream) break;
    if (!frame) co_return std::unexpected(frame.error());
    samples.insert(samples.end(), frame->samples.begin(), frame->samples.end());
  }
  auto is_loud = [](auto sample) { return std::abs(int{sample}) > static_cast<int>(loud); };
  if (std::ranges::none_of(samples, is_loud)) co_return fail(Errc::corrupt, "the voice is silent");
  co_return samples;
}

Task<Finding> look_at_voice(speech::Synthesizer& synthesizer, Context ctx) {
  auto saying = say(synthesizer, ctx, "hello");
  auto said = co_await std::move(saying);
  if (!said) co_return std::unexpected(said.error());
  co_return Finding{.detail = synthesizer.name()};
}

Task<Finding> look_at_recognizer(speech::Recognizer& recognizer, Context ctx) {
  auto opening = recognizer.open(ctx, {});
  auto session = co_await std::move(opening);
  if (!session) co_return std::unexpected(session.error());
  auto closing = (*session)->close();
  (void)co_await std::move(closing);
  co_return Finding{.detail = recognizer.name()};
}

Task<Finding> look_at_queue(queue::Queue& queue, Context ctx) {
  constexpr std::int64_t many = 10'000;
  auto reading = queue.lanes(ctx);
  auto lanes = co_await std::move(reading);
  if (!lanes) co_return std::unexpected(lanes.error());
  Finding finding;
  for (const auto& lane : *lanes) {
    if (lane.ready < many) continue;
    finding.status = Status::degraded;
    finding.detail += fmt::format("{}{}: {} or more wait", finding.detail.empty() ? "" : "; ",
                                  lane.lane, lane.ready);
  }
  co_return finding;
}

Task<Finding> look_at_twilio(net::HttpClient& http, CheckedAddresses addresses, Context ctx) {
  net::OutgoingRequest request;
  request.url =
      addresses.twilio_url + "/2010-04-01/Accounts/" + url_encode(addresses.twilio_sid) + ".json";
  auto credentials = addresses.twilio_sid + ":" + addresses.twilio_token;
  request.headers.set("Authorization", "Basic " + base64_encode(as_bytes(credentials)));
  auto sending = http.send(ctx, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status == 401) co_return fail(Errc::unauthenticated, "refused the credentials");
  if (response->status != 200)
    co_return fail(Errc::unavailable, fmt::format("answered {}", response->status));
  co_return Finding{.detail = "account " + addresses.twilio_sid};
}

Probe probe(std::string name, std::string kind, Probe::Weight weight, std::string advice) {
  Probe made;
  made.name = std::move(name);
  made.kind = std::move(kind);
  made.weight = weight;
  made.advice = std::move(advice);
  return made;
}

// Steps of the suite

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

/// The flow of an appointment in the sandbox: from a business to a cancelled appointment. What one
/// step finds the next one uses.
class Flow : public std::enable_shared_from_this<Flow> {
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
    business_ = open.id;
    service_ = (*served)->services.at(0).id;
    co_return "made, with a service";
  }

  Task<std::string> read_document(Context ctx) {
    knowledge::Upload upload;
    upload.business = business_;
    upload.file_name = "parking.txt";
    upload.bytes = "Parking\n\nVisitors park free of charge behind the house, from Oak Lane.\n";
    auto uploading = parts_.knowledge.upload(ctx, std::move(upload));
    auto document = co_await std::move(uploading);
    if (!document) co_return std::unexpected(document.error());
    document_ = document->id;
    while (parts_.clock.now() < ctx.deadline) {
      auto looking = parts_.knowledge.get(ctx, document_);
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
    auto searching = parts_.knowledge.search(ctx, business_, "where can I park", 3);
    auto found = co_await std::move(searching);
    if (!found) co_return std::unexpected(found.error());
    if (found->empty() || found->front().text.find("Oak Lane") == std::string::npos)
      co_return fail(Errc::not_found, "the document's passage was not found");
    co_return "found the passage";
  }

  Task<std::string> find_slots(Context ctx) {
    booking::AvailabilityQuery query;
    query.business = business_;
    query.service = service_;
    auto tomorrow =
        std::chrono::floor<std::chrono::days>(parts_.clock.wall()) + std::chrono::days(1);
    query.from = calendar::LocalTime(tomorrow.time_since_epoch());
    query.to = query.from + std::chrono::days(1);
    auto asking = parts_.booking.availability(ctx, query);
    auto slots = co_await std::move(asking);
    if (!slots) co_return std::unexpected(slots.error());
    if (slots->empty()) co_return fail(Errc::not_found, "an empty day has no free time");
    slot_ = slots->front();
    co_return fmt::format("{} free times", slots->size());
  }

  Task<std::string> book(Context ctx) {
    auto request = request_for(parts_.random.token(12));
    auto booking = parts_.booking.book(ctx, request);
    auto booked = co_await std::move(booking);
    if (!booked) co_return std::unexpected(booked.error());
    if (!booked->appointment) co_return fail(Errc::conflict, "a free time was refused");
    appointment_ = booked->appointment->id;
    auto repeating = parts_.booking.book(ctx, request);
    auto repeated = co_await std::move(repeating);
    if (!repeated) co_return std::unexpected(repeated.error());
    if (!repeated->appointment || repeated->appointment->id != appointment_)
      co_return fail(Errc::conflict, "the same request booked twice");
    co_return "booked once, asked twice";
  }

  Task<std::string> refuse_taken(Context ctx) {
    auto booking = parts_.booking.book(ctx, request_for(parts_.random.token(12)));
    auto second = co_await std::move(booking);
    if (!second) co_return std::unexpected(second.error());
    if (second->appointment) co_return fail(Errc::conflict, "one time was booked twice");
    co_return "a taken time is refused";
  }

  Task<std::string> cancel(Context ctx) {
    auto cancelling = parts_.booking.cancel(ctx, appointment_);
    auto cancelled = co_await std::move(cancelling);
    if (!cancelled) co_return std::unexpected(cancelled.error());
    co_return "cancelled";
  }

  /// On PostgreSQL an event can be read once every transaction before it has ended.
  Task<std::string> find_events(Context ctx) {
    store::EventFilter ours;
    ours.organization = ctx.organization;
    ours.stream = appointment_.str();
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
    auto forgetting = parts_.knowledge.remove(ctx, document_);
    if (auto forgotten = co_await std::move(forgetting); !forgotten)
      co_return std::unexpected(forgotten.error());
    auto removing = parts_.businesses.remove(ctx, business_);
    if (auto removed = co_await std::move(removing); !removed)
      co_return std::unexpected(removed.error());
    co_return "nothing is left";
  }

 private:
  booking::BookRequest request_for(std::string key) const {
    booking::BookRequest request;
    request.slot.business = business_;
    request.slot.service = service_;
    request.slot.start = slot_.start;
    request.slot.resource = slot_.resource;
    request.customer.name = "Integration Suite";
    request.customer.phone = "+12125550100";
    request.idempotency_key = std::move(key);
    return request;
  }

  CheckedParts parts_;
  BusinessId business_;
  ServiceId service_;
  DocumentId document_;
  AppointmentId appointment_;
  booking::Slot slot_;
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

void add_probes(health::Monitor& monitor, const CheckedParts& parts,
                const CheckedAddresses& addresses) {
  auto essential = Probe::Weight::essential;
  auto replaceable = Probe::Weight::replaceable;
  auto add = [&](Probe made, auto look) {
    made.look = std::move(look);
    monitor.add(std::move(made));
  };
  add(probe("database", "database", essential, "check that it runs, and database.url"),
      [&database = parts.database](Context ctx) { return look_at_database(database, ctx); });
  add(probe("disk", "disk", essential, "free some space: a full disk stops bookings"),
      [folder = addresses.data_folder](Context) { return look_at_disk(folder); });
  add(probe("objects", "object store", replaceable,
            "documents and recordings cannot be kept: check the folder or the object store"),
      [&objects = parts.objects](Context ctx) { return look_at_objects(objects, ctx); });
  add(probe("queue", "jobs", replaceable, "work piles up: see GET /jobs and /dead-letters"),
      [&queue = parts.queue](Context ctx) { return look_at_queue(queue, ctx); });
  add(probe("recognition", "speech", replaceable,
            "callers are heard by keys only: check speech.model_dir"),
      [&recognizer = parts.recognizer](Context ctx) {
        return look_at_recognizer(recognizer, ctx);
      });
  add(probe("voice", "speech", essential, "calls are silent: check the installed voices"),
      [&synthesizer = parts.synthesizer](Context ctx) { return look_at_voice(synthesizer, ctx); });
  if (!addresses.twilio_sid.empty())
    add(probe("twilio", "carrier", replaceable,
              "compare twilio.account_sid and twilio.auth_token with the console"),
        [&http = parts.http, addresses](Context ctx) {
          return look_at_twilio(http, addresses, ctx);
        });
}

void add_probe(health::Monitor& monitor, SharedService service) {
  auto made = probe(service.name, service.kind, Probe::Weight::replaceable, service.advice);
  made.look = [condition = std::move(service.condition)](Context) -> Task<Finding> {
    auto now = condition();
    if (!now.well()) co_return fail(Errc::unavailable, now.reason);
    co_return Finding{};
  };
  monitor.add(std::move(made));
}

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
      [&recognizer = parts.recognizer, &synthesizer = parts.synthesizer](Context ctx) {
        return hear_itself(recognizer, synthesizer, ctx);
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
