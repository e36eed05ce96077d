// What people do to calls while they run.
#include <deque>

#include "call_service_impl.hpp"
#include "parley/base/signal.hpp"

namespace parley::calls {

namespace {

/// Between a session's strand, which brings sound, and a listener's, which takes it.
class SoundBox final : public voice::Listener, public std::enable_shared_from_this<SoundBox> {
 public:
  explicit SoundBox(asio::any_io_executor taker) : taker_(std::move(taker)) {}

  void heard(std::span<const std::int16_t> interleaved) override {
    {
      std::lock_guard lock(mutex_);
      pieces_.emplace_back(interleaved.begin(), interleaved.end());
      samples_ += interleaved.size();
      for (; samples_ > CallSound::most_waiting_samples && pieces_.size() > 1; ++dropped_) {
        samples_ -= pieces_.front().size();
        pieces_.pop_front();
      }
    }
    wake();
  }
  void ended() override {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake();
  }

  Task<audio::Samples> next() {
    while (true) {
      {
        std::lock_guard lock(mutex_);
        if (!pieces_.empty()) {
          auto piece = std::move(pieces_.front());
          pieces_.pop_front();
          samples_ -= piece.size();
          co_return piece;
        }
        if (over_) co_return fail(Errc::end_of_stream, "the call is over");
      }
      co_await there_is_more_.wait();
    }
  }
  std::uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  void wake() {
    asio::post(taker_, [self = shared_from_this()] { self->there_is_more_.notify(); });
  }

  asio::any_io_executor taker_;
  Signal there_is_more_;  ///< of the taker's strand
  mutable std::mutex mutex_;
  std::deque<audio::Samples> pieces_;
  std::size_t samples_ = 0;
  std::uint64_t dropped_ = 0;
  bool over_ = false;
};

class Listened final : public CallSound {
 public:
  Listened(std::shared_ptr<SoundBox> box, std::function<void()> leave)
      : box_(std::move(box)), leave_(std::move(leave)) {}
  ~Listened() override { leave_(); }
  Task<std::vector<std::int16_t>> next() override { return box_->next(); }
  std::uint64_t dropped() const noexcept override { return box_->dropped(); }

 private:
  std::shared_ptr<SoundBox> box_;
  std::function<void()> leave_;
};

}  // namespace

Result<void> CallServiceImpl::give(const CallId& id, voice::Order order) {
  std::lock_guard lock(mutex_);
  auto found = running_.find(id);
  if (found == running_.end() || !found->second.session)
    return fail(Errc::conflict, "the call does not run here now");
  return found->second.session->give(std::move(order));
}

Task<Call> CallServiceImpl::order(Context ctx, CallId id, voice::Order order) {
  auto looking = get(ctx, id);
  auto call = co_await std::move(looking);
  if (!call) co_return call;
  if (auto given = give(id, std::move(order)); !given) co_return std::unexpected(given.error());
  co_return call;
}

Task<Call> CallServiceImpl::hold(Context ctx, CallId id) {
  auto by = ctx.principal.id;
  return order(std::move(ctx), std::move(id), voice::HoldCall{std::move(by)});
}

Task<Call> CallServiceImpl::take_over(Context ctx, CallId id) {
  auto by = ctx.principal.id;
  return order(std::move(ctx), std::move(id), voice::TakeOverCall{std::move(by)});
}

Task<Call> CallServiceImpl::resume(Context ctx, CallId id) {
  auto by = ctx.principal.id;
  return order(std::move(ctx), std::move(id), voice::ResumeCall{std::move(by)});
}

Task<Call> CallServiceImpl::whisper(Context ctx, CallId id, LiveCalls::Whisper as,
                                    std::string text) {
  voice::Whisper whisper{.text = std::move(text), .by = ctx.principal.id};
  if (as == LiveCalls::Whisper::sentence) whisper.as = voice::Whisper::As::sentence;
  return order(std::move(ctx), std::move(id), std::move(whisper));
}

Task<Call> CallServiceImpl::press_keys(Context ctx, CallId id, std::string keys) {
  if (keys.empty() || keys.find_first_not_of("0123456789*#ABCDw") != std::string::npos)
    co_return fail(Errc::invalid, "must be of 0-9, *, #, A-D, and w for a pause");
  voice::PressKeys press{std::move(keys), ctx.principal.id};
  auto giving = order(std::move(ctx), std::move(id), std::move(press));
  co_return co_await std::move(giving);
}

Task<std::unique_ptr<CallSound>> CallServiceImpl::listen(Context ctx, CallId id) {
  auto box = std::make_shared<SoundBox>(co_await asio::this_coro::executor);
  voice::ListenIn listen{box, ctx.principal.id};
  auto giving = order(std::move(ctx), id, std::move(listen));
  auto given = co_await std::move(giving);
  if (!given) co_return std::unexpected(given.error());
  auto leave = [this, id, box] { (void)give(id, voice::StopListening{box}); };
  co_return std::make_unique<Listened>(box, std::move(leave));
}

Task<CarrierRecordingState> CallServiceImpl::record(Context ctx, CallId id,
                                                    LiveCalls::Record what) {
  if (!parts_.carrier_recordings)
    co_return fail(Errc::conflict, "no carrier that records calls is configured");
  auto looking = get(ctx, id);
  auto call = co_await std::move(looking);
  if (!call) co_return std::unexpected(call.error());
  auto& recordings = *parts_.carrier_recordings;
  auto doing = what == LiveCalls::Record::start ? recordings.start(std::move(ctx), std::move(*call))
                                                : recordings.stop(std::move(ctx), std::move(*call));
  co_return co_await std::move(doing);
}

Result<void> CallServiceImpl::speak(const Context&, const CallId& id,
                                    std::vector<std::int16_t> samples) {
  return give(id, voice::SpeakLive{std::move(samples)});
}

}  // namespace parley::calls
