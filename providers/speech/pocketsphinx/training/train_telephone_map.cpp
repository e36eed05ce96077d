// Makes data/telephone_map.bin anew:
//
//   train_telephone_map OUT [--sentences 320] [--passes 12] [--hidden 256,128]
//
// Half an hour on one core with the defaults. Check the result with speech_accuracy.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numbers>
#include <numeric>

#include "telephone_pairs.hpp"

namespace parley::providers::pocketsphinx::training {
namespace {

constexpr std::size_t batch_size = 128;
constexpr std::size_t outputs = std::tuple_size_v<Cepstrum>;

/// Weights and bias of one layer as one row of numbers, with the running moments of Adam.
struct Layer {
  Layer(std::size_t in, std::size_t out, std::mt19937& random)
      : inputs(in), width(out), weights(in * out), bias(out) {
    std::normal_distribution<float> normal(0.0F, std::sqrt(1.6F / static_cast<float>(in)));
    for (auto& weight : weights) weight = normal(random);
    gradient.resize(weights.size() + out);
    first.resize(gradient.size());
    second.resize(gradient.size());
  }
  float& parameter(std::size_t i) {
    return i < weights.size() ? weights[i] : bias[i - weights.size()];
  }

  std::size_t inputs, width;
  std::vector<float> weights, bias, gradient, first, second;
};

float leak(float value) { return value > 0.0F ? value : 0.01F * value; }

class Network {
 public:
  Network(const std::vector<std::size_t>& hidden, std::mt19937& random) {
    std::size_t width = map_inputs;
    for (auto next : hidden) {
      layers_.emplace_back(width, next, random);
      width = next;
    }
    layers_.emplace_back(width, outputs, random);
  }

  /// Values of every layer, the input first.
  std::vector<std::vector<float>> run(std::span<const float> input) const {
    std::vector<std::vector<float>> values{{input.begin(), input.end()}};
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto& layer = layers_[l];
      std::vector<float> out(layer.width);
      for (std::size_t row = 0; row < layer.width; ++row) {
        const float* weight = &layer.weights[row * layer.inputs];
        float sum = layer.bias[row];
        for (std::size_t i = 0; i < layer.inputs; ++i) sum += weight[i] * values[l][i];
        out[row] = l + 1 < layers_.size() ? leak(sum) : sum;
      }
      values.push_back(std::move(out));
    }
    return values;
  }

  /// Adds this example's share to the gradients.
  void learn(const std::vector<std::vector<float>>& values, std::vector<float> error) {
    for (std::size_t l = layers_.size(); l-- > 0;) {
      auto& layer = layers_[l];
      std::vector<float> below(layer.inputs, 0.0F);
      for (std::size_t row = 0; row < layer.width; ++row) {
        float e = error[row];
        if (l + 1 < layers_.size() && values[l + 1][row] <= 0.0F) e *= 0.01F;
        layer.gradient[layer.weights.size() + row] += e;
        float* gradient = &layer.gradient[row * layer.inputs];
        const float* weight = &layer.weights[row * layer.inputs];
        for (std::size_t i = 0; i < layer.inputs; ++i) {
          gradient[i] += e * values[l][i];
          below[i] += e * weight[i];
        }
      }
      error = std::move(below);
    }
  }

  /// One step of Adam with the gradients gathered, which are then forgotten.
  void step(float rate) {
    ++steps_;
    const float bias1 = 1.0F - std::pow(0.9F, static_cast<float>(steps_));
    const float bias2 = 1.0F - std::pow(0.999F, static_cast<float>(steps_));
    for (auto& layer : layers_)
      for (std::size_t i = 0; i < layer.gradient.size(); ++i) {
        const float g = std::exchange(layer.gradient[i], 0.0F);
        layer.first[i] = 0.9F * layer.first[i] + 0.1F * g;
        layer.second[i] = 0.999F * layer.second[i] + 0.001F * g * g;
        auto& parameter = layer.parameter(i);
        const float step = layer.first[i] / bias1 / (std::sqrt(layer.second[i] / bias2) + 1e-8F);
        parameter -= rate * (step + 1e-4F * parameter);
      }
  }

  /// Undoes the scaling of the targets in the last layer.
  void unscale(const Cepstrum& deviation) {
    auto& last = layers_.back();
    for (std::size_t row = 0; row < last.width; ++row) {
      for (std::size_t i = 0; i < last.inputs; ++i)
        last.weights[row * last.inputs + i] *= deviation[row];
      last.bias[row] *= deviation[row];
    }
  }

