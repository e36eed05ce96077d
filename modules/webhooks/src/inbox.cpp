#include "parley/webhooks/inbox.hpp"

#include <map>
#include <stdexcept>

#include "inbox_rows.hpp"
#include "parley/base/strings.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::webhooks {

namespace {

constexpr std::string_view job_name = "inbox.process.v1";
constexpr std::size_t max_body_bytes = 256u << 10;
constexpr std::size_t max_name_bytes = 256;

InboxStatus status_of(Processed processed) {
  switch (processed) {
    case Processed::applied:
      return InboxStatus::applied;
    case Processed::stale:
      return InboxStatus::stale;
    case Processed::ignored:
      break;
  }
  return InboxStatus::ignored;
}

bool is_storable(std::string_view text) {
  return is_valid_utf8(text) && text.find('\0') == std::string_view::npos;
}

Result<void> check(const NewReceived& event) {
  if (event.body.size() > max_body_bytes)
    return fail(Errc::too_large, "a webhook is at most 256 KiB");
  if (event.event_id.empty() || event.source.empty())
    return fail(Errc::invalid, "a webhook needs a source and an event id");
  for (auto* name :
       {&event.source, &event.kind, &event.event_id, &event.event_type, &event.subject})
    if (name->size() > max_name_bytes || !is_storable(*name))
      return fail(Errc::invalid, "ids, types and subjects are text of at most 256 bytes");
  if (!is_storable(event.body)) return fail(Errc::invalid, "a webhook's body is text");
  return {};
}

}  // namespace

class Inbox::Impl {
 public:
  Impl(Parts parts, Options options) : parts_(parts), options_(std::move(options)) {}

  void add(std::string kind, Processor processor) {
    if (!processors_.emplace(std::move(kind), std::move(processor)).second)
      throw std::logic_error("a kind of webhook has one processor");
  }

  void take_jobs(const std::shared_ptr<Impl>& self) {
    queue::HandlerOptions options;
    options.lane = options_.lane;
    options.max_attempts = options_.max_attempts;
    options.first_pause = options_.first_pause;
    options.longest_pause = options_.longest_pause;
    auto handler = [self](Context ctx, queue::JobRun& run) { return self->process(ctx, run); };
    parts_.queue.add(std::string(job_name), options, std::move(handler));
  }

  Result<Receipt> receive(store::Tx& tx, const NewReceived& event) {
    if (auto good = check(event); !good) return std::unexpected(good.error());
    auto id = InboxId::make(parts_.clock, parts_.random);
    auto inserted = InboxRows::insert(tx, id, event);
    if (!inserted) return std::unexpected(inserted.error());
    if (!*inserted) {
      auto known = InboxRows::find(tx, event);
      if (!known) return std::unexpected(known.error());
      tx.after_commit([this] { repeated_.add(); });
      return Receipt{*known, Receipt::As::repeated};
    }
    if (auto put = enqueue(tx, id); !put) return std::unexpected(put.error());
    tx.after_commit([this] { stored_.add(); });
    return Receipt{id};
  }

  Task<Page> list(Context ctx, Filter filter) {
    auto look = [&](store::Tx& tx) { return InboxRows::list(tx, filter); };
    co_return co_await parts_.database.read(ctx, look);
  }
  Task<Received> get(Context ctx, InboxId id) {
    auto look = [&](store::Tx& tx) { return InboxRows::get(tx, id); };
    co_return co_await parts_.database.read(ctx, look);
  }
  Task<Received> replay(Context ctx, InboxId id) {
    auto change = [&](store::Tx& tx) -> Result<Received> {
      auto event = InboxRows::get(tx, id);
      if (!event) return event;
      if (event->status == InboxStatus::applied)
        return fail(Errc::conflict, "this webhook has taken effect");
      // One that waits may wait in vain, its job having died with its node: the new job takes over.
      if (auto put = enqueue(tx, id); !put) return std::unexpected(put.error());
      return InboxRows::get(tx, id);
    };
    co_return co_await parts_.database.write(ctx, change);
  }

  Task<Receipt> receive_alone(Context ctx, NewReceived event) {
    auto change = [&](store::Tx& tx) { return receive(tx, event); };
    co_return co_await parts_.database.write(ctx, change);
  }

  void count_refused(std::string_view reason) const {
    parts_.registry
        .counter("parley_inbox_refused_total", "Incoming webhooks of which nothing was stored",
                 {{"reason", std::string(reason)}})
        .add();
  }

