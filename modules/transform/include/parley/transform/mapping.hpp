#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/json.hpp"

namespace parley::transform {

/// What became of one document.
struct Outcome {
  /// What came out. Whole only when there are no problems.
  json::value value;
  /// `field` is a JSON pointer (RFC 6901) into the document that came in.
  std::vector<FieldProblem> problems;
  /// Only from rehearse(): fields of the document that the mapping does not name, and fields the
  /// mapping names that the document does not have. JSON pointers, at most 200 each.
  std::vector<std::string> unknown;
  std::vector<std::string> missing;

  bool ok() const noexcept { return problems.empty(); }
};

struct ItemProblem {
  std::size_t index = 0;  ///< of the item in the batch that came in, from 0
  std::string field;
  std::string problem;
};

/// What became of a batch: an item with a problem is left out, the others go on.
struct Batch {
  json::array items;                 ///< those without a problem, in their order
  std::vector<std::size_t> indexes;  ///< where each of `items` stood in the batch that came in
  std::vector<ItemProblem> problems;
  /// Only from rehearse_each(): how many items have such a field, or lack it.
  std::map<std::string, std::size_t> unknown;
  std::map<std::string, std::size_t> missing;
};

/// A declarative mapping of outside JSON to ours, read from a JSON file once and then applied to
/// any number of documents from any thread. README.md has the file's format.
///
/// Work and memory are linear in the document times the mapping's size; a document is bounded by
/// parse_json (32 levels) and by whoever read it.
class Mapping {
 public:
  /// At most 1 MB, 1,000 fields, 8 lists inside each other. Errors: invalid, with every fault of
  /// the file, each with its place in it ("/fields/2/type: ...") or its line and column.
  static Result<Mapping> parse(std::string_view text);
  /// The same from what was parsed already.
  static Result<Mapping> compile(const json::value& file);

  Outcome apply(const json::value& document) const;
  /// As apply(), and tells what is unknown and what is missing: a dry run.
  Outcome rehearse(const json::value& document) const;
  Batch apply_each(const json::array& documents) const;
  Batch rehearse_each(const json::array& documents) const;

  struct Record;

 private:
  explicit Mapping(std::shared_ptr<const Record> record) : record_(std::move(record)) {}
  std::shared_ptr<const Record> record_;
};

}  // namespace parley::transform
