#include "vector_upkeep.hpp"

namespace parley::knowledge {

namespace {

/// Without a wake-up (another node's document, a pause that ended) work is found this late.
constexpr Duration poll_interval = 5s;
/// One document's embedding and writing; then another worker may take it up.
constexpr Duration lease = 5min;
constexpr Duration first_pause = 2s;
constexpr std::int64_t most_doublings = 5;  ///< of that pause: about a minute
constexpr std::size_t looked_at_once = 8;
constexpr std::size_t written_at_once = 100;
constexpr std::size_t matches_asked = 64;

WallTime later(WallTime from, Duration by) {
  return from + std::chrono::floor<std::chrono::milliseconds>(by);
}

}  // namespace

VectorUpkeep::VectorUpkeep(asio::any_io_executor executor, Clock& clock, store::Database& database,
                           SemanticSearch parts)
    : clock_(clock),
      database_(database),
      parts_(parts),
      target_{parts.embedder->name(), parts.vectors->name()},
      tasks_(std::move(executor)) {}

void VectorUpkeep::start() {
  tasks_.spawn("vector upkeep", [this] { return work(); });
}

asio::awaitable<void> VectorUpkeep::stop() { co_await tasks_.stop(); }

asio::awaitable<void> VectorUpkeep::work() {
  while (true) {
    auto seen = wake_.generation();
    auto doing = do_some();
    bool did = co_await std::move(doing);
    if (did) continue;
    auto waiting = wake_.wait(clock_, seen, clock_.now() + poll_interval);
    co_await std::move(waiting);
  }
}

asio::awaitable<bool> VectorUpkeep::do_some() {
  auto look = [&](store::Tx& tx) { return rows::due_vectors(tx, target_, looked_at_once); };
  auto looking = database_.read(Context{}, look);
  auto due = co_await std::move(looking);
  if (!due) co_return false;
  bool did = false;
  for (const auto& work : *due) {
    Context ctx;
    ctx.organization = work.organization;
    ctx.principal = {Principal::Kind::system, "knowledge", Role::operator_};
    auto until = later(clock_.wall(), lease);
    auto claim = [&](store::Tx& tx) { return rows::claim_vectors(tx, work, until); };
    auto claiming = database_.write(ctx, claim);
    auto claimed = co_await std::move(claiming);
    if (!claimed || !*claimed) continue;
    ctx.deadline = clock_.now() + lease;
    auto processing = process(ctx, work);
    auto done = co_await std::move(processing);
    ctx.deadline = TimePoint::max();
    auto pause = first_pause * (1 << std::min(work.attempts, most_doublings));
    auto again = later(clock_.wall(), pause);
    auto change = [&](store::Tx& tx) {
      if (!done) return rows::defer_vectors(tx, work, again);
      if (work.passages_version == 0) return rows::vectors_removed(tx, work);
      return rows::vectors_written(tx, work, target_);
    };
    // When this fails too, the lease ends and the document is done again.
    auto changing = database_.write(ctx, change);
    auto changed = co_await std::move(changing);
    did = did || (done && changed);
  }
  co_return did;
}

Task<void> VectorUpkeep::process(Context ctx, rows::VectorWork work) {
  std::vector<VectorEntry> entries;
  if (work.passages_version != 0) {
    auto look = [&](store::Tx& tx) { return rows::passages_of(tx, work); };
    auto looking = database_.read(ctx, look);
    auto texts = co_await std::move(looking);
    if (!texts) co_return std::unexpected(texts.error());
    auto embedding = embed(ctx, work, std::move(*texts));
    auto embedded = co_await std::move(embedding);
    if (!embedded) co_return std::unexpected(embedded.error());
    entries = std::move(*embedded);
  }
  auto removing = parts_.vectors->remove(ctx, work.business, work.document);
  if (auto removed = co_await std::move(removing); !removed) co_return removed;
  for (std::size_t at = 0; at < entries.size(); at += written_at_once) {
    auto from = entries.begin() + static_cast<std::ptrdiff_t>(at);
    auto to = entries.begin() +
              static_cast<std::ptrdiff_t>(std::min(entries.size(), at + written_at_once));
    std::vector<VectorEntry> some(std::make_move_iterator(from), std::make_move_iterator(to));
    auto writing = parts_.vectors->upsert(ctx, work.business, std::move(some));
    if (auto written = co_await std::move(writing); !written) co_return written;
  }
  co_return Result<void>{};
}

Task<std::vector<VectorEntry>> VectorUpkeep::embed(Context ctx, rows::VectorWork work,
                                                   std::vector<rows::PassageText> texts) {
  std::vector<VectorEntry> entries;
  for (std::size_t at = 0; at < texts.size();) {
    auto count = std::min(parts_.embedder->max_batch(), texts.size() - at);
    std::vector<std::string> some;
    for (std::size_t i = at; i < at + count; ++i) some.push_back(std::move(texts[i].text));
    auto embedding = parts_.embedder->embed(ctx, std::move(some));
    auto vectors = co_await std::move(embedding);
    if (!vectors) co_return std::unexpected(vectors.error());
    if (vectors->size() != count) co_return fail(Errc::corrupt, "vectors of another number");
    for (std::size_t i = 0; i < count; ++i)
      entries.push_back({texts[at + i].id, work.document, std::move((*vectors)[i])});
    at += count;
  }
  co_return entries;
}

Task<std::vector<VectorMatch>> VectorUpkeep::ask(Context ctx, BusinessId business,
                                                 std::string question) {
  std::vector<std::string> texts{std::move(question)};
  auto embedding = parts_.embedder->embed(ctx, std::move(texts));
  auto vectors = co_await std::move(embedding);
  if (!vectors) co_return std::unexpected(vectors.error());
  if (vectors->size() != 1) co_return fail(Errc::corrupt, "vectors of another number");
  VectorQuery query{std::move(business), std::move(vectors->front()), matches_asked, {}};
  auto asking = parts_.vectors->query(std::move(ctx), std::move(query));
  co_return co_await std::move(asking);
}

asio::awaitable<void> VectorUpkeep::answer(std::shared_ptr<Question> asked, Context ctx) {
  auto deadline = ctx.deadline;
  auto asking = ask(std::move(ctx), asked->business, asked->text);
  auto limited = with_deadline(clock_, deadline, std::move(asking));
  auto found = co_await std::move(limited);
  asked->matches = found ? std::move(*found) : std::vector<VectorMatch>{};
  asked->answered.notify();
}

asio::awaitable<std::vector<VectorMatch>> VectorUpkeep::nearest(Context ctx, BusinessId business,
                                                                std::string question) {
  auto limited = ctx.until(clock_.now() + parts_.patience);
  auto asked = std::make_shared<Question>();
  asked->business = std::move(business);
  asked->text = std::move(question);
  auto executor = co_await asio::this_coro::executor;
  // A task of its own: a store that is a database is waited for to the transaction's end, which a
  // server that trickles puts off.
  tasks_.spawn_on(executor, "vector search",
                  [this, asked, limited] { return answer(asked, limited); });
  while (!asked->matches && clock_.now() < limited.deadline) {
    auto waiting = asked->answered.wait_until(clock_, limited.deadline);
    co_await std::move(waiting);
  }
  co_return std::move(asked->matches).value_or(std::vector<VectorMatch>{});
}

Task<std::int64_t> VectorUpkeep::behind(Context ctx) {
  auto look = [&](store::Tx& tx) { return rows::vectors_behind(tx, target_); };
  auto looking = database_.read(std::move(ctx), look);
  co_return co_await std::move(looking);
}

}  // namespace parley::knowledge