 private:
  Result<void> enqueue(store::Tx& tx, const InboxId& id) {
    queue::NewJob job;
    job.handler = job_name;
    job.payload = {{"inboxId", id.str()}};
    auto put = parts_.queue.enqueue(tx, std::move(job));
    if (!put) return std::unexpected(put.error());
    return InboxRows::set_job(tx, id, put->id);
  }

  Task<void> process(Context ctx, queue::JobRun& run) {
    InboxId id(std::string(run.payload().at("inboxId").as_string()));
    auto change = [&](store::Tx& tx) -> Result<void> {
      try {
        return apply(tx, id, run);
      } catch (const std::exception& e) {
        return fail(Errc::unavailable, std::string("the processor threw: ") + e.what());
      }
    };
    auto done = co_await parts_.database.write(ctx, change);
    if (done) co_return done;
    bool hopeless = done.error().code == Errc::invalid || done.error().code == Errc::unsupported ||
                    run.attempt() >= options_.max_attempts;
    auto note = [&](store::Tx& tx) {
      if (hopeless) tx.after_commit([this] { dead_.add(); });
      return InboxRows::set_failed(tx, id, run.job().id,
                                   hopeless ? InboxStatus::dead : InboxStatus::received,
                                   run.attempt(), done.error().detail);
    };
    auto noted = co_await parts_.database.write(ctx, note);
    if (!noted) log::warn("inbox.not_noted", {{"inbox", id.str()}}, ctx);
    if (hopeless)
      log::error("inbox.dead", {{"inbox", id.str()}, {"reason", done.error().detail}}, ctx);
    co_return done;
  }

  Result<void> apply(store::Tx& tx, const InboxId& id, queue::JobRun& run) {
    auto event = InboxRows::get(tx, id);
    if (!event && event.error().code == Errc::not_found) return run.finish(tx);
    if (!event) return std::unexpected(event.error());
    auto job = InboxRows::job_of(tx, id);
    if (!job) return std::unexpected(job.error());
    // A job that was replayed by hand beside the one that counts.
    if (event->status == InboxStatus::applied || *job != run.job().id.str()) return run.finish(tx);
    auto found = processors_.find(event->what.kind);
    auto processed = found == processors_.end() ? Result<Processed>(Processed::ignored)
                                                : found->second(tx, *event);
    if (!processed) return std::unexpected(processed.error());
    auto status = status_of(*processed);
    if (auto set = InboxRows::set_processed(tx, id, status, run.attempt()); !set) return set;
    if (auto swept = InboxRows::remove_before(tx, tx.now() - keep()); !swept) return swept;
    tx.after_commit([this] { processed_.add(); });
    return run.finish(tx);
  }

  std::chrono::milliseconds keep() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(options_.keep);
  }

  Parts parts_;
  Options options_;
  std::map<std::string, Processor, std::less<>> processors_;
  metrics::Counter stored_ = parts_.registry.counter("parley_inbox_stored_total",
                                                     "Incoming webhooks stored for the first time");
  metrics::Counter repeated_ = parts_.registry.counter("parley_inbox_repeated_total",
                                                       "Incoming webhooks that were known already");
  metrics::Counter processed_ =
      parts_.registry.counter("parley_inbox_processed_total", "Incoming webhooks processed");
  metrics::Counter dead_ =
      parts_.registry.counter("parley_inbox_dead_total", "Incoming webhooks given up");
};

Inbox::Inbox(Parts parts) : Inbox(parts, Options{}) {}
Inbox::Inbox(Parts parts, Options options)
    : impl_(std::make_shared<Impl>(parts, std::move(options))) {
  impl_->take_jobs(impl_);
}
Inbox::~Inbox() = default;

void Inbox::add(std::string kind, Processor processor) {
  impl_->add(std::move(kind), std::move(processor));
}
Result<Inbox::Receipt> Inbox::receive(store::Tx& tx, const NewReceived& event) {
  return impl_->receive(tx, event);
}
Task<Inbox::Receipt> Inbox::receive(Context ctx, NewReceived event) {
  return impl_->receive_alone(std::move(ctx), std::move(event));
}
Task<Inbox::Page> Inbox::list(Context ctx, Filter filter) {
  return impl_->list(std::move(ctx), std::move(filter));
}
Task<Received> Inbox::get(Context ctx, InboxId id) {
  return impl_->get(std::move(ctx), std::move(id));
}
Task<Received> Inbox::replay(Context ctx, InboxId id) {
  return impl_->replay(std::move(ctx), std::move(id));
}
void Inbox::count_refused(std::string_view reason) const { impl_->count_refused(reason); }

}  // namespace parley::webhooks
