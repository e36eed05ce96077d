#include "failover_watch.hpp"

namespace parley::bench {

namespace {

class Listening final : public speech::RecognizerSession {
 public:
  Listening(std::unique_ptr<speech::RecognizerSession> session, Watch watch)
      : session_(std::move(session)), watch_(watch) {}
  void expect(std::shared_ptr<const speech::Expectation> expectation) override {
    session_->expect(std::move(expectation));
  }
  Task<void> send(audio::Frame frame) override { return session_->send(std::move(frame)); }
  Task<void> finalize() override {
    watch_.first(&EngineTimes::asked);
    return session_->finalize();
  }
  Task<speech::Transcript> next() override {
    auto waiting = session_->next();
    auto heard = co_await std::move(waiting);
    watch_.failure_of(heard);
    if (heard && !heard->text.empty()) watch_.first(&EngineTimes::given);
    co_return heard;
  }
  Task<void> close() override { return session_->close(); }

 private:
  std::unique_ptr<speech::RecognizerSession> session_;
  Watch watch_;
};

class Telling final : public dialog::LanguageStream {
 public:
  Telling(std::unique_ptr<dialog::LanguageStream> stream, Watch watch)
      : stream_(std::move(stream)), watch_(watch) {}
  Task<dialog::LanguageEvent> next() override {
    auto waiting = stream_->next();
    auto event = co_await std::move(waiting);
    watch_.failure_of(event);
    if (event && std::holds_alternative<dialog::TextPiece>(*event))
      watch_.first(&EngineTimes::given);
    co_return event;
  }

 private:
  std::unique_ptr<dialog::LanguageStream> stream_;
  Watch watch_;
};

class Speaking final : public speech::SynthesisStream {
 public:
  Speaking(std::unique_ptr<speech::SynthesisStream> stream, Watch watch)
      : stream_(std::move(stream)), watch_(watch) {}
  Task<audio::Frame> next() override {
    auto waiting = stream_->next();
    auto frame = co_await std::move(waiting);
    watch_.failure_of(frame);
    if (frame) watch_.first(&EngineTimes::given);
    co_return frame;
  }

 private:
  std::unique_ptr<speech::SynthesisStream> stream_;
  Watch watch_;
};

}  // namespace

Task<std::unique_ptr<speech::RecognizerSession>> WatchedRecognizer::open(
    Context ctx, speech::RecognizerOptions options) {
  watch_.first(&EngineTimes::opened);
  auto opening = engine_.open(std::move(ctx), std::move(options));
  auto session = co_await std::move(opening);
  watch_.failure_of(session);
  if (!session) co_return std::unexpected(session.error());
  watch_.first(&EngineTimes::ready);
  co_return std::make_unique<Listening>(std::move(*session), watch_);
}

Task<std::unique_ptr<dialog::LanguageStream>> WatchedModel::generate(Context ctx,
                                                                     dialog::ModelPrompt prompt) {
  watch_.first(&EngineTimes::asked);
  auto asking = engine_.generate(std::move(ctx), std::move(prompt));
  auto stream = co_await std::move(asking);
  watch_.failure_of(stream);
  if (!stream) co_return std::unexpected(stream.error());
  co_return std::make_unique<Telling>(std::move(*stream), watch_);
}

Task<std::unique_ptr<speech::SynthesisStream>> WatchedSynthesizer::synthesize(
    Context ctx, std::string text, speech::VoiceOptions options) {
  watch_.first(&EngineTimes::asked);
  auto asking = engine_.synthesize(std::move(ctx), std::move(text), std::move(options));
  auto stream = co_await std::move(asking);
  watch_.failure_of(stream);
  if (!stream) co_return std::unexpected(stream.error());
  co_return std::make_unique<Speaking>(std::move(*stream), watch_);
}

}  // namespace parley::bench
