#include "parley/simulators/openai_simulator.hpp"

#include "endpoints.hpp"

namespace parley::simulators {

struct OpenAiSimulator::Impl {
  Impl(asio::any_io_executor executor, Clock& clock, Random& random, OpenAiSimulatorOptions o)
      : options(std::move(o)),
        server(std::move(executor), clock, random, options.where, openai_fault) {
    add_chat(server, account, script, clock);
    add_models(server, account);
    server.otherwise([](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
      co_return openai_error({.status = 404, .message = "Unknown request URL"}, request);
    });
  }

  const OpenAiSimulatorOptions options;
  const OpenAiAccount account{options};
  ModelScript script;
  StandInServer server;
};

OpenAiSimulator::OpenAiSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                                 OpenAiSimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(options))) {}
OpenAiSimulator::~OpenAiSimulator() = default;

Result<void> OpenAiSimulator::start() { return impl_->server.start(); }
asio::awaitable<void> OpenAiSimulator::stop(TimePoint deadline) {
  return impl_->server.stop(deadline);
}
std::uint16_t OpenAiSimulator::port() const noexcept { return impl_->server.port(); }
StandInServer& OpenAiSimulator::server() noexcept { return impl_->server; }
ModelScript& OpenAiSimulator::script() noexcept { return impl_->script; }

}  // namespace parley::simulators
