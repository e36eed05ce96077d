#include "health_probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "parley/base/strings.hpp"

namespace parley::app {

namespace {

using health::Finding;
using health::Probe;
using health::Status;

constexpr std::uintmax_t low_disk_bytes = 1ull << 30;
constexpr int loud = 500;  ///< of a 16-bit sample: no silence

Task<Finding> look_at_database(store::Database& database, Context ctx) {
  auto row = co_await database.read(ctx, [](store::Tx& tx) { return tx.one("SELECT 1 AS one"); });
  if (!row) co_return std::unexpected(row.error());
  co_return Finding{.detail =
                        database.kind() == store::Database::Kind::sqlite ? "SQLite" : "PostgreSQL"};
}

/// On a pool's thread: a disk that is away over the network answers when it likes.
Result<Finding> look_at_disk(const std::string& folder) {
  std::error_code ec;
  auto space = std::filesystem::space(folder, ec);
  if (ec) return fail(Errc::unavailable, folder + ": " + ec.message());
  Finding finding{.detail = fmt::format("{} GB free", space.available >> 30)};
  if (space.available < low_disk_bytes) {
    finding.status = Status::degraded;
    finding.detail = fmt::format("{}: only {} MB free", folder, space.available >> 20);
  }
  return finding;
}

/// What is not there is an answer too.
Task<Finding> look_at_objects(store::ObjectStore& objects, Context ctx) {
  auto getting = objects.get(ctx, "health/none");
  auto got = co_await std::move(getting);
  if (!got && got.error().code != Errc::not_found) co_return std::unexpected(got.error());
  co_return Finding{};
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

/// Empty: as it should be. A rebuild is behind by nature.
std::string trouble_of(const events::SubscriptionStatus& one) {
  constexpr std::int64_t many = 10'000;
  constexpr auto long_ago = std::chrono::minutes(15);
  auto why = one.last_error ? ": " + *one.last_error : std::string();
  if (one.stopped_at)
    return fmt::format("{} stands still since {}{}", one.name, to_rfc3339(*one.stopped_at), why);
  if (one.rebuild || (one.lag < many && one.behind < long_ago)) return "";
  auto minutes = std::chrono::duration_cast<std::chrono::minutes>(one.behind).count();
  return fmt::format("{} is {} minutes behind, {}{} events wait{}", one.name, minutes, one.lag,
                     one.lag < many ? "" : " or more", why);
}

Task<Finding> look_at_subscriptions(events::Subscriptions& subscriptions, Context ctx) {
  auto looking = subscriptions.status(std::move(ctx));
  auto all = co_await std::move(looking);
  if (!all) co_return std::unexpected(all.error());
  Finding finding;
  for (const auto& one : *all) {
    auto trouble = trouble_of(one);
    if (trouble.empty()) continue;
    finding.status = Status::degraded;
    finding.detail += (finding.detail.empty() ? "" : "; ") + trouble;
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

}  // namespace

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
  auto is_loud = [](auto sample) { return std::abs(int{sample}) > loud; };
  if (std::ranges::none_of(samples, is_loud)) co_return fail(Errc::corrupt, "the voice is silent");
  co_return samples;
}

void add_probes(health::Monitor& monitor, const CheckedParts& parts,
                const CheckedAddresses& addresses) {
  auto essential = Probe::Weight::essential;
  auto replaceable = Probe::Weight::replaceable;
  auto add = [&](Probe made, auto look) {
    made.look = std::move(look);
    monitor.add(std::move(made));
  };
  add(probe("database", "database", Probe::Weight::outlived,
            "check that it runs, and database.url"),
      [&database = parts.database](Context ctx) { return look_at_database(database, ctx); });
  add(probe("disk", "disk", essential, "free some space: a full disk stops bookings"),
      [&files = parts.files, folder = addresses.data_folder](Context) {
        return files.run(std::function([folder] { return look_at_disk(folder); }));
      });
  add(probe("objects", "object store", replaceable,
            "documents and recordings cannot be kept: check the folder or the object store"),
      [&objects = parts.objects](Context ctx) { return look_at_objects(objects, ctx); });
  add(probe("queue", "jobs", replaceable,
            "work piles up: look for failing jobs in the log and in the metrics parley_queue_*"),
      [&queue = parts.queue](Context ctx) { return look_at_queue(queue, ctx); });
  add(probe("recognition", "speech", replaceable,
            "callers are heard by keys only: check speech.model_dir"),
      [&recognizer = parts.recognizer](Context ctx) {
        return look_at_recognizer(recognizer, ctx);
      });
  add(probe("voice", "speech", essential, "calls are silent: check the installed voices"),
      [&voice = parts.voice](Context ctx) { return look_at_voice(voice, ctx); });
  if (!addresses.twilio_sid.empty())
    add(probe("twilio", "carrier", replaceable,
              "compare twilio.account_sid and twilio.auth_token with the console"),
        [&http = parts.http, addresses](Context ctx) {
          return look_at_twilio(http, addresses, ctx);
        });
}

void add_probe(health::Monitor& monitor, events::Subscriptions& subscriptions) {
  auto made = probe("subscriptions", "events", Probe::Weight::replaceable,
                    "see `parley events`; mend what it names, then `parley events resume <name>`; "
                    "one that is only behind catches up by itself");
  made.look = [&subscriptions](Context ctx) {
    return look_at_subscriptions(subscriptions, std::move(ctx));
  };
  monitor.add(std::move(made));
}

namespace {

Task<Finding> look_at_speech(net::HttpClient& http, SpeechService service, Context ctx) {
  net::OutgoingRequest request;
  request.url = service.url;
  if (auto& [name, value] = service.credentials; !name.empty()) request.headers.set(name, value);
  auto sending = http.send(ctx, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status == 401) co_return fail(Errc::unauthenticated, "refused the key");
  if (response->status / 100 != 2)
    co_return fail(Errc::unavailable, fmt::format("answered {}", response->status));
  co_return Finding{.detail = "answers"};
}

}  // namespace

void add_probe(health::Monitor& monitor, net::HttpClient& http, SpeechService service) {
  auto made =
      probe(service.name, "speech", Probe::Weight::replaceable,
            "other engines are used meanwhile; check " + service.key_setting + " and the account");
  made.look = [&http, service = std::move(service)](Context ctx) {
    return look_at_speech(http, service, std::move(ctx));
  };
  monitor.add(std::move(made));
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

}  // namespace parley::app
