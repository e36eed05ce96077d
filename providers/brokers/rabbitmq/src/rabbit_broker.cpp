#include "parley/providers/rabbitmq/rabbit_broker.hpp"

#include <poll.h>

#include <atomic>
#include <thread>

#include "mailbox.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::providers::rabbitmq {

namespace {

using std::chrono::milliseconds;

struct Shown {
  explicit Shown(metrics::Registry& r)
      : registry(r),
        connected(r.gauge("parley_amqp_connected", "1 while RabbitMQ is connected")),
        lost(r.counter("parley_amqp_connections_lost_total",
                       "How often the connection to RabbitMQ was lost")) {}
  /// outcome: sent, confirmed, refused, returned, dropped.
  void published(std::string_view outcome, double many = 1) const {
    registry
        .counter("parley_amqp_published_total", "Notices to RabbitMQ, by what became of them",
                 {{"outcome", std::string(outcome)}})
        .add(many);
  }
  /// answer: looked, elsewhere, not_now, dead.
  void delivered(std::string_view answer) const {
    registry
        .counter("parley_amqp_delivered_total", "Notices from RabbitMQ, by how they were answered",
                 {{"answer", std::string(answer)}})
        .add();
  }
  metrics::Registry& registry;
  metrics::Gauge connected;
  metrics::Counter lost;
};

class RabbitBroker final : public queue::Broker {
 public:
  RabbitBroker(Address address, Random& random, metrics::Registry& registry, Options options)
      : address_(std::move(address)),
        random_(random),
        options_(std::move(options)),
        shown_(registry) {}

  ~RabbitBroker() override { stop(); }
  RabbitBroker(const RabbitBroker&) = delete;
  RabbitBroker& operator=(const RabbitBroker&) = delete;

  void start(std::map<std::string, int> lanes, Listener listener) override {
    if (thread_.joinable()) return;
    lanes_ = std::move(lanes);
    listener_ = std::move(listener);
    thread_ = std::thread([this] { run(); });
  }

  void stop() final {
    stopping_ = true;
    box_->ring();
    if (thread_.joinable()) thread_.join();
  }

  void publish(Notice notice) override {
    auto delay = delay_for(notice.delay);
    if (!delay) return;
    Mailbox::Outgoing outgoing{{std::move(notice.lane), std::move(notice.job), 1}, *delay, 0};
    if (!box_->put(std::move(outgoing), options_.max_waiting)) shown_.published("dropped");
  }

  Condition condition() const override {
    std::lock_guard lock(mutex_);
    return condition_;
  }

 private:
  /// What is owed upon one connection.
  struct Session {
    explicit Session(Link& l) : link(l) {}
    Link& link;
    std::map<std::uint64_t, Mailbox::Outgoing> unconfirmed;
    std::uint64_t published = 0;
  };

  std::optional<milliseconds> delay_for(Duration wanted) const {
    if (wanted <= Duration::zero()) return milliseconds(0);
    auto longer = std::ranges::find_if(options_.delays, [&](auto d) { return d >= wanted; });
    if (longer == options_.delays.end()) return std::nullopt;
    return *longer;
  }

  void run() {
    auto pause = options_.first_pause;
    while (!stopping_) {
      Link link;
      auto opened = link.open(address_, lanes_, options_);
      if (opened) {
        pause = options_.first_pause;
        ++connection_;
        become({});
        shown_.connected.set(1);
        log::info("amqp.connected");
        Session session(link);
        auto ended = serve(session);
        keep_unconfirmed(session);
        shown_.connected.set(0);
        if (ended) {
          link.close();
          return;
        }
        shown_.lost.add();
        opened = ended;
      }
      if (condition().reason != opened.error().detail)
        log::warn("amqp.away", {{"reason", opened.error().detail}});
      become(Condition::degraded(opened.error().detail));
      auto jitter = random_.next_unit() * static_cast<double>(pause.count()) / 2;
      rest(pause / 2 + milliseconds(static_cast<milliseconds::rep>(jitter)));
      pause = std::min(pause * 2, options_.longest_pause);
    }
  }

  /// Errors: unavailable; without one, it is to stop.
  Result<void> serve(Session& session) {
    while (true) {
      box_->silence();
      bool last = stopping_;
      if (auto answered = answer(session); !answered) return answered;
      if (auto sent = send(session); !sent) return sent;
      while (true) {
        auto event = session.link.next();
        if (!event) return std::unexpected(event.error());
        if (!*event) break;
        if (auto taken = take(session, **event); !taken) return taken;
      }
      if (last) return {};
      session.link.wait(box_->bell());
    }
  }

