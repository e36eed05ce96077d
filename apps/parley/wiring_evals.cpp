// Versions of agents, the scenarios that stand before them, and the calls that try those.
#include "wiring_impl.hpp"

namespace parley::app {

void Server::Impl::make_evals() {
  publishing_gate = evals::make_scenario_gate();
  agent_versions = business::make_agent_versions(*database, *publishing_gate);
  simulators::CallerVoices voices{{"flite", &engines.embedded_voice("flite")},
                                  {"espeak", &engines.embedded_voice("espeak")}};
  eval_calls = make_eval_calls({clock, random, *http, *businesses, *booking, std::move(voices)});
  evals = std::make_unique<evals::Evals>(
      evals::Evals::Parts{clock, random, *database, *queue, *eval_calls});
}

void Server::Impl::connect_evals(const std::string& auth_token) {
  EvalCalls::Line line;
  line.public_url = public_url(settings, listen);
  auto here = listen.address == "0.0.0.0" ? std::string("127.0.0.1") : listen.address;
  // The certificate is for the public name.
  bool tls = !settings.text("server.certificate").empty();
  line.url = tls ? line.public_url : fmt::format("http://{}:{}", here, listen.port);
  line.auth_token = auth_token;
  eval_calls->connect(*calls, std::move(line));
}

}  // namespace parley::app
