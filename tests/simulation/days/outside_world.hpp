#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "parley/net/client.hpp"
#include "trouble.hpp"

namespace parley::simulation {

/// What stays when the server dies: the services outside, and their books. Every request may be
/// refused, lose its answer, fail or take long, as the day's trouble has it for its host.
class OutsideWorld final : public net::HttpClient {
 public:
  explicit OutsideWorld(Trouble& trouble) : trouble_(trouble) {}

  /// POSTs to https://<host>/: a receiver of webhooks keeps the ids of what it accepted.
  Task<net::HttpResponse> send(Context ctx, net::OutgoingRequest request) override;
  /// How often each webhook-id was accepted by a host.
  const std::map<std::string, int>& accepted(const std::string& host) const {
    static const std::map<std::string, int> nothing;
    auto found = accepted_.find(host);
    return found == accepted_.end() ? nothing : found->second;
  }

  /// An effect at a supplier. One that honours keys takes a repeat for the first.
  enum class Keys { honoured, ignored };
  Task<void> effect(Context ctx, std::string supplier, std::string what, std::string key,
                    Keys keys);
  /// Whether it has happened, asked over the same bad line.
  Task<bool> look_up(Context ctx, std::string supplier, std::string what, std::string key);
  int count(const std::string& what, const std::string& key) const {
    auto found = effects_.find(what + " " + key);
    return found == effects_.end() ? 0 : found->second;
  }
  std::size_t requests() const noexcept { return requests_; }

 private:
  enum class Line { clear, answer_lost };
  /// Until the request has arrived. Errors: unavailable.
  Task<Line> reach(Context ctx, const std::string& host, Duration patience);
  Trouble& trouble_;
  std::map<std::string, std::map<std::string, int>> accepted_;
  std::map<std::string, int> effects_;
  std::size_t requests_ = 0;
};

}  // namespace parley::simulation
