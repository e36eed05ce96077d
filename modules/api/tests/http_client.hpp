#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parley/base/json.hpp"

namespace parley::api::testing {

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;              ///< unpacked
  std::size_t packed_bytes = 0;  ///< what came over the line when it was gzipped

  std::string header(std::string_view name) const;  ///< empty when absent
  bool has(std::string_view name) const;
  /// The body as an object; throws when it is none.
  json::object json() const;
  std::string code() const;  ///< of a failure's envelope
  json::value data() const;
  /// The fields named in a failure's details, sorted.
  std::vector<std::string> wrong_fields() const;
};

/// One connection for each request; every read gives up after 20 seconds.
class Connection {
 public:
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view bytes);
  void finish_sending();
  /// More bytes, or false at the end.
  bool read_more(std::string& into);
  /// Reads until `mark` occurs; false when the end comes first.
  bool read_until(std::string& into, std::string_view mark);
  Answer read_answer();

 private:
  int socket_;
};

}  // namespace parley::api::testing
