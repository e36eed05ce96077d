// In front of a real PostgreSQL.
#include <libpq-fe.h>

#include "gate_fixture.hpp"
#include "parley/base/strings.hpp"
#include "parley/testkit/postgres_server.hpp"

namespace parley::simulators {
namespace {

using ::testing::HasSubstr;

class PostgresGateTest : public GateTest {
 protected:
  struct Closing {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  using Connection = std::unique_ptr<PGconn, Closing>;

  void open(std::string plan) {
    auto url = testkit::PostgresServer::instance().url("postgres");
    auto at = url.rfind(':') + 1;
    GateTest::open(static_cast<std::uint16_t>(std::stoi(url.substr(at))), std::move(plan));
  }
  Connection connect() {
    auto url = "postgresql://postgres@127.0.0.1:" + std::to_string(gate->port()) +
               "/postgres?sslmode=disable&gssencmode=disable&connect_timeout=20";
    return Connection(PQconnectdb(url.c_str()));
  }
  std::string ask(Connection& connection) {
    auto* result = PQexec(connection.get(), "select 6 * 7");
    std::string answer = PQresultStatus(result) == PGRES_TUPLES_OK ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
    return answer;
  }
};

TEST_F(PostgresGateTest, QueriesPassAndOpenConnectionsCanBeCut) {
  open("");
  auto connection = connect();
  ASSERT_EQ(PQstatus(connection.get()), CONNECTION_OK) << PQerrorMessage(connection.get());
  EXPECT_EQ(ask(connection), "42");
  gate->cut();
  EXPECT_EQ(ask(connection), "");
  EXPECT_EQ(PQstatus(connection.get()), CONNECTION_BAD);
  PQreset(connection.get());
  EXPECT_EQ(ask(connection), "42") << "the next connection is well";
}

TEST_F(PostgresGateTest, EachFaultIsAConnectionThatFailsAndThenOneThatWorks) {
  for (auto* effect : {"refuse", "reset", "reset lost", "close", "half 3", "garbage"}) {
    open(std::string(effect) + " first 1");
    auto broken = connect();
    EXPECT_EQ(PQstatus(broken.get()), CONNECTION_BAD) << effect;
    auto good = connect();
    EXPECT_EQ(ask(good), "42") << effect;
  }
}

}  // namespace
}  // namespace parley::simulators
