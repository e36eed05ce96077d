#include "link.hpp"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <poll.h>

#include <array>
#include <cstring>

#include "parley/base/json.hpp"

namespace parley::providers::rabbitmq {

namespace {

constexpr amqp_channel_t publishing = 1;
constexpr amqp_channel_t consuming = 2;
constexpr int max_frame = 131'072;
/// Of a lane: what is more has found no worker for long, and is refused.
constexpr std::int32_t max_in_lane = 100'000;
constexpr std::int32_t max_dead = 10'000;
const std::string work = "parley.jobs";
const std::string dead = "parley.dead";

amqp_bytes_t bytes_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // NOLINT(*-const-cast): it is only read
}
std::string text_of(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

std::string later(std::chrono::milliseconds delay) {
  return "parley.later." + std::to_string(delay.count());
}
std::string queue_of(const std::string& lane) { return work + "." + lane; }

timeval timeval_of(std::chrono::milliseconds time) {
  return {time.count() / 1000, static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

amqp_table_entry_t entry(const char* key, std::int32_t number) {
  amqp_table_entry_t made{};
  made.key = amqp_cstring_bytes(key);
  made.value.kind = AMQP_FIELD_KIND_I32;
  made.value.value.i32 = number;
  return made;
}
amqp_table_entry_t entry(const char* key, std::string_view text) {
  amqp_table_entry_t made{};
  made.key = amqp_cstring_bytes(key);
  made.value.kind = AMQP_FIELD_KIND_UTF8;
  made.value.value.bytes = bytes_of(text);
  return made;
}
template <std::size_t N>
amqp_table_t table(std::array<amqp_table_entry_t, N>& entries) {
  return {static_cast<int>(N), entries.data()};
}

Result<void> failure_of(const amqp_rpc_reply_t& answer, const char* what) {
  if (answer.reply_type == AMQP_RESPONSE_NORMAL) return {};
  std::string why = "no answer";
  if (answer.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
    why = amqp_error_string2(answer.library_error);
  if (answer.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
    if (answer.reply.id == AMQP_CONNECTION_CLOSE_METHOD)
      why = text_of(static_cast<amqp_connection_close_t*>(answer.reply.decoded)->reply_text);
    if (answer.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
      why = text_of(static_cast<amqp_channel_close_t*>(answer.reply.decoded)->reply_text);
  }
  return fail(Errc::unavailable, std::string("RabbitMQ: ") + what + ": " + why);
}

}  // namespace

Link::~Link() {
  if (connection_) amqp_destroy_connection(connection_);
}

Result<void> Link::check(int status, const char* what) const {
  if (status == AMQP_STATUS_OK) return {};
  return fail(Errc::unavailable,
              std::string("RabbitMQ: ") + what + ": " + amqp_error_string2(status));
}

Result<void> Link::check_answer(const char* what) const {
  return failure_of(amqp_get_rpc_reply(connection_), what);
}

Result<void> Link::open(const Address& address, const std::map<std::string, int>& lanes,
                        const Options& options) {
  if (auto connected = connect(address, options); !connected) return connected;
  for (auto channel : {publishing, consuming}) {
    amqp_channel_open(connection_, channel);
    if (auto opened = check_answer("no channel"); !opened) return opened;
  }
  amqp_confirm_select(connection_, publishing);
  if (auto confirming = check_answer("no confirms"); !confirming) return confirming;
  return declare(lanes, options);
}

Result<void> Link::connect(const Address& address, const Options& options) {
  heartbeat_ = options.heartbeat;
  connection_ = amqp_new_connection();
  if (!connection_) throw std::bad_alloc();
  auto limit = timeval_of(options.connect_timeout);
  amqp_set_handshake_timeout(connection_, &limit);
  amqp_set_rpc_timeout(connection_, &limit);
  amqp_socket_t* socket = nullptr;
  if (address.transport == Address::Transport::tls) {
    socket = amqp_ssl_socket_new(connection_);
    if (!socket) throw std::bad_alloc();
    auto trusted = amqp_ssl_socket_set_cacert(socket, address.authorities.c_str());
    if (auto good = check(trusted, "the authorities' file"); !good) return good;
  } else {
    socket = amqp_tcp_socket_new(connection_);
    if (!socket) throw std::bad_alloc();
  }
  auto status = amqp_socket_open_noblock(socket, address.host.c_str(), address.port, &limit);
  if (auto opened = check(status, "cannot connect"); !opened) return opened;
  // Of this one, amqp_get_rpc_reply() knows nothing.
  auto answer = amqp_login(connection_, address.vhost.c_str(), 0, max_frame,
                           static_cast<int>(options.heartbeat.count()), AMQP_SASL_METHOD_PLAIN,
                           address.user.c_str(), address.password.c_str());
  return failure_of(answer, "sign-in");
}

Result<void> Link::declare_exchange(const std::string& name, const char* type) {
  amqp_exchange_declare(connection_, consuming, bytes_of(name), amqp_cstring_bytes(type),
                        /*passive=*/0, /*durable=*/1, /*auto_delete=*/0, /*internal=*/0,
                        amqp_empty_table);
  return check_answer("exchange");
}

Result<void> Link::declare_queue(const std::string& name, const std::string& exchange,
                                 const std::string& key, const void* arguments) {
  amqp_queue_declare(connection_, consuming, bytes_of(name), /*passive=*/0, /*durable=*/1,
                     /*exclusive=*/0, /*auto_delete=*/0,
                     *static_cast<const amqp_table_t*>(arguments));
  if (auto declared = check_answer("queue"); !declared) return declared;
  amqp_queue_bind(connection_, consuming, bytes_of(name), bytes_of(exchange), bytes_of(key),
                  amqp_empty_table);
  return check_answer("binding");
}

Result<void> Link::declare(const std::map<std::string, int>& lanes, const Options& options) {
  if (auto made = declare_exchange(work, "direct"); !made) return made;
  if (auto made = declare_exchange(dead, "fanout"); !made) return made;
  std::array dead_arguments{entry("x-max-length", max_dead)};
  auto letters = table(dead_arguments);
  if (auto made = declare_queue(dead, dead, "", &letters); !made) return made;
  for (auto delay : options.delays) {
    // When a notice's time is over, it goes back to the lane that its routing key still names.
    auto name = later(delay);
    if (auto made = declare_exchange(name, "fanout"); !made) return made;
    std::array arguments{entry("x-message-ttl", static_cast<std::int32_t>(delay.count())),
                         entry("x-dead-letter-exchange", work), entry("x-max-length", max_in_lane)};
    auto waiting = table(arguments);
    if (auto made = declare_queue(name, name, "", &waiting); !made) return made;
  }
  for (const auto& [lane, at_once] : lanes) {
    std::array arguments{entry("x-dead-letter-exchange", dead), entry("x-max-length", max_in_lane),
                         entry("x-overflow", "reject-publish")};
    auto queued = table(arguments);
    auto name = queue_of(lane);
    if (auto made = declare_queue(name, work, lane, &queued); !made) return made;
    amqp_basic_qos(connection_, consuming, 0, static_cast<std::uint16_t>(at_once), /*global=*/0);
    if (auto made = check_answer("prefetch"); !made) return made;
    amqp_basic_consume(connection_, consuming, bytes_of(name), amqp_empty_bytes, /*no_local=*/0,
                       /*no_ack=*/0, /*exclusive=*/0, amqp_empty_table);
    if (auto made = check_answer("consumer"); !made) return made;
  }
  return {};
}

void Link::close() {
  if (!connection_) return;
  auto limit = timeval_of(std::chrono::seconds(1));
  amqp_set_rpc_timeout(connection_, &limit);
  amqp_connection_close(connection_, AMQP_REPLY_SUCCESS);
}

Result<void> Link::publish(const Message& message, std::chrono::milliseconds delay) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  properties.content_type = amqp_cstring_bytes("application/json");
  auto body = json::serialize(json::object{{"job", message.job}, {"delivery", message.delivery}});
  auto exchange = delay.count() > 0 ? later(delay) : work;
  auto status =
      amqp_basic_publish(connection_, publishing, bytes_of(exchange), bytes_of(message.lane),
                         /*mandatory=*/1, /*immediate=*/0, &properties, bytes_of(body));
  return check(status, "publish");
}

Result<void> Link::acknowledge(std::uint64_t tag) {
  return check(amqp_basic_ack(connection_, consuming, tag, /*multiple=*/0), "acknowledge");
}

Result<void> Link::reject(std::uint64_t tag) {
  return check(amqp_basic_reject(connection_, consuming, tag, /*requeue=*/0), "reject");
}

Result<void> Link::hand_back(std::uint64_t tag) {
  return check(amqp_basic_reject(connection_, consuming, tag, /*requeue=*/1), "hand back");
}

Result<std::optional<Link::Event>> Link::next() {
  while (true) {
    // No message is being read now, so its memory may go.
    amqp_maybe_release_buffers(connection_);
    amqp_frame_t frame;
    timeval none{0, 0};
    auto status = amqp_simple_wait_frame_noblock(connection_, &frame, &none);
    if (status == AMQP_STATUS_TIMEOUT) return std::nullopt;
    if (auto good = check(status, "the connection broke"); !good)
      return std::unexpected(good.error());
    if (frame.frame_type != AMQP_FRAME_METHOD) continue;
    auto* decoded = frame.payload.method.decoded;
    Event event;
    switch (frame.payload.method.id) {
      case AMQP_BASIC_ACK_METHOD: {
        auto* ack = static_cast<amqp_basic_ack_t*>(decoded);
        event.tag = ack->delivery_tag;
        if (ack->multiple) event.reach = Event::Reach::up_to_it;
        return event;
      }
      case AMQP_BASIC_NACK_METHOD: {
        auto* nack = static_cast<amqp_basic_nack_t*>(decoded);
        event.kind = Event::Kind::refused;
        event.tag = nack->delivery_tag;
        if (nack->multiple) event.reach = Event::Reach::up_to_it;
        return event;
      }
      case AMQP_BASIC_RETURN_METHOD: {
        amqp_message_t message;
        auto read = amqp_read_message(connection_, publishing, &message, 0);
        if (read.reply_type != AMQP_RESPONSE_NORMAL)
          return fail(Errc::unavailable, "RabbitMQ: a returned message broke off");
        amqp_destroy_message(&message);
        event.kind = Event::Kind::returned;
        return event;
      }
      case AMQP_BASIC_DELIVER_METHOD:
        return read_delivery(decoded);
      case AMQP_CHANNEL_CLOSE_METHOD:
        return fail(Errc::unavailable,
                    "RabbitMQ closed the channel: " +
                        text_of(static_cast<amqp_channel_close_t*>(decoded)->reply_text));
      case AMQP_CONNECTION_CLOSE_METHOD:
        return fail(Errc::unavailable,
                    "RabbitMQ closed the connection: " +
                        text_of(static_cast<amqp_connection_close_t*>(decoded)->reply_text));
      case AMQP_BASIC_CANCEL_METHOD:
        return fail(Errc::unavailable, "RabbitMQ: a lane's queue was removed");
      default:
        continue;
    }
  }
}

Result<std::optional<Link::Event>> Link::read_delivery(const void* method) {
  const auto* delivery = static_cast<const amqp_basic_deliver_t*>(method);
  Event event;
  event.kind = Event::Kind::delivered;
  event.tag = delivery->delivery_tag;
  event.message.lane = text_of(delivery->routing_key);
  amqp_message_t message;
  auto read = amqp_read_message(connection_, consuming, &message, 0);
  if (read.reply_type != AMQP_RESPONSE_NORMAL)
    return fail(Errc::unavailable, "RabbitMQ: a message broke off");
  boost::system::error_code ec;
  auto body = json::parse(text_of(message.body), ec);
  amqp_destroy_message(&message);
  // Whatever else it says, a notice is a notice.
  if (!ec && body.is_object()) {
    if (auto* job = body.as_object().if_contains("job"); job && job->is_string())
      event.message.job = job->as_string();
    if (auto* tries = body.as_object().if_contains("delivery"); tries && tries->is_int64())
      event.message.delivery = static_cast<int>(std::clamp<std::int64_t>(tries->as_int64(), 1, 99));
  }
  return event;
}

void Link::wait(int wake) const {
  if (amqp_frames_enqueued(connection_) || amqp_data_in_buffer(connection_)) return;
  std::array<pollfd, 2> files{pollfd{amqp_get_sockfd(connection_), POLLIN, 0},
                              pollfd{wake, POLLIN, 0}};
  auto limit = std::chrono::milliseconds(heartbeat_) / 4;
  ::poll(files.data(), files.size(), static_cast<int>(limit.count()));
}

}  // namespace parley::providers::rabbitmq
