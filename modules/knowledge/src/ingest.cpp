#include "ingest.hpp"

#include "parley/base/strings.hpp"
#include "passages.hpp"

namespace parley::knowledge {

namespace {

/// Without a wake-up (another node's upload, a lease that ended) work is found this late.
constexpr Duration poll_interval = 5s;
constexpr Duration sweep_interval = 10min;
/// What a worker may take besides extraction: reading the file, writing the passages.
constexpr Duration lease_margin = 2min;
constexpr std::int64_t max_attempts = 4;
/// More claims than that mean that the service itself ends whenever it reads this document.
constexpr std::int64_t max_claims = 6;

/// Not the document's fault: worth another try.
bool may_pass(Errc code) {
  return code == Errc::unavailable || code == Errc::rate_limited ||
         code == Errc::resource_exhausted || code == Errc::outcome_unknown;
}

WallTime later(WallTime from, Duration by) {
  return from + std::chrono::floor<std::chrono::milliseconds>(by);
}

}  // namespace

Ingest::Ingest(asio::any_io_executor executor, Clock& clock, Random& random,
               store::Database& database, store::ObjectStore& objects, WorkerPool& pool,
               const KnowledgeOptions& options)
    : clock_(clock),
      random_(random),
      database_(database),
      objects_(objects),
      pool_(pool),
      options_(options),
      extraction_(clock, pool, {options.extractor_command, options.extraction_timeout}),
      tasks_(executor) {}

asio::awaitable<void> Ingest::start() {
  std::optional<WallTime> left_before;
  if (database_.kind() == store::Database::Kind::sqlite) {
    // Nobody else works on this database, so whatever is under way belongs to a run that ended.
    // Many nodes share the other kind: there leases end by themselves.
    left_before = clock_.wall();
    auto release = [](store::Tx& tx) { return rows::release_all(tx); };
    auto released = database_.write(context_of({}), release);
    co_await std::move(released);
  }
  auto sweeping = sweep(left_before);
  co_await std::move(sweeping);
  for (std::size_t i = 0; i < options_.concurrent_extractions; ++i) {
    auto name = "document worker " + std::to_string(i);
    tasks_.spawn(std::move(name), [this] { return work(); });
  }
  tasks_.spawn("loose object sweeper", [this] { return sweep_now_and_then(); });
}

asio::awaitable<void> Ingest::stop() { co_await tasks_.stop(); }

Context Ingest::context_of(const OrganizationId& organization) const {
  Context ctx;
  ctx.organization = organization;
  ctx.principal = {Principal::Kind::system, "knowledge", Role::operator_};
  return ctx;
}

asio::awaitable<void> Ingest::work() {
  while (true) {
    auto seen = wake_.generation();
    auto taking = take_up_one();
    bool worked = co_await std::move(taking);
    if (worked) continue;
    auto waiting = wake_.wait(clock_, seen, clock_.now() + poll_interval);
    co_await std::move(waiting);
  }
}

asio::awaitable<bool> Ingest::take_up_one() {
  auto limit = options_.concurrent_extractions + 1;
  auto look = [limit](store::Tx& tx) { return rows::due(tx, limit); };
  auto looking = database_.read(context_of({}), look);
  auto due = co_await std::move(looking);
  if (!due) co_return false;
  for (auto& work : *due) {
    auto ctx = context_of(work.organization);
    if (work.attempts >= max_claims) {
      Error error{Errc::corrupt, "Reading the document was interrupted too often"};
      auto recording = record_failure(ctx, work, std::move(error));
      co_await std::move(recording);
      continue;
    }
    auto claiming = claim(ctx, work);
    auto claimed = co_await std::move(claiming);
    // Another worker was quicker, or the database went away.
    if (!claimed || !*claimed) continue;
    ++work.version;
    ++work.attempts;
    auto processing = process(ctx, work);
    co_await std::move(processing);
    co_return true;
  }
  co_return false;
}

Task<bool> Ingest::claim(Context ctx, rows::Work work) {
  auto lease = later(clock_.wall(), options_.extraction_timeout + lease_margin);
  auto change = [&](store::Tx& tx) { return rows::claim(tx, work, lease); };
  auto changing = database_.write(std::move(ctx), change);
  co_return co_await std::move(changing);
}

asio::awaitable<void> Ingest::process(Context ctx, rows::Work work) {
  auto preparing = prepare(ctx, work);
  auto prepared = co_await std::move(preparing);
  if (!prepared) {
    auto recording = record_failure(ctx, work, prepared.error());
    co_await std::move(recording);
    co_return;
  }
  auto change = [&](store::Tx& tx) {
    return rows::complete(tx, work, prepared->passages, prepared->pages);
  };
  auto changing = database_.write(ctx, change);
  auto completed = co_await std::move(changing);
  // False: the document was deleted or queued again in the meantime; what was made is dropped.
  if (completed) {
    changed_();
    co_return;
  }
  auto recording = record_failure(ctx, work, completed.error());
  co_await std::move(recording);
}

Task<Ingest::Prepared> Ingest::prepare(Context ctx, rows::Work work) {
  auto getting = objects_.get(ctx, work.object_key);
  auto bytes = co_await std::move(getting);
  if (!bytes && bytes.error().code == Errc::not_found)
    co_return fail(Errc::corrupt, "The uploaded file is no longer there");
  if (!bytes) co_return std::unexpected(bytes.error());
  auto document = std::make_shared<const std::string>(as_text(*bytes));
  bytes->clear();
  bytes->shrink_to_fit();

  auto extracting = extraction_.run(work.media_type, document);
  auto extracted = co_await std::move(extracting);
  if (!extracted) co_return std::unexpected(extracted.error());
  auto blocks = std::make_shared<const Extracted>(std::move(*extracted));
  std::function<Result<Prepared>()> compute = [this, blocks] { return cut(*blocks); };
  auto computing = pool_.run<Prepared>(std::move(compute));
  co_return co_await std::move(computing);
}

Result<Ingest::Prepared> Ingest::cut(const Extracted& extracted) {
  Prepared out;
  out.pages = extracted.pages;
  for (auto& piece :
       cut_passages(extracted.blocks, {options_.passage_words, options_.overlap_words})) {
    rows::NewPassage passage;
    passage.id = ChunkId::make(clock_, random_);
    passage.embedding = embed_passage(piece.heading + "\n" + piece.text);
    passage.heading = std::move(piece.heading);
    passage.page = piece.page;
    passage.text = std::move(piece.text);
    out.passages.push_back(std::move(passage));
  }
  if (out.passages.empty())
    return fail(Errc::corrupt, "There is no text in the document (scanned images are not read)");
  return out;
}

asio::awaitable<void> Ingest::record_failure(Context ctx, rows::Work work, Error error) {
  bool again = may_pass(error.code) && work.attempts < max_attempts;
  auto wait = Duration(5s) * (1 << (2 * std::min<std::int64_t>(work.attempts, max_attempts)));
  auto due = later(clock_.wall(), wait);
  auto change = [&](store::Tx& tx) {
    return again ? rows::defer(tx, work, due, error.detail)
                 : rows::fail_document(tx, work, error.detail);
  };
  auto changing = database_.write(std::move(ctx), change);
  // When this fails too, the lease ends and the document is taken up again.
  co_await std::move(changing);
}

asio::awaitable<void> Ingest::sweep_now_and_then() {
  while (true) {
    co_await clock_.sleep_for(sweep_interval);
    auto sweeping = sweep(std::nullopt);
    co_await std::move(sweeping);
  }
}

asio::awaitable<void> Ingest::sweep(std::optional<WallTime> left_before) {
  auto look = [left_before](store::Tx& tx) { return rows::loose_objects(tx, left_before); };
  auto looking = database_.read(context_of({}), look);
  auto loose = co_await std::move(looking);
  if (!loose) co_return;
  for (const auto& object : *loose) {
    auto ctx = context_of(object.organization);
    auto removing = objects_.remove(ctx, object.key);
    auto removed = co_await std::move(removing);
    if (!removed) continue;
    auto drop = [&](store::Tx& tx) { return rows::drop_loose(tx, object.key); };
    auto dropping = database_.write(ctx, drop);
    co_await std::move(dropping);
  }
}

}  // namespace parley::knowledge
