#include "parley/providers/pocketsphinx/pocketsphinx_recognizer.hpp"

#include <boost/asio/this_coro.hpp>

#include "engine.hpp"
#include "hearing.hpp"
#include "parley/base/strings.hpp"

namespace parley::providers::pocketsphinx {

namespace {

constexpr std::size_t max_languages = 64;

class Session final : public speech::RecognizerSession {
 public:
  explicit Session(std::shared_ptr<Hearing> hearing) : hearing_(std::move(hearing)) {}
  ~Session() override { hearing_->close(); }

  void expect(std::shared_ptr<const speech::Expectation> expectation) override {
    hearing_->expect(std::move(expectation));
  }
  Task<void> send(audio::Frame frame) override { co_return hearing_->send(std::move(frame)); }
  Task<void> finalize() override { co_return hearing_->finalize(); }
  Task<speech::Transcript> next() override { return hearing_->next(); }
  Task<void> close() override {
    hearing_->close();
    co_return Result<void>{};
  }

 private:
  std::shared_ptr<Hearing> hearing_;
};

/// Contents stand for themselves when the dialogue gives no fingerprint.
std::string key_of(const speech::Expectation& expectation) {
  if (!expectation.fingerprint.empty()) return expectation.fingerprint;
  std::string all = expectation.grammar;
  for (const auto& sentence : expectation.sentences) all += '\n' + sentence;
  for (const auto& keyword : expectation.keywords) all += '\t' + keyword;
  return "#" + std::to_string(std::hash<std::string>{}(all)) + "/" + std::to_string(all.size());
}

}  // namespace

Result<std::shared_ptr<const Language>> PocketsphinxRecognizer::Engine::language(
    const speech::Expectation& expectation) {
  const auto key = key_of(expectation);
  {
    std::lock_guard lock(mutex);
    for (auto entry = languages.begin(); entry != languages.end(); ++entry)
      if (entry->first == key) {
        languages.splice(languages.begin(), languages, entry);
        return entry->second;
      }
  }
  auto compiled = compile(expectation, *lexicon);
  if (!compiled) return compiled;
  std::lock_guard lock(mutex);
  // Another thread may have been quicker; decoders know a language by its address.
  for (const auto& entry : languages)
    if (entry.first == key) return entry.second;
  languages.emplace_front(key, *compiled);
  if (languages.size() > max_languages) languages.pop_back();
  return compiled;
}

std::shared_ptr<const Language> PocketsphinxRecognizer::Engine::usable_language(
    const speech::Expectation* expectation) {
  const auto& wanted = expectation == nullptr ? default_expectation() : *expectation;
  if (auto made = language(wanted)) return *made;
  speech::Expectation without = wanted;
  without.grammar.clear();
  without.fingerprint += "/without grammar";
  if (auto made = language(without); made && !(*made)->arpa.empty()) return *made;
  return language(default_expectation()).value();
}

PocketsphinxRecognizer::PocketsphinxRecognizer(std::shared_ptr<Engine> engine)
    : engine_(std::move(engine)) {}
PocketsphinxRecognizer::~PocketsphinxRecognizer() = default;

Result<std::unique_ptr<PocketsphinxRecognizer>> PocketsphinxRecognizer::create(
    WorkerPool& pool, PocketsphinxOptions options) {
  auto lexicon = Lexicon::load(options.model_directory / "cmudict-en-us.dict");
  if (!lexicon) return std::unexpected(lexicon.error());
  // Opening a decoder now finds a damaged model at the start and not in the first call.
  auto first = Decoder::open(options.model_directory, ModelKind::grammar);
  if (!first) return std::unexpected(first.error());
  auto engine = std::make_shared<Engine>(pool, std::move(options), std::move(*lexicon));
  if (auto made = engine->language(default_expectation()); !made)
    return std::unexpected(made.error());
  auto set = engine->decoders.take();
  if (!set) return fail(Errc::invalid, "max_decoders must be at least 1");
  set->grammar = std::move(*first);
  engine->decoders.give_back(std::move(set));
  return std::unique_ptr<PocketsphinxRecognizer>(new PocketsphinxRecognizer(std::move(engine)));
}

Task<std::unique_ptr<speech::RecognizerSession>> PocketsphinxRecognizer::open(
    Context /*ctx*/, speech::RecognizerOptions options) {
  if (!iequals(std::string_view(options.language).substr(0, 2), "en"))
    co_return fail(Errc::unsupported, "pocketsphinx has an English model only");
  auto resampler = audio::Resampler::create(options.rate_hz, audio::telephone_rate_hz);
  if (!resampler) co_return std::unexpected(resampler.error());
  auto executor = co_await asio::this_coro::executor;
  auto hearing = std::make_shared<Hearing>(engine_, executor, std::move(*resampler));
  co_return std::make_unique<Session>(std::move(hearing));
}

Result<void> PocketsphinxRecognizer::prepare(const speech::Expectation& expectation) {
  auto made = engine_->language(expectation);
  if (!made) return std::unexpected(made.error());
  return {};
}

PocketsphinxRecognizer::Figures PocketsphinxRecognizer::figures() const {
  std::lock_guard lock(engine_->mutex);
  const auto busy = engine_->decoders.busy();
  return {busy + engine_->decoders.idle(), busy, engine_->languages.size()};
}

}  // namespace parley::providers::pocketsphinx
