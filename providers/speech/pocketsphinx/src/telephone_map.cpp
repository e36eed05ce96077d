#include "telephone_map.hpp"

#include <cstring>
#include <stdexcept>

// The file becomes a part of the program: an installation needs no data folder.
asm(".section .rodata\n"
    ".balign 16\n"
    ".globl parley_telephone_map_begin\n"
    "parley_telephone_map_begin:\n"
    ".incbin \"" PARLEY_TELEPHONE_MAP
    "\"\n"
    ".globl parley_telephone_map_end\n"
    "parley_telephone_map_end:\n"
    ".byte 0\n"
    ".text\n");
extern "C" const std::byte parley_telephone_map_begin[];
extern "C" const std::byte parley_telephone_map_end[];

namespace parley::providers::pocketsphinx {

namespace {

constexpr std::uint32_t magic = 0x504D5431;  // "1TMP"
constexpr std::uint32_t max_width = 1024;

/// Takes numbers from the front of the file.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) : rest_(file) {}
  template <class T>
  Result<T> take() {
    T value{};
    if (rest_.size() < sizeof value) return fail(Errc::corrupt, "the telephone map is cut off");
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace

/// magic u32, layers u32, then for each: inputs u32, outputs u32, and for each output: bias f32,
/// scale f32, `inputs` weights i8. Little-endian.
Result<TelephoneMap> TelephoneMap::parse(std::span<const std::byte> file) {
  Reader in(file);
  const auto head = in.take<std::uint32_t>();
  const auto count = in.take<std::uint32_t>();
  if (!head || !count || *head != magic || *count == 0 || *count > 8)
    return fail(Errc::corrupt, "not a telephone map");
  TelephoneMap map;
  std::uint32_t width = map_inputs;
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto inputs = in.take<std::uint32_t>();
    const auto outputs = in.take<std::uint32_t>();
    if (!inputs || !outputs || *inputs != width || *outputs == 0 || *outputs > max_width)
      return fail(Errc::corrupt, "the telephone map's layers do not fit");
    Layer layer{*inputs, *outputs, {}, {}};
    for (std::uint32_t row = 0; row < *outputs; ++row) {
      const auto bias = in.take<float>();
      const auto scale = in.take<float>();
      if (!bias || !scale) return fail(Errc::corrupt, "the telephone map is cut off");
      layer.bias.push_back(*bias);
      for (std::uint32_t column = 0; column < *inputs; ++column) {
        const auto weight = in.take<std::int8_t>();
        if (!weight) return std::unexpected(weight.error());
        layer.weights.push_back(static_cast<float>(*weight) * *scale);
      }
    }
    width = *outputs;
    map.layers_.push_back(std::move(layer));
  }
  if (width != std::tuple_size_v<Cepstrum> || !in.empty())
    return fail(Errc::corrupt, "the telephone map does not end in a cepstrum");
  return map;
}

const TelephoneMap& TelephoneMap::instance() {
  static const TelephoneMap map = [] {
    auto parsed = parse({parley_telephone_map_begin, parley_telephone_map_end});
    if (!parsed) throw std::logic_error(parsed.error().detail);
    return std::move(*parsed);
  }();
  return map;
}

void TelephoneMap::Layer::run(std::span<const float> in, std::span<float> out) const {
  for (std::size_t row = 0; row < outputs; ++row) {
    const float* weight = &weights[row * inputs];
    // Eight sums side by side: the compiler may not reorder one long sum by itself.
    std::array<float, 8> sums{};
    std::size_t i = 0;
    for (; i + 8 <= inputs; i += 8)
      for (std::size_t k = 0; k < 8; ++k) sums[k] += weight[i + k] * in[i + k];
    float total = bias[row];
    for (; i < inputs; ++i) total += weight[i] * in[i];
    for (float sum : sums) total += sum;
    out[row] = total;
  }
}

Cepstrum TelephoneMap::run(std::span<const float, map_inputs> input) const {
  std::vector<float> current(input.begin(), input.end());
  std::vector<float> next;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    next.resize(layers_[i].outputs);
    layers_[i].run(current, next);
    if (i + 1 < layers_.size())
      for (float& value : next) value = value > 0.0F ? value : 0.01F * value;
    current.swap(next);
  }
  Cepstrum result;
  std::copy_n(current.begin(), result.size(), result.begin());
  return result;
}

}  // namespace parley::providers::pocketsphinx
