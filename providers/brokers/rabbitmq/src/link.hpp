#pragma once
#include <map>
#include <optional>

#include "parley/providers/rabbitmq/rabbit_broker.hpp"

struct amqp_connection_state_t_;

namespace parley::providers::rabbitmq {

/// One connection with its exchanges and queues declared: a channel for publishing, with confirms,
/// and one for consuming. Of one thread. After an error it is of no more use.
class Link {
 public:
  Link() = default;
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Errors: unavailable.
  Result<void> open(const Address& address, const std::map<std::string, int>& lanes,
                    const Options& options);
  void close();

  struct Message {
    std::string lane;
    std::string job;
    int delivery = 1;  ///< which try at having it answered
  };
  /// To the lane's queue now, or after `delay`, which is one of the options'. The first one's tag
  /// is 1, and so on.
  Result<void> publish(const Message& message, std::chrono::milliseconds delay);
  Result<void> acknowledge(std::uint64_t tag);
  Result<void> reject(std::uint64_t tag);     ///< to the dead letters
  Result<void> hand_back(std::uint64_t tag);  ///< into its queue again

  struct Event {
    enum class Kind { confirmed, refused, returned, delivered } kind = Kind::confirmed;
    std::uint64_t tag = 0;
    enum class Reach { this_one, up_to_it } reach = Reach::this_one;  ///< of confirmed and refused
    Message message;                                                  ///< delivered
  };
  /// What has come already; nothing: wait.
  Result<std::optional<Event>> next();
  /// Until there is something to read, or `wake` is readable; sends heartbeats by returning soon.
  void wait(int wake) const;

 private:
  Result<void> check(int status, const char* what) const;
  Result<void> check_answer(const char* what) const;
  Result<void> connect(const Address& address, const Options& options);
  Result<void> declare(const std::map<std::string, int>& lanes, const Options& options);
  Result<void> declare_exchange(const std::string& name, const char* type);
  Result<void> declare_queue(const std::string& name, const std::string& exchange,
                             const std::string& key, const void* arguments);
  Result<std::optional<Event>> read_delivery(const void* method);

  amqp_connection_state_t_* connection_ = nullptr;
  std::chrono::seconds heartbeat_{10};
};

}  // namespace parley::providers::rabbitmq
