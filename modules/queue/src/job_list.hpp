#pragma once
#include "parley/queue/queue.hpp"

namespace parley::queue {

/// What is asked of the database, with the organization as its first parameter.
struct JobListSql {
  std::string page;
  std::string count;
  store::Params params;
};
/// `lanes`: those of the filter's handler, at least one; without a handler they mean nothing.
Result<JobListSql> job_list_sql(const OrganizationId& organization, const JobFilter& filter,
                                std::span<const std::string> lanes);

/// The lanes that an organization's jobs of a handler are in: one, unless it was moved. Each costs
/// one step down the index.
inline constexpr std::size_t most_lanes = 32;
inline constexpr std::string_view next_lane_sql =
    "SELECT lane FROM jobs WHERE organization_id = ?1 AND handler = ?2 AND lane > ?3 "
    "ORDER BY lane LIMIT 1";

/// Of the transaction's organization.
Result<JobPage> list_jobs(store::Tx& tx, const JobFilter& filter);

}  // namespace parley::queue
