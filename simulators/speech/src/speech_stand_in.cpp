#include "parley/simulators/speech_stand_in.hpp"

#include "parley/base/strings.hpp"

namespace parley::simulators {

void add_phrases(StandInServer& server, SpeechScript& script, std::function<void()> changed) {
  auto set = [&script, changed = std::move(changed)](
                 net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
    std::vector<std::string> phrases;
    for (auto& line : split(request.body, '\n'))
      if (auto phrase = trim(line); !phrase.empty()) phrases.emplace_back(phrase);
    script.set_phrases(std::move(phrases));
    if (changed) changed();
    co_return net::text_response(200, join(script.phrases(), "\n") + "\n");
  };
  server.add(net::Method::put, "/_simulator/phrases", std::move(set));
}

SpeechStandIn::SpeechStandIn(asio::any_io_executor executor, Clock& clock, Random& random,
                             StandInOptions where, StandInServer::Refusal refusal,
                             StandInServer::Admit stranger)
    : stranger_(std::move(stranger)),
      server_(std::move(executor), clock, random, std::move(where), std::move(refusal)) {
  add_phrases(server_, script_);
}

void SpeechStandIn::answer(net::Method method, std::string pattern, Answer answer) {
  auto admitted = [this, answer = std::move(answer)](
                      net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
    auto refused = stranger_(request);
    co_return refused ? std::move(*refused) : answer(request);
  };
  server_.add(method, std::move(pattern), std::move(admitted));
}

void SpeechStandIn::converse(std::string pattern, net::WebSocketHandler handler) {
  server_.add_websocket(std::move(pattern), std::move(handler), stranger_);
}

}  // namespace parley::simulators
