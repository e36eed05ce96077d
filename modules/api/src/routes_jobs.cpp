#include "pages.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using queue::Job;

std::string_view priority_name(queue::Priority priority) {
  switch (priority) {
    case queue::Priority::urgent:
      return "urgent";
    case queue::Priority::bulk:
      return "bulk";
    case queue::Priority::normal:
      break;
  }
  return "normal";
}

json::object job_json(const Job& job) {
  return {{"id", job.id.str()},
          {"handler", job.handler},
          {"lane", job.lane},
          {"status", to_string(job.state)},
          {"priority", priority_name(job.priority)},
          {"group", or_null(job.group)},
          {"attempts", job.attempts},
          {"progress", job.progress},
          {"lastError", or_null(job.last_error)},
          {"runAt", time_json(job.run_at)},
          {"createdAt", time_json(job.created_at)},
          {"startedAt", time_json(job.started_at)},
          {"finishedAt", time_json(job.finished_at)},
          {"diedAt", time_json(job.died_at)}};
}

Answer list(Request& in, std::optional<queue::JobState> state) {
  queue::JobFilter filter;
  filter.state = state;
  filter.lane = in.query.text("lane");
  filter.handler = in.query.text("handler");
  filter.page = in.query.integer("page", 1);
  filter.limit = in.query.integer("limit", 50);
  filter.sort = in.query.text("sort");
  auto to_reply = [page = filter.page, limit = filter.limit](auto& found) {
    return page_of_long(found, page, limit, job_json);
  };
  return reply(in.services.parts.queue.list(in.ctx, std::move(filter)), std::move(to_reply));
}

Answer list_jobs(Request& in) { return list(in, queue::parse_job_state(in.query.text("status"))); }
Answer list_dead_letters(Request& in) { return list(in, queue::JobState::dead); }

Answer get_job(Request& in) {
  auto to_reply = [](auto& job) {
    auto data = job_json(job);
    data["payload"] = job.payload;
    data["progressNote"] = job.progress_note;
    return Reply{.data = std::move(data)};
  };
  return reply(in.services.parts.queue.find(in.ctx, in.id<JobId>()), std::move(to_reply));
}

Answer replay(Request& in) {
  auto& queue = in.services.parts.queue;
  auto replaying = queue.replay(in.ctx, in.id<JobId>());
  auto replayed = co_await std::move(replaying);
  if (!replayed) co_return refuse(replayed.error());
  auto reading = queue.find(in.ctx, in.id<JobId>());
  auto job = co_await std::move(reading);
  if (!job) co_return refuse(job.error());
  co_return Reply{.data = job_json(*job)};
}

/// Of any job one can see: what is not dead is a conflict, and not missing.
Answer retry_job(Request& in) {
  auto reading = in.services.parts.queue.find(in.ctx, in.id<JobId>());
  auto job = co_await std::move(reading);
  if (!job) co_return refuse(job.error());
  if (job->state != queue::JobState::dead)
    co_return refuse({.code = Errc::conflict, .detail = "only a dead job can be retried"});
  auto replaying = replay(in);
  co_return co_await std::move(replaying);
}

Answer discard(Request& in) {
  // A dead letter never changes.
  if (auto good = in.check_if_match(1); !good) co_return std::unexpected(good.error());
  auto discarding = in.services.parts.queue.discard(in.ctx, in.id<JobId>());
  auto discarded = co_await std::move(discarding);
  if (!discarded) co_return refuse(discarded.error());
  co_return Reply{.data = json::object{{"id", in.path("id")}}};
}

Schema job_status() {
  return choice(
      {"scheduled", "delayed", "waiting", "ready", "running", "done", "cancelled", "dead"});
}

std::vector<Field> job_fields() {
  auto count = integer(0, INT64_MAX);
  return {required("id", id("job")),
          required("handler", text()),
          required("lane", text()),
          required("status", job_status()),
          required("priority", choice({"urgent", "normal", "bulk"})),
          required("group", text().or_null()),
          required("attempts", count),
          required("progress", integer(0, 100)),
          required("lastError", text().or_null()),
          required("runAt", date_time()),
          required("createdAt", date_time()),
          required("startedAt", date_time().or_null()),
          required("finishedAt", date_time().or_null()),
          required("diedAt", date_time().or_null())};
}

Route route(net::Method method, std::string path, std::string name, std::string summary) {
  Route made;
  made.method = method;
  made.thing = path.starts_with("/jobs") ? "job" : "dead_letter";
  made.path = std::move(path);
  made.group = "jobs";
  made.name = std::move(name);
  made.summary = std::move(summary);
  made.permission = method == net::Method::get ? "jobs:read" : "jobs:write";
  made.response = ref("Job");
  return made;
}

Route listing(std::string path, std::string name, std::string summary) {
  auto made = route(net::Method::get, std::move(path), std::move(name), std::move(summary));
  made.query = page_parameters({"createdAt"});
  made.query.push_back({"lane", line(1, 100), "Of one lane of workers."});
  made.query.push_back({"handler", line(1, 100), "Of one kind of work: mail.send.v1."});
  made.paging = Route::Paging::pages;
  made.response = schema::list(ref("Job"), 200);
  return made;
}

}  // namespace

void add_job_routes(RouteTable& table) {
  table.define("Job", object(job_fields()));
  auto detailed = job_fields();
  detailed.push_back(required("payload", any_object()));
  detailed.push_back(required("progressNote", any_object()));
  table.define("JobWithPayload", object(detailed));

  auto listed = listing("/jobs", "listJobs",
                        "Jobs, the newest first. They are counted and shown up to 10,000 of them: "
                        "pagination.totalIsAtLeast says that there may be more.");
  listed.query.push_back({"status", job_status(), "Of one state."});
  listed.handler = list_jobs;
  table.add(std::move(listed));
  auto getting = route(net::Method::get, "/jobs/{id}", "getJob", "A job with what it was given.");
  getting.response = ref("JobWithPayload");
  getting.handler = get_job;
  table.add(std::move(getting));
  auto retrying = route(net::Method::post, "/jobs/{id}/retry", "retryJob",
                        "Start a dead job again, with all its attempts.");
  retrying.handler = retry_job;
  table.add(std::move(retrying));

  auto dead = listing("/dead-letters", "listDeadLetters",
                      "Jobs that were given up, the newest first; counted like the jobs.");
  dead.handler = list_dead_letters;
  table.add(std::move(dead));
  auto replaying = route(net::Method::post, "/dead-letters/{id}/replay", "replayDeadLetter",
                         "Start a job that was given up again, with all its attempts.");
  replaying.handler = replay;
  table.add(std::move(replaying));
  auto discarding = route(net::Method::delete_, "/dead-letters/{id}", "discardDeadLetter",
                          "Remove a job that was given up.");
  discarding.response = object({required("id", id("job"))});
  discarding.handler = discard;
  table.add(std::move(discarding));
}

}  // namespace parley::api
