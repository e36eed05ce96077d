#pragma once
#include <gtest/gtest.h>

#include <filesystem>

#include "parley/base/signal.hpp"
#include "parley/calls/call_service.hpp"

namespace parley::calls::testing {

using telephony::CallAnswer;

/// One business at one number.
struct OneBusiness final : business::Businesses {
  std::shared_ptr<business::Profile> profile = std::make_shared<business::Profile>();
  Errc failure = Errc::not_found;
  bool failing = false;

  Task<std::shared_ptr<const business::Profile>> by_number(std::string e164) override {
    if (failing) co_return fail(failure, "away");
    if (e164 != "+12125550100") co_return fail(Errc::not_found, "no such number");
    co_return profile;
  }
  Task<std::shared_ptr<const business::Profile>> get(Context, BusinessId) override {
    co_return profile;
  }
  // What calls never ask.
  using Shared = std::shared_ptr<const business::Profile>;
  static Error unasked() { return Error{Errc::unsupported, "not asked for in this test"}; }
  Task<Shared> create(Context, business::NewBusiness) override {
    co_return std::unexpected(unasked());
  }
  Task<business::ProfileList> list(Context, business::Page) override {
    co_return std::unexpected(unasked());
  }
  Task<Shared> update(Context, business::Profile, std::int64_t) override {
    co_return std::unexpected(unasked());
  }
  Task<void> remove(Context, BusinessId, std::int64_t) override {
    co_return std::unexpected(unasked());
  }
  Task<Shared> set_services(Context, BusinessId, std::vector<business::Service>,
                            std::int64_t) override {
    co_return std::unexpected(unasked());
  }
  Task<Shared> set_holidays(Context, BusinessId, std::vector<business::Holiday>,
                            std::int64_t) override {
    co_return std::unexpected(unasked());
  }
  Task<Shared> set_resources(Context, BusinessId, std::vector<business::Resource>,
                             std::int64_t) override {
    co_return std::unexpected(unasked());
  }
  Task<std::vector<std::string>> numbers(Context, BusinessId) override {
    co_return std::unexpected(unasked());
  }
  Task<Shared> set_numbers(Context, BusinessId, std::vector<std::string>, std::int64_t) override {
    co_return std::unexpected(unasked());
  }
  Task<void> assign_number(Context, BusinessId, std::string) override {
    co_return std::unexpected(unasked());
  }
};

/// Greets, and waits.
struct Greeter final : dialog::DialogueFactory {
  struct Conversation final : dialog::Dialogue {
    Task<dialog::TurnEnd> open(Context, dialog::Speaker& speaker) override {
      speaker.say("Hello.");
      dialog::TurnEnd end;
      end.patience = std::chrono::hours(1);
      co_return end;
    }
    Task<dialog::TurnEnd> reply(Context, dialog::UserTurn, dialog::Speaker&) override {
      co_return dialog::TurnEnd{};
    }
    Task<dialog::TurnEnd> silence(Context, int, dialog::Speaker&) override {
      co_return dialog::TurnEnd{};
    }
    void interrupted(std::string_view) override {}
    dialog::Outcome outcome() const override { return {"answered", "Said hello.", {}}; }
  };
  Task<std::unique_ptr<dialog::Dialogue>> start(Context, dialog::DialogueStart start) override {
    started.push_back(start.scope);
    started_with.push_back(start.profile);
    if (failing) co_return fail(Errc::unavailable, "no dialogue");
    start.on_tool({"search_knowledge", {{"query", "x"}}, {{"passages", json::array{}}}, "", 5ms});
    co_return std::make_unique<Conversation>();
  }
  std::vector<dialog::ToolScope> started;
  std::vector<std::shared_ptr<const business::Profile>> started_with;
  bool failing = false;
};

struct DeafRecognizer final : speech::Recognizer {
  std::string name() const override { return "deaf"; }
  Task<std::unique_ptr<speech::RecognizerSession>> open(Context,
                                                        speech::RecognizerOptions) override {
    co_return fail(Errc::unavailable, "deaf");
  }
};

struct Beep final : speech::Synthesizer {
  struct Stream final : speech::SynthesisStream {
    bool done = false;
    Task<audio::Frame> next() override {
      if (std::exchange(done, true)) co_return fail(Errc::end_of_stream, "");
      co_return audio::Frame{audio::Samples(1600, 500), 8000};
    }
  };
  std::string name() const override { return "beep"; }
  Task<std::unique_ptr<speech::SynthesisStream>> synthesize(Context, std::string,
                                                            speech::VoiceOptions) override {
    co_return std::make_unique<Stream>();
  }
};

/// A line that stays silent until the test ends it.
struct Line {
  std::optional<Error> ending;
  Signal wake;
  bool closed = false;
  int pieces = 0;
};
struct QuietLine final : telephony::MediaStream {
  explicit QuietLine(std::shared_ptr<Line> l) : line(std::move(l)) {}
  std::shared_ptr<Line> line;
  telephony::Codec codec() const noexcept override { return telephony::Codec::mulaw; }
  int rate_hz() const noexcept override { return 8000; }
  Task<void> receive_all(telephony::MediaTaker) override {
    while (!line->ending) co_await line->wake.wait();
    co_return std::unexpected(*line->ending);
  }
  Result<void> send_audio(std::span<const std::byte>) override {
    ++line->pieces;
    line->wake.notify();
    return {};
  }
  Result<void> send_mark(std::string) override { return {}; }
  Result<void> clear() override { return {}; }
  asio::awaitable<void> close() override {
    line->closed = true;
    co_return;
  }
  Counters counters() const noexcept override { return {}; }
};

}  // namespace parley::calls::testing
