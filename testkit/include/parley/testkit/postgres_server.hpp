#pragma once
#include <filesystem>
#include <string>

#include "parley/testkit/supervisor.hpp"

namespace parley::testkit {

/// A real PostgreSQL of its own for this test process: started on first use in a temporary folder
/// (loopback TCP on a free port and a Unix socket; fsync off, unless PARLEY_TEST_POSTGRES_FSYNC is
/// "on"), stopped and removed when the process
/// ends in whatever way. Needs the Debian package postgresql; throws std::runtime_error naming it
/// when it is missing. As root it runs as the user postgres.
class PostgresServer {
 public:
  static PostgresServer& instance();

  /// postgresql://postgres@127.0.0.1:<port>/<database>
  std::string url(const std::string& database) const;
  /// A new database with all migrations, copied from a template; returns its name.
  std::string make_database();
  /// The same without any table.
  std::string make_empty_database();
  void drop_database(const std::string& name);
  /// Runs one statement in the database `postgres`.
  void execute(const std::string& sql);

  /// Kills it as a crash would, and starts it again on the same port and data.
  void crash();
  void start();
  /// Stops all its processes where they are: connections stay open, and nobody answers.
  void freeze();
  void thaw();

 private:
  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  void launch(const std::filesystem::path& binaries);
  void wait_until_ready() const;

  std::filesystem::path folder_;
  int port_ = 0;
  Supervisor supervisor_{"PostgreSQL"};
  int made_ = 0;
  bool template_ready_ = false;
};

}  // namespace parley::testkit
