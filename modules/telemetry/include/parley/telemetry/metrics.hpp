#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parley/base/clock.hpp"

/// Counters, gauges and histograms for GET /metrics. A handle is obtained once (it takes a lock)
/// and then used from any thread: one atomic operation, or a short uncontended lock for a
/// histogram. Handles are small values and stay good as long as their registry.
namespace parley::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(double amount = 1) const noexcept;

 private:
  friend class Registry;
  explicit Counter(void* impl) : impl_(impl) {}
  void* impl_;
};

class Gauge {
 public:
  void set(double value) const noexcept;
  void add(double amount = 1) const noexcept;
  void subtract(double amount = 1) const noexcept { add(-amount); }

 private:
  friend class Registry;
  explicit Gauge(void* impl) : impl_(impl) {}
  void* impl_;
};

class Histogram {
 public:
  void observe(double value) const noexcept;
  void observe(Duration duration) const noexcept;  ///< in seconds

 private:
  friend class Registry;
  explicit Histogram(void* impl) : impl_(impl) {}
  void* impl_;
};

/// Seconds from 0.5 ms to 30 s: what most waits here need.
const std::vector<double>& default_buckets();

/// Names start with parley_ and, as Prometheus has it, end in a unit or _total; a name has one kind
/// and one set of buckets. A wrong name or kind is a bug: std::logic_error. Label values come from
/// small fixed sets: past 500 combinations of one name all further ones share the label values
/// "other" (and parley_metrics_overflowed_series_total counts them), and a value longer than 100
/// bytes is cut.
class Registry {
 public:
  Registry();
  ~Registry();
  Counter counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram histogram(std::string_view name, std::string_view help, Labels labels = {},
                      const std::vector<double>& buckets = default_buckets());
  /// The text exposition format, version 0.0.4.
  std::string text() const;

  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The process's own registry, which GET /metrics shows.
Registry& process_registry();

}  // namespace parley::metrics