  /// The format that TelephoneMap::parse() reads.
  void save(const std::string& path) const {
    std::ofstream file(path, std::ios::binary);
    auto put = [&file](auto value) {
      file.write(reinterpret_cast<const char*>(&value), sizeof value);
    };
    put(std::uint32_t{0x504D5431});
    put(static_cast<std::uint32_t>(layers_.size()));
    for (const auto& layer : layers_) {
      put(static_cast<std::uint32_t>(layer.inputs));
      put(static_cast<std::uint32_t>(layer.width));
      for (std::size_t row = 0; row < layer.width; ++row) {
        const auto weights = std::span(layer.weights).subspan(row * layer.inputs, layer.inputs);
        float largest = 1e-9F;
        for (float weight : weights) largest = std::max(largest, std::abs(weight));
        put(layer.bias[row]);
        put(largest / 127.0F);
        for (float weight : weights)
          put(static_cast<std::int8_t>(std::lround(weight * 127.0F / largest)));
      }
    }
  }

 private:
  std::vector<Layer> layers_;
  long steps_ = 0;
};

Cepstrum deviation_of(const std::vector<Pair>& pairs) {
  std::array<double, outputs> squares{};
  for (const auto& pair : pairs)
    for (std::size_t i = 0; i < outputs; ++i) squares[i] += pair.wideband[i] * pair.wideband[i];
  Cepstrum deviation;
  for (std::size_t i = 0; i < outputs; ++i)
    deviation[i] = static_cast<float>(std::sqrt(squares[i] / static_cast<double>(pairs.size())));
  return deviation;
}

/// The mean square of what is not explained, 1 being nothing explained.
double error_of(const Network& network, std::span<const Pair> pairs, const Cepstrum& deviation) {
  double sum = 0.0;
  for (const auto& pair : pairs) {
    const auto values = network.run(pair.telephone);
    for (std::size_t i = 0; i < outputs; ++i)
      sum += std::pow(values.back()[i] - pair.wideband[i] / deviation[i], 2);
  }
  return sum / static_cast<double>(pairs.size() * outputs);
}

void train(Network& network, std::vector<Pair> pairs, int passes, std::mt19937& random) {
  const auto deviation = deviation_of(pairs);
  std::ranges::shuffle(pairs, random);
  const auto kept = pairs.size() / 50;
  for (int pass = 0; pass < passes; ++pass) {
    std::shuffle(pairs.begin() + static_cast<std::ptrdiff_t>(kept), pairs.end(), random);
    const auto rate = static_cast<float>(5e-4 * (1.0 + std::cos(std::numbers::pi * pass / passes)));
    for (std::size_t at = kept; at + batch_size <= pairs.size(); at += batch_size) {
      for (std::size_t i = at; i < at + batch_size; ++i) {
        const auto values = network.run(pairs[i].telephone);
        std::vector<float> error(outputs);
        for (std::size_t k = 0; k < outputs; ++k)
          error[k] = (values.back()[k] - pairs[i].wideband[k] / deviation[k]) / batch_size;
        network.learn(values, std::move(error));
      }
      network.step(rate);
    }
    std::printf("pass %d: unexplained %.4f of what was kept apart\n", pass + 1,
                error_of(network, std::span(pairs).first(kept), deviation));
    std::fflush(stdout);
  }
  network.unscale(deviation);
}

}  // namespace
}  // namespace parley::providers::pocketsphinx::training

int main(int argc, char** argv) {
  using namespace parley::providers::pocketsphinx::training;
  std::string out;
  int sentences = 320, passes = 12;
  std::vector<std::size_t> hidden{256, 128};
  CLI::App app("trains the map from the telephone to the wideband acoustic model");
  app.add_option("out", out)->required();
  app.add_option("--sentences", sentences, "for each voice")->check(CLI::PositiveNumber);
  app.add_option("--passes", passes)->check(CLI::PositiveNumber);
  app.add_option("--hidden", hidden)->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  std::mt19937 random(3);
  auto pairs = make_pairs(sentences, random);
  std::printf("%zu moments of speech\n", pairs.size());
  Network network(hidden, random);
  train(network, std::move(pairs), passes, random);
  network.save(out);
  return 0;
}
