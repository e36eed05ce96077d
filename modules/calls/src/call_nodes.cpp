#include "call_nodes.hpp"

#include <fstream>

#include "call_rows.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::calls {

namespace {

bool is_name(std::string_view text) {
  return text.size() >= 16 && text.size() <= 64 &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == text.npos;
}

}  // namespace

std::string kept_node_name(const std::filesystem::path& file, Random& random) {
  std::string name;
  std::ifstream(file) >> name;
  if (is_name(name)) return name;
  name = random.token();
  std::ofstream(file, std::ios::trunc) << name << '\n';
  return name;
}

Task<void> CallNodes::turn(Context ctx) {
  if (!begun_) {
    auto beginning = begin(ctx);
    if (auto done = co_await std::move(beginning); !done) co_return done;
    begun_ = true;
  }
  if (alone()) co_return Result<void>{};
  auto beating = beat(ctx);
  if (auto beaten = co_await std::move(beating); !beaten) co_return beaten;
  auto looking = look_after_others(std::move(ctx));
  co_return co_await std::move(looking);
}

Task<void> CallNodes::begin(Context ctx) {
  auto mark = [this](store::Tx& tx) -> Result<void> {
    auto node = alone() ? std::nullopt : std::optional(own_);
    auto marked = rows::mark_interrupted(tx, std::move(node), holds_);
    if (!marked) return std::unexpected(marked.error());
    return {};
  };
  auto marking = database_.write(std::move(ctx), std::move(mark));
  co_return co_await std::move(marking);
}

Task<void> CallNodes::look_after_others(Context ctx) {
  auto look = [](store::Tx& tx) { return tx.query("SELECT node, beat FROM call_nodes"); };
  auto looking = database_.read(ctx, std::move(look));
  auto rows = co_await std::move(looking);
  if (!rows) co_return std::unexpected(rows.error());
  auto now = clock_.now();
  // Who could not look knows nothing of what the others did meanwhile.
  if (now - looked_ >= patience) others_.forget();
  looked_ = now;
  Beats beats;
  for (const auto& row : *rows)
    if (auto name = row.text("node"); name != own_) beats.emplace(name, row.integer("beat"));
  auto gone = others_.still(beats, now);
  for (const auto& [name, last_beat] : gone) {
    auto burying = bury(ctx, name, last_beat);
    if (auto buried = co_await std::move(burying); !buried) co_return buried;
  }
  co_return Result<void>{};
}

Task<void> CallNodes::beat(Context ctx) {
  auto move = [own = own_](store::Tx& tx) -> Result<void> {
    auto moved = tx.execute(
        "INSERT INTO call_nodes (node, beat) VALUES (?1, 1) "
        "ON CONFLICT (node) DO UPDATE SET beat = call_nodes.beat + 1",
        {own});
    if (!moved) return std::unexpected(moved.error());
    return {};
  };
  auto moving = database_.write(std::move(ctx), std::move(move));
  co_return co_await std::move(moving);
}

Task<void> CallNodes::bury(Context ctx, std::string node, std::int64_t beat) {
  std::int64_t calls = 0;
  auto end = [&](store::Tx& tx) -> Result<void> {
    calls = 0;
    auto ended = tx.execute("DELETE FROM call_nodes WHERE node = ?1 AND beat = ?2", {node, beat});
    if (!ended) return std::unexpected(ended.error());
    if (*ended == 0) return {};
    auto marked = rows::mark_interrupted(tx, node, holds_);
    if (!marked) return std::unexpected(marked.error());
    calls = *marked;
    return {};
  };
  auto ending = database_.write(std::move(ctx), end);
  auto ended = co_await std::move(ending);
  if (ended && calls > 0) log::error("calls.node_gone", {{"node", node}, {"calls", calls}});
  co_return ended;
}

}  // namespace parley::calls
