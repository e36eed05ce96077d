#include "parley/simulators/pinecone_simulator.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <mutex>

#include "records.hpp"

namespace parley::simulators {

namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::size_t most_records = 1000;  ///< of one upsert, fetch or deletion
constexpr std::size_t most_matches = 10'000;

HttpResponse answer(const json::object& body) {
  return net::text_response(200, json::serialize(body), "application/json");
}
/// As the data plane words it: a gRPC status in JSON.
HttpResponse refuse(int status, int code, const std::string& message) {
  json::object body{{"code", code}, {"message", message}, {"details", json::array{}}};
  return net::text_response(status, json::serialize(body), "application/json");
}
HttpResponse invalid(const std::string& message) { return refuse(400, 3, message); }
/// As the control plane words it.
HttpResponse refuse_control(int status, const std::string& code, const std::string& message) {
  json::object body{{"error", {{"code", code}, {"message", message}}}, {"status", status}};
  return net::text_response(status, json::serialize(body), "application/json");
}

HttpResponse refusal_for(const Fault& fault, const HttpRequest&) {
  int code = fault.status == 429 ? 8 : fault.status == 503 ? 14 : 13;
  std::from_chars(fault.code.data(), fault.code.data() + fault.code.size(), code);
  return refuse(fault.status, code, "As the plan of faults wants it");
}

std::string namespace_of(const json::value& body) {
  auto name = text_at(body, "/namespace");
  return name.empty() ? "__default__" : name;
}
std::string namespace_of(const HttpRequest& request) {
  std::string name(net::find_field(request.query, "namespace").value_or(""));
  return name.empty() ? "__default__" : name;
}

std::vector<std::string> texts_in(const json::value& body, std::string_view pointer) {
  std::vector<std::string> out;
  const auto* list = value_at(body, pointer);
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& one : list->get_array())
    if (one.is_string()) out.emplace_back(one.get_string());
  return out;
}

bool flag_in(const json::value& body, std::string_view pointer) {
  const auto* flag = value_at(body, pointer);
  return flag && flag->is_bool() && flag->get_bool();
}

json::object shown(const std::string& id, const Record& record, bool values, bool metadata) {
  json::object out{{"id", id}};
  out["values"] = values ? json::array(record.values.begin(), record.values.end()) : json::array{};
  if (metadata) out["metadata"] = record.metadata;
  return out;
}

}  // namespace

struct PineconeSimulator::Impl {
  using Change = std::function<void(std::map<std::string, Namespace>&)>;
  using Handler = HttpResponse (Impl::*)(const HttpRequest&, const json::value&);

  Impl(asio::any_io_executor executor, Clock& clock_, Random& random,
       PineconeSimulatorOptions given)
      : clock(clock_),
        options(std::move(given)),
        server(std::move(executor), clock, random, options.where, refusal_for) {
    route(net::Method::get, "/indexes", &Impl::list_indexes);
    route(net::Method::get, "/indexes/{name}", &Impl::describe);
    route(net::Method::post, "/vectors/upsert", &Impl::upsert);
    route(net::Method::post, "/query", &Impl::query);
    route(net::Method::post, "/vectors/delete", &Impl::erase);
    route(net::Method::post, "/vectors/update", &Impl::update);
    route(net::Method::get, "/vectors/fetch", &Impl::fetch);
    route(net::Method::get, "/vectors/list", &Impl::list);
    route(net::Method::post, "/describe_index_stats", &Impl::stats);
  }

  void route(net::Method method, std::string pattern, Handler handler) {
    bool control = pattern.starts_with("/indexes");
    auto serve = [this, handler, control](HttpRequest request) -> asio::awaitable<HttpResponse> {
      if (request.headers.get("Api-Key").value_or("") != options.api_key)
        co_return control ? refuse_control(401, "UNAUTHENTICATED", "Invalid API Key")
                          : refuse(401, 16, "Invalid API key");
      auto body = parse_json(request.body.empty() ? "{}" : request.body);
      if (!body || !body->is_object()) co_return invalid("the body is no JSON object");
      std::lock_guard lock(mutex);
      settle();
      co_return (this->*handler)(request, *body);
    };
    server.add(method, std::move(pattern), std::move(serve), {4u << 20});
  }

