#include "parley/knowledge/vector_index.hpp"

#include <cmath>

namespace parley::knowledge {

namespace {
constexpr std::size_t most_matches = 1000;
constexpr std::size_t most_documents = 100;

Result<void> check_size(const VectorSpace& space, const Vector& values) {
  if (values.size() == space.dimensions) return {};
  return fail(Errc::invalid, "a vector of " + std::to_string(values.size()) +
                                 " dimensions where they have " + std::to_string(space.dimensions));
}
}  // namespace

Result<void> check(const VectorSpace& space, const std::vector<VectorEntry>& entries) {
  for (const auto& entry : entries)
    if (auto good = check_size(space, entry.values); !good) return good;
  return {};
}

Result<void> check(const VectorSpace& space, const VectorQuery& query) {
  if (query.limit < 1 || query.limit > most_matches)
    return fail(Errc::invalid, "limit is 1 to 1000");
  if (query.of_documents.size() > most_documents)
    return fail(Errc::invalid, "at most 100 documents");
  return check_size(space, query.values);
}

bool is_void(const Vector& values) noexcept {
  auto sum = 0.0F;
  for (auto value : values) sum += value * value;
  return !(sum > 0.0F) || !std::isfinite(sum);
}

}  // namespace parley::knowledge
