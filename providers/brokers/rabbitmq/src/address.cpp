#include <amqp.h>

#include "parley/providers/rabbitmq/rabbit_broker.hpp"

namespace parley::providers::rabbitmq {

Result<Address> Address::parse(const std::string& url) {
  // The library writes its zeros into the text.
  auto text = url;
  amqp_connection_info parsed{};
  amqp_default_connection_info(&parsed);
  if (amqp_parse_url(text.data(), &parsed) != AMQP_STATUS_OK || !*parsed.host)
    return fail(Errc::invalid, "a RabbitMQ URL is amqp://[user:password@]host[:port][/vhost]");
  Address address;
  address.host = parsed.host;
  address.port = parsed.port;
  address.user = parsed.user;
  address.password = parsed.password;
  if (*parsed.vhost) address.vhost = parsed.vhost;
  if (parsed.ssl) address.transport = Transport::tls;
  return address;
}

}  // namespace parley::providers::rabbitmq
