#pragma once
#include <memory>

#include "parley/providers/s3/sigv4.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct S3SimulatorOptions {
  StandInOptions where;
  std::string region = "us-east-1";
  s3::Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                              ""};
  std::vector<std::string> buckets{"parley"};
  std::size_t max_body_bytes = 64u << 20;      ///< of one request
  std::size_t max_stored_bytes = 1024u << 20;  ///< more is refused with 507
};

/// A stand-in for S3: path style, header and presigned signatures checked (also the body's hash and
/// the time), PUT, GET with Range, HEAD, DELETE, ListObjectsV2 and parted uploads, with S3's XML
/// errors. Objects are in memory, and gone with it. Thread-safe once started.
class S3Simulator {
 public:
  /// `executor`, `clock` and `random` outlive it.
  S3Simulator(asio::any_io_executor executor, Clock& clock, Random& random,
              S3SimulatorOptions options = {});
  ~S3Simulator();
  /// Errors: unavailable (the address is in use).
  Result<void> start();
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;

  /// Its faults and what came. A fault's code is S3's own: "SlowDown".
  StandInServer& server() noexcept;

  struct Counts {
    std::size_t requests = 0;
    std::size_t refused = 0;  ///< for their signature
    std::size_t objects = 0;
    std::size_t uploads = 0;  ///< begun, neither ended nor aborted
    std::size_t largest_body = 0;
  };
  Counts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
