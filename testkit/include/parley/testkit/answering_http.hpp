#pragma once
#include <utility>
#include <vector>

#include "parley/net/client.hpp"

namespace parley::testkit {

/// An HTTP client that keeps what was asked and answers in turn, the last answer again and again.
class AnsweringHttp final : public net::HttpClient {
 public:
  Task<net::HttpResponse> send(Context, net::OutgoingRequest request) override {
    requests.push_back(std::move(request));
    auto answer = answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    co_return answer;
  }
  static Result<net::HttpResponse> status(int code, std::string retry_after = "") {
    net::HttpResponse response;
    response.status = code;
    if (!retry_after.empty()) response.headers.set("Retry-After", retry_after);
    return response;
  }
  std::vector<Result<net::HttpResponse>> answers{status(200)};
  std::vector<net::OutgoingRequest> requests;
};

}  // namespace parley::testkit
