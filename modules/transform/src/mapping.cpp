#include "parley/transform/mapping.hpp"

#include "field.hpp"

namespace parley::transform {

namespace {

enum class Notes { no, yes };

/// Applies one record, at one place of the document.
class Application {
 public:
  Application(const Mapping::Record& record, const json::value& document, std::string at,
              Notes notes, Outcome& out)
      : record_(record), document_(document), at_(std::move(at)), notes_(notes), out_(out) {}

  json::value run() {
    if (!document_.is_object()) {
      problem("", "must be an object");
      return nullptr;
    }
    for (auto& field : record_.fields) apply(field);
    deal_with_unknown();
    return std::move(result_);
  }

 private:
  void problem(std::string_view path, std::string_view what) {
    out_.problems.push_back({at_ + std::string(path), std::string(what)});
  }

  void missing(const Field& field) {
    if (notes_ == Notes::yes && !field.from.empty() && out_.missing.size() < max_noted_paths)
      out_.missing.push_back(at_ + field.from.front().text());
  }

  void apply(const Field& field) {
    if (field.constant) return put(result_, field.to, *field.constant);
    for (auto& from : field.from) {
      const auto* value = from.find(document_);
      if (!value || value->is_null()) continue;
      auto became = field.each ? each_of(field, from, *value) : convert(field, *value, document_);
      if (became && !became->is_null()) return put(result_, field.to, std::move(*became));
      if (became || field.drop_invalid) continue;
      if (!became.error().detail.empty()) problem(from.text(), became.error().detail);
      return;
    }
    missing(field);
    if (field.fallback) return put(result_, field.to, *field.fallback);
    if (field.required) {
      auto& from = field.from.front();
      problem(from.text(), why_absent(from, document_));
    }
  }

  /// An error without words: the problems are already with the items.
  Result<json::value> each_of(const Field& field, const Pointer& from, const json::value& value) {
    auto* list = value.if_array();
    if (!list) return fail(Errc::invalid, "must be a list");
    auto before = out_.problems.size();
    json::array items;
    items.reserve(list->size());
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto place = at_ + from.text() + "/" + std::to_string(i);
      items.push_back(Application(*field.each, (*list)[i], std::move(place), notes_, out_).run());
    }
    if (out_.problems.size() > before) return fail(Errc::invalid, "");
    return items;
  }

  void deal_with_unknown() {
    bool kept = record_.unknown.what == Unknown::keep;
    if (record_.unknown.what == Unknown::drop && notes_ == Notes::no) return;
    std::vector<std::string> paths;
    auto rest =
        record_.known.rest_of(document_, at_, kept && notes_ == Notes::no ? nullptr : &paths);
    if (record_.unknown.what == Unknown::refuse)
      for (auto& path : paths) out_.problems.push_back({path, "is not a known field"});
    if (kept && !rest.is_null()) result_[record_.unknown.keep_under] = std::move(rest);
    if (notes_ == Notes::no) return;
    for (auto& path : paths)
      if (out_.unknown.size() < max_noted_paths) out_.unknown.push_back(std::move(path));
  }

  const Mapping::Record& record_;
  const json::value& document_;
  std::string at_;
  Notes notes_;
  Outcome& out_;
  json::object result_;
};

Outcome run(const Mapping::Record& record, const json::value& document, Notes notes) {
  Outcome out;
  out.value = Application(record, document, "", notes, out).run();
  return out;
}

/// Senders choose these names: so many different ones are told apart.
void count(std::map<std::string, std::size_t>& counts, std::vector<std::string> paths) {
  for (auto& path : paths)
    if (counts.size() < 5 * max_noted_paths || counts.contains(path)) ++counts[std::move(path)];
}

Batch run_each(const Mapping::Record& record, const json::array& documents, Notes notes) {
  Batch batch;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    auto out = run(record, documents[i], notes);
    count(batch.unknown, std::move(out.unknown));
    count(batch.missing, std::move(out.missing));
    for (auto& problem : out.problems)
      batch.problems.push_back({i, std::move(problem.field), std::move(problem.problem)});
    if (!out.ok()) continue;
    batch.items.push_back(std::move(out.value));
    batch.indexes.push_back(i);
  }
  return batch;
}

}  // namespace

Outcome Mapping::apply(const json::value& document) const {
  return run(*record_, document, Notes::no);
}

Outcome Mapping::rehearse(const json::value& document) const {
  return run(*record_, document, Notes::yes);
}

Batch Mapping::apply_each(const json::array& documents) const {
  return run_each(*record_, documents, Notes::no);
}

Batch Mapping::rehearse_each(const json::array& documents) const {
  return run_each(*record_, documents, Notes::yes);
}

}  // namespace parley::transform