  /// What was written long enough ago shows now.
  void settle() {
    for (; !pending.empty() && pending.front().first <= clock.now(); pending.pop_front())
      pending.front().second(spaces);
  }
  void apply(Change change) {
    pending.emplace_back(clock.now() + options.visible_after, std::move(change));
    settle();
  }
  const Namespace* find(const std::string& name) const {
    auto found = spaces.find(name);
    return found == spaces.end() ? nullptr : &found->second;
  }

  json::object index_model() const {
    return {{"name", options.index},
            {"vector_type", "dense"},
            {"dimension", options.dimension},
            {"metric", "cosine"},
            {"host", "127.0.0.1:" + std::to_string(server.port())},
            {"deletion_protection", "disabled"},
            {"spec", {{"serverless", {{"cloud", "aws"}, {"region", "us-east-1"}}}}},
            {"status", {{"ready", true}, {"state", "Ready"}}}};
  }
  HttpResponse list_indexes(const HttpRequest&, const json::value&) {
    return answer({{"indexes", json::array{index_model()}}});
  }
  HttpResponse describe(const HttpRequest& request, const json::value&) {
    if (request.path_value("name").value_or("") == options.index) return answer(index_model());
    return refuse_control(404, "NOT_FOUND", "Resource not found");
  }

  HttpResponse upsert(const HttpRequest&, const json::value& body) {
    const auto* vectors = value_at(body, "/vectors");
    if (vectors == nullptr || !vectors->is_array() || vectors->get_array().empty())
      return invalid("no vectors");
    if (vectors->get_array().size() > most_records)
      return invalid("the number of vectors exceeds the limit of 1000");
    auto records = std::make_shared<Namespace>();
    for (const auto& vector : vectors->get_array()) {
      auto id = text_at(vector, "/id");
      if (id.empty() || id.size() > 512) return invalid("an id has 1 to 512 characters");
      auto values = values_in(value_at(vector, "/values"), options.dimension);
      if (!values) return invalid(values.error().detail);
      auto metadata = metadata_in(value_at(vector, "/metadata"));
      if (!metadata) return invalid(metadata.error().detail);
      (*records)[id] = {std::move(*values), std::move(*metadata)};
    }
    apply([records, name = namespace_of(body)](auto& all) {
      for (const auto& [id, record] : *records) all[name][id] = record;
    });
    return answer({{"upsertedCount", records->size()}});
  }

  HttpResponse query(const HttpRequest&, const json::value& body) {
    const auto* most = value_at(body, "/topK");
    if (most == nullptr || !most->is_int64() || most->get_int64() < 1 ||
        most->get_int64() > static_cast<std::int64_t>(most_matches))
      return invalid("topK is 1 to 10000");
    auto name = namespace_of(body);
    const auto* space = find(name);
    std::vector<float> asked;
    if (auto id = text_at(body, "/id"); !id.empty()) {
      if (space && space->contains(id)) asked = space->at(id).values;
    } else {
      auto values = values_in(value_at(body, "/vector"), options.dimension);
      if (!values) return invalid(values.error().detail);
      asked = std::move(*values);
    }
    std::vector<std::pair<float, const Namespace::value_type*>> near;
    const auto* filter = value_at(body, "/filter");
    if (space && !asked.empty())
      for (const auto& entry : *space) {
        auto good = filter ? passes(entry.second.metadata, *filter) : Result<bool>(true);
        if (!good) return invalid(good.error().detail);
        if (*good) near.emplace_back(-cosine(asked, entry.second.values), &entry);
      }
    std::ranges::sort(near, [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first : a.second->first < b.second->first;
    });
    near.resize(std::min(near.size(), static_cast<std::size_t>(most->get_int64())));
    json::array matches;
    for (const auto& [distance, entry] : near) {
      auto one = shown(entry->first, entry->second, flag_in(body, "/includeValues"),
                       flag_in(body, "/includeMetadata"));
      one["score"] = -distance;
      matches.push_back(std::move(one));
    }
    return answer({{"results", json::array{}},
                   {"matches", std::move(matches)},
                   {"namespace", name},
                   {"usage", {{"readUnits", 1}}}});
  }

  HttpResponse erase(const HttpRequest&, const json::value& body) {
    auto name = namespace_of(body);
    const auto* space = find(name);
    if (space == nullptr && pending.empty()) return refuse(404, 5, "Namespace not found");
    if (flag_in(body, "/deleteAll")) {
      apply([name](auto& all) { all.erase(name); });
      return answer({});
    }
    if (const auto* filter = value_at(body, "/filter")) {
      if (auto good = passes({}, *filter); !good) return invalid(good.error().detail);
      apply([name, filter = *filter](auto& all) {
        std::erase_if(all[name], [&](const auto& entry) {
          return passes(entry.second.metadata, filter).value_or(false);
        });
      });
      return answer({});
    }
    auto ids = texts_in(body, "/ids");
    if (ids.empty() || ids.size() > most_records) return invalid("1 to 1000 ids");
    apply([name, ids](auto& all) {
      for (const auto& id : ids) all[name].erase(id);
    });
    return answer({});
  }

