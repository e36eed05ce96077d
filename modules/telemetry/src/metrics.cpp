#include "parley/telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <variant>

namespace parley::metrics {

namespace {

constexpr std::size_t max_series = 500;
constexpr std::size_t max_label_value_bytes = 100;
constexpr std::string_view overflow_name = "parley_metrics_overflowed_series_total";

[[noreturn]] void bug(std::string_view name, std::string_view what) {
  throw std::logic_error("metric " + std::string(name) + ": " + std::string(what));
}

bool is_name(std::string_view text) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' && std::ranges::all_of(text, allowed);
}

prometheus::Labels checked(std::string_view name, const Labels& labels) {
  prometheus::Labels result;
  for (auto& [label, value] : labels) {
    if (!is_name(label) || label == "le") bug(name, "bad label name " + label);
    if (!result.emplace(label, value.substr(0, max_label_value_bytes)).second)
      bug(name, "label " + label + " twice");
  }
  return result;
}

/// One name: its family in the registry, and the label sets it has.
struct Named {
  std::variant<prometheus::Family<prometheus::Counter>*, prometheus::Family<prometheus::Gauge>*,
               prometheus::Family<prometheus::Histogram>*>
      family;
  std::vector<double> buckets;
  std::set<prometheus::Labels> series;
};

}  // namespace

struct Registry::Impl {
  prometheus::Registry registry;
  std::mutex mutex;
  std::map<std::string, Named, std::less<>> names;
  prometheus::Counter* overflowed = nullptr;

  template <class Family, class Builder>
  Family& family(std::string_view name, std::string_view help, const std::vector<double>& buckets,
                 Builder builder) {
    auto found = names.find(name);
    if (found == names.end()) {
      if (!name.starts_with("parley_") || !is_name(name)) bug(name, "must be parley_lower_case");
      auto& made = builder.Name(std::string(name)).Help(std::string(help)).Register(registry);
      found = names.emplace(name, Named{&made, buckets, {}}).first;
    }
    auto* kept = std::get_if<Family*>(&found->second.family);
    if (!kept) bug(name, "is of another kind");
    if (found->second.buckets != buckets) bug(name, "has other buckets");
    return **kept;
  }

  prometheus::Labels bounded(std::string_view name, const Labels& labels) {
    auto wanted = checked(name, labels);
    auto& series = names.find(name)->second.series;
    if (series.contains(wanted) || series.size() < max_series) {
      series.insert(wanted);
      return wanted;
    }
    overflowed->Increment();
    for (auto& [label, value] : wanted) value = "other";
    return wanted;
  }
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {
  auto& family = impl_->family<prometheus::Family<prometheus::Counter>>(
      overflow_name, "Label combinations past the bound of their metric", {},
      prometheus::BuildCounter());
  impl_->overflowed = &family.Add({});
}
Registry::~Registry() = default;

Counter Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  std::lock_guard lock(impl_->mutex);
  auto& family = impl_->family<prometheus::Family<prometheus::Counter>>(name, help, {},
                                                                        prometheus::BuildCounter());
  return Counter(&family.Add(impl_->bounded(name, labels)));
}

Gauge Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  std::lock_guard lock(impl_->mutex);
  auto& family = impl_->family<prometheus::Family<prometheus::Gauge>>(name, help, {},
                                                                      prometheus::BuildGauge());
  return Gauge(&family.Add(impl_->bounded(name, labels)));
}

Histogram Registry::histogram(std::string_view name, std::string_view help, Labels labels,
                              const std::vector<double>& buckets) {
  if (buckets.empty() || !std::ranges::is_sorted(buckets)) bug(name, "buckets must rise");
  std::lock_guard lock(impl_->mutex);
  auto& family = impl_->family<prometheus::Family<prometheus::Histogram>>(
      name, help, buckets, prometheus::BuildHistogram());
  return Histogram(&family.Add(impl_->bounded(name, labels), buckets));
}

std::string Registry::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

void Counter::add(double amount) const noexcept {
  static_cast<prometheus::Counter*>(impl_)->Increment(amount);
}
void Gauge::set(double value) const noexcept { static_cast<prometheus::Gauge*>(impl_)->Set(value); }
void Gauge::add(double amount) const noexcept {
  static_cast<prometheus::Gauge*>(impl_)->Increment(amount);
}
void Histogram::observe(double value) const noexcept {
  static_cast<prometheus::Histogram*>(impl_)->Observe(value);
}
void Histogram::observe(Duration duration) const noexcept {
  observe(std::chrono::duration<double>(duration).count());
}

const std::vector<double>& default_buckets() {
  static const std::vector<double> buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                           0.25,   0.5,   1,      2.5,   5,    10,    30};
  return buckets;
}

Registry& process_registry() {
  // Never destroyed: handles are used until the very end of the process.
  static auto* registry = new Registry;
  return *registry;
}

}  // namespace parley::metrics
