#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "commands.hpp"
#include "parley/transform/mapping.hpp"

namespace parley::app {

namespace {

constexpr std::size_t max_input_bytes = 256u << 20;

Result<std::string> read_all(const std::string& name) {
  std::ifstream file;
  if (name != "-") {
    file.open(name, std::ios::binary);
    if (!file) return fail(Errc::not_found, "cannot read " + name);
  }
  auto& in = name == "-" ? std::cin : file;
  std::string text;
  std::array<char, 65536> piece;
  while (in.read(piece.data(), piece.size()) || in.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_input_bytes) return fail(Errc::too_large, name + " is over 256 MB");
  }
  if (in.bad()) return fail(Errc::unavailable, "cannot read " + name);
  return text;
}

json::object counts(const std::map<std::string, std::size_t>& paths) {
  json::object out;
  for (auto& [path, items] : paths) out[path] = items;
  return out;
}

json::array problems_of(const transform::Batch& batch) {
  json::array out;
  for (auto& problem : batch.problems)
    out.push_back(
        {{"index", problem.index}, {"field", problem.field}, {"problem", problem.problem}});
  return out;
}

}  // namespace

int run_transform(const TransformOptions& options) {
  auto text = read_all(options.mapping);
  if (!text) return complain(usage, text.error().detail);
  auto mapping = transform::Mapping::parse(*text);
  if (!mapping) return complain(usage, options.mapping + ":\n" + mapping.error().detail);
  auto input = read_all(options.input);
  if (!input) return complain(usage, input.error().detail);
  auto document = parse_json(*input);
  if (!document) return complain(failed, options.input + ": " + document.error().detail);

  bool single = !document->is_array();
  auto items = single ? json::array{*document} : std::move(document->get_array());
  auto batch = options.dry_run ? mapping->rehearse_each(items) : mapping->apply_each(items);
  if (options.dry_run) {
    fmt::print("{}\n", json::serialize(json::object{{"items", items.size()},
                                                    {"wouldComeOut", batch.items},
                                                    {"unknown", counts(batch.unknown)},
                                                    {"missing", counts(batch.missing)},
                                                    {"problems", problems_of(batch)}}));
    return batch.problems.empty() ? done : failed;
  }
  if (!single)
    fmt::print("{}\n", json::serialize(batch.items));
  else if (!batch.items.empty())
    fmt::print("{}\n", json::serialize(batch.items.front()));
  for (auto& problem : batch.problems)
    fmt::print(stderr, "parley: item {}, {}: {}\n", problem.index,
               problem.field.empty() ? "the whole" : problem.field, problem.problem);
  return batch.problems.empty() ? done : failed;
}

}  // namespace parley::app