  HttpResponse update(const HttpRequest&, const json::value& body) {
    auto id = text_at(body, "/id");
    if (id.empty()) return invalid("an update has an id");
    std::vector<float> values;
    if (const auto* given = value_at(body, "/values"); given && !given->get_array().empty()) {
      auto read = values_in(given, options.dimension);
      if (!read) return invalid(read.error().detail);
      values = std::move(*read);
    }
    auto metadata = metadata_in(value_at(body, "/setMetadata"));
    if (!metadata) return invalid(metadata.error().detail);
    apply([name = namespace_of(body), id, values, metadata = *metadata](auto& all) {
      auto& space = all[name];
      auto found = space.find(id);
      if (found == space.end()) return;
      if (!values.empty()) found->second.values = values;
      for (const auto& [key, value] : metadata) found->second.metadata[key] = value;
    });
    return answer({});
  }

  HttpResponse fetch(const HttpRequest& request, const json::value&) {
    auto name = namespace_of(request);
    json::object vectors;
    const auto* space = find(name);
    for (const auto& [key, id] : request.query)
      if (key == "ids" && space)
        if (auto found = space->find(id); found != space->end())
          vectors[id] = shown(id, found->second, true, true);
    return answer(
        {{"vectors", std::move(vectors)}, {"namespace", name}, {"usage", {{"readUnits", 1}}}});
  }

  HttpResponse list(const HttpRequest& request, const json::value&) {
    auto name = namespace_of(request);
    auto prefix = net::find_field(request.query, "prefix").value_or("");
    auto after = net::find_field(request.query, "paginationToken").value_or("");
    std::size_t limit = 100;
    auto text = net::find_field(request.query, "limit").value_or("");
    std::from_chars(text.data(), text.data() + text.size(), limit);
    json::array ids;
    std::string last;
    bool more = false;
    if (const auto* space = find(name))
      for (const auto& [id, record] : *space) {
        if (!id.starts_with(prefix) || id <= after) continue;
        more = ids.size() >= limit;
        if (more) break;
        ids.push_back(json::object{{"id", id}});
        last = id;
      }
    json::object out{
        {"vectors", std::move(ids)}, {"namespace", name}, {"usage", {{"readUnits", 1}}}};
    if (more) out["pagination"] = json::object{{"next", last}};
    return answer(out);
  }

  HttpResponse stats(const HttpRequest&, const json::value&) {
    json::object namespaces;
    std::size_t total = 0;
    for (const auto& [name, space] : spaces) {
      if (space.empty()) continue;
      namespaces[name] = json::object{{"vectorCount", space.size()}};
      total += space.size();
    }
    return answer({{"namespaces", std::move(namespaces)},
                   {"dimension", options.dimension},
                   {"metric", "cosine"},
                   {"vectorType", "dense"},
                   {"indexFullness", 0},
                   {"totalVectorCount", total}});
  }

  Clock& clock;
  PineconeSimulatorOptions options;
  mutable std::mutex mutex;
  std::map<std::string, Namespace> spaces;           ///< under mutex, as all below
  std::deque<std::pair<TimePoint, Change>> pending;  ///< written, not yet to be seen
  StandInServer server;
};

PineconeSimulator::PineconeSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                                     PineconeSimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(options))) {}
PineconeSimulator::~PineconeSimulator() = default;
Result<void> PineconeSimulator::start() { return impl_->server.start(); }
asio::awaitable<void> PineconeSimulator::stop(TimePoint deadline) {
  return impl_->server.stop(deadline);
}
std::uint16_t PineconeSimulator::port() const noexcept { return impl_->server.port(); }
StandInServer& PineconeSimulator::server() noexcept { return impl_->server; }
std::size_t PineconeSimulator::records() const {
  std::lock_guard lock(impl_->mutex);
  impl_->settle();
  std::size_t n = 0;
  for (const auto& [name, space] : impl_->spaces) n += space.size();
  return n;
}

}  // namespace parley::simulators