  Result<void> answer(Session& session) {
    for (auto& one : box_->take_answers()) {
      if (one.connection != connection_) continue;
      if (one.answer == Answer::looked) {
        shown_.delivered("looked");
        if (auto done = session.link.acknowledge(one.tag); !done) return done;
      } else if (one.answer == Answer::elsewhere) {
        shown_.delivered("elsewhere");
        if (auto done = session.link.hand_back(one.tag); !done) return done;
      } else if (one.message.delivery >= options_.max_deliveries) {
        shown_.delivered("dead");
        if (auto done = session.link.reject(one.tag); !done) return done;
      } else {
        // Sent anew and confirmed before the old one goes: nothing is lost between.
        shown_.delivered("not_now");
        auto tries = static_cast<std::size_t>(one.message.delivery - 1);
        auto delay = options_.delays[std::min(tries, options_.delays.size() - 1)];
        ++one.message.delivery;
        Mailbox::Outgoing again{std::move(one.message), delay, one.tag};
        if (auto sent = publish(session, std::move(again)); !sent) return sent;
      }
    }
    return {};
  }

  Result<void> send(Session& session) {
    while (session.unconfirmed.size() < options_.max_unconfirmed) {
      auto outgoing = box_->take_outgoing();
      if (!outgoing) break;
      if (auto sent = publish(session, std::move(*outgoing)); !sent) return sent;
    }
    return {};
  }

  Result<void> publish(Session& session, Mailbox::Outgoing outgoing) {
    auto tag = ++session.published;
    auto& kept = session.unconfirmed.emplace(tag, std::move(outgoing)).first->second;
    shown_.published("sent");
    return session.link.publish(kept.message, kept.delay);
  }

  Result<void> take(Session& session, const Link::Event& event) {
    using Kind = Link::Event::Kind;
    if (event.kind == Kind::returned) {
      // Nobody has declared that lane: no node has workers for it.
      shown_.published("returned");
      return {};
    }
    if (event.kind == Kind::delivered) {
      auto respond = [box = std::weak_ptr(box_), connection = connection_, tag = event.tag,
                      message = event.message](Answer answer) {
        if (auto alive = box.lock()) alive->put({connection, tag, message, answer});
      };
      if (listener_.on_notice) listener_.on_notice(event.message.lane, std::move(respond));
      return {};
    }
    auto& waiting = session.unconfirmed;
    auto first = event.reach == Link::Event::Reach::up_to_it ? waiting.begin()
                                                             : waiting.lower_bound(event.tag);
    auto end = waiting.upper_bound(event.tag);
    for (auto it = first; it != end; ++it) {
      shown_.published(event.kind == Kind::confirmed ? "confirmed" : "refused");
      if (it->second.instead_of == 0) continue;
      // A lane that is full has notices enough.
      if (auto done = session.link.acknowledge(it->second.instead_of); !done) return done;
    }
    waiting.erase(first, end);
    return {};
  }

  /// Sent again upon the next connection; what was to replace a delivery is delivered again itself.
  void keep_unconfirmed(Session& session) {
    std::deque<Mailbox::Outgoing> again;
    for (auto& [tag, outgoing] : session.unconfirmed)
      if (outgoing.instead_of == 0) again.push_back(std::move(outgoing));
    box_->put_back(std::move(again));
  }

  void become(Condition condition) {
    bool changed = false;
    {
      std::lock_guard lock(mutex_);
      changed = condition_.is != condition.is;
      condition_ = std::move(condition);
    }
    if (changed && listener_.on_change) listener_.on_change();
  }

  /// Until stop() rings; what is put into the box meanwhile does not shorten it.
  void rest(milliseconds pause) const {
    auto until = std::chrono::steady_clock::now() + pause;
    while (!stopping_) {
      auto left = until - std::chrono::steady_clock::now();
      if (left <= left.zero()) return;
      pollfd bell{box_->bell(), POLLIN, 0};
      ::poll(&bell, 1, static_cast<int>(std::chrono::ceil<milliseconds>(left).count()));
      box_->silence();
    }
  }

  const Address address_;
  Random& random_;
  const Options options_;
  const Shown shown_;
  const std::shared_ptr<Mailbox> box_ = std::make_shared<Mailbox>();
  std::map<std::string, int> lanes_;
  Listener listener_;
  std::atomic<bool> stopping_{false};
  std::uint64_t connection_ = 0;  ///< which one; of the thread
  mutable std::mutex mutex_;
  Condition condition_ = Condition::degraded("RabbitMQ is not connected yet");
  std::thread thread_;
};

}  // namespace

std::unique_ptr<queue::Broker> make_broker(Address address, Random& random,
                                           metrics::Registry& registry, Options options) {
  return std::make_unique<RabbitBroker>(std::move(address), random, registry, std::move(options));
}

}  // namespace parley::providers::rabbitmq
