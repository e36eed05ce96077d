#pragma once
#include <span>
#include <vector>

#include "telephone_features.hpp"

namespace parley::providers::pocketsphinx {

/// The trained network: two hidden layers of leaky rectifiers. Its weights are part of the program,
/// 8 bits each with a scale for each row. Immutable.
class TelephoneMap {
 public:
  static const TelephoneMap& instance();
  /// Reads the file format of data/telephone_map.bin. Errors: corrupt.
  static Result<TelephoneMap> parse(std::span<const std::byte> file);

  Cepstrum run(std::span<const float, map_inputs> input) const;

 private:
  struct Layer {
    std::size_t inputs = 0;
    std::size_t outputs = 0;
    std::vector<float> weights;  ///< row by row, one row for each output
    std::vector<float> bias;
    void run(std::span<const float> in, std::span<float> out) const;
  };
  std::vector<Layer> layers_;
};

}  // namespace parley::providers::pocketsphinx
