#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "parley/net/http.hpp"

namespace parley::net {

/// Whether this answer is worth compressing: over 1 KB, a textual type, not encoded already.
bool is_worth_gzip(const HttpResponse& response);
/// "gzip, br" and "gzip;q=0.5" take it, "gzip;q=0" does not; "*" stands for all that is not named.
bool accepts_gzip(std::string_view accept_encoding);

/// Compresses piece by piece, so that a large body need not hold up the I/O thread in one go.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  void add(std::string_view piece, std::string& out);
  void finish(std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::net
