#include "job_list.hpp"

#include <fmt/format.h>

#include "job_rows.hpp"
#include "parley/store/listing.hpp"

namespace parley::queue {

namespace {

constexpr std::size_t states = static_cast<std::size_t>(JobState::dead) + 1;

std::vector<std::string_view> wanted_states(const JobFilter& filter) {
  if (filter.state) return {to_string(*filter.state)};
  std::vector<std::string_view> all;
  for (std::size_t i = 0; i < states; ++i) all.push_back(to_string(static_cast<JobState>(i)));
  return all;
}

Result<std::vector<std::string>> lanes_of(store::Tx& tx, const JobFilter& filter) {
  if (filter.handler.empty() || !filter.lane.empty()) return std::vector{filter.lane};
  std::vector<std::string> lanes{""};
  while (lanes.size() <= most_lanes) {
    auto next = tx.query(next_lane_sql,
                         {tx.context().organization, filter.handler, std::string(lanes.back())});
    if (!next) return std::unexpected(next.error());
    if (next->empty()) break;
    lanes.push_back(next->front().text("lane"));
  }
  lanes.erase(lanes.begin());
  return lanes;
}

}  // namespace

Result<JobListSql> job_list_sql(const OrganizationId& organization, const JobFilter& filter,
                                std::span<const std::string> lanes) {
  auto order = store::parse_listing_order(filter.sort);
  if (!order) return std::unexpected(order.error());
  JobListSql sql;
  sql.params.emplace_back(organization);
  std::vector<std::string> begun;
  if (!filter.handler.empty()) {
    sql.params.emplace_back(filter.handler);
    for (const auto& lane : lanes) {
      sql.params.emplace_back(lane);
      begun.push_back(fmt::format("organization_id = ?1 AND handler = ?2 AND lane = ?{} AND ",
                                  sql.params.size()));
    }
  } else if (!filter.lane.empty()) {
    sql.params.emplace_back(filter.lane);
    begun.emplace_back("organization_id = ?1 AND lane = ?2 AND ");
  } else {
    begun.emplace_back("organization_id = ?1 AND ");
  }
  // As the index for it has it.
  std::string_view mark = !filter.handler.empty() ? "/handler"
                          : !filter.lane.empty()  ? "/lane"
                                                  : "";
  std::vector<std::string> stretches;
  for (const auto& beginning : begun)
    for (auto state : wanted_states(filter))
      stretches.push_back(fmt::format("{0}state || '{2}' = '{1}{2}'", beginning, state, mark));
  store::Listing listing{.table = "jobs",
                         .columns = job_columns,
                         .stretches = stretches,
                         .order = *order,
                         .page = filter.page,
                         .limit = filter.limit};
  sql.page = store::listing_sql(listing);
  sql.count = store::listing_count_sql(listing);
  return sql;
}

Result<JobPage> list_jobs(store::Tx& tx, const JobFilter& filter) {
  auto lanes = lanes_of(tx, filter);
  if (!lanes) return std::unexpected(lanes.error());
  if (lanes->empty()) return JobPage{};
  auto sql = job_list_sql(tx.context().organization, filter, *lanes);
  if (!sql) return std::unexpected(sql.error());
  auto counted = tx.one(sql->count, sql->params);
  if (!counted) return std::unexpected(counted.error());
  JobPage page;
  page.total = counted->integer("many");
  if (page.total >= store::most_listed) page.counted = JobPage::Counted::at_least;
  auto rows = tx.query(sql->page, sql->params);
  if (!rows) return std::unexpected(rows.error());
  for (const auto& row : *rows) page.items.push_back(read_job(row));
  return page;
}

}  // namespace parley::queue
