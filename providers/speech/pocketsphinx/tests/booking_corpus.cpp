#include "booking_corpus.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>
#include <stdexcept>

#include "parley/providers/espeak/espeak_synthesizer.hpp"
#include "parley/providers/flite/flite_synthesizer.hpp"

namespace parley::corpus {

namespace {

constexpr const char* dates =
    R"(<weekday> = monday | tuesday | wednesday | thursday | friday | saturday | sunday ;
<month> = january | february | march | april | may | june | july | august | september | october
  | november | december ;
<ordinal> = first | second | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth |
  eleventh | twelfth | thirteenth | fourteenth | fifteenth | sixteenth | seventeenth |
  eighteenth | nineteenth | twentieth | twenty first | twenty second | twenty third | twenty
  fourth | twenty fifth | twenty sixth | twenty seventh | twenty eighth | twenty ninth |
  thirtieth | thirty first ;
<hour> = one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve ;
<minute> = /6/ thirty | /4/ fifteen | /3/ forty five | /4/ o'clock | ten | twenty | forty |
  fifty ;
<ampm> = a m | p m | in the morning | in the afternoon | in the evening ;
<time> = /10/ <hour> [<minute>] [<ampm>] | half past <hour> | quarter past <hour> | quarter to
  <hour> | noon ;
<date> = /3/ the <ordinal> | /2/ the <ordinal> of <month> | /3/ <month> [the] <ordinal> ;
<day> = /3/ today | /6/ tomorrow | the day after tomorrow | /12/ [next | this] <weekday> | /2/
  <weekday> the <ordinal> | /3/ <date> | /2/ next week ;
<part> = [in the] (morning | afternoon | evening) ;
<when> = /10/ <day> | /10/ <day> at <time> | /2/ <day> <time> | /5/ <day> <part> | /2/ at <time>
  on <day> | /3/ [at] <time> | /2/ (any time | sometime) [on] <day> | as soon as possible | in
  the (morning | afternoon) ;
)";

constexpr const char* open_grammar =
    R"(public <utterance> = /8/ <book> | /6/ <question> | /4/ <change> | /2/ <short> ;
<want> = i'd like to | i would like to | i want to | can i | i need to | could i ;
<book> = /4/ <want> (book | make | schedule | get) (a | an) <service> [[for | on] <when>] | /3/
  i need (a | an) <service> [[for | on] <when>] | /2/ [book] (a | an) <service> [[for | on]
  <when>] | do you have anything [on | for] <when> | i have a toothache | are you free [on]
  <when> ;
<service> = /4/ appointment | /3/ cleaning | checkup | filling | whitening | root canal | crown
  | consultation | extraction ;
<question> = what time do you (open | close) [[on] <weekday>] | what are your [opening] hours |
  are you open [on] <weekday> | how much is (a | an) <service> | how much does (a | an)
  <service> cost | do you take insurance | where are you [located] | what is your (address |
  cancellation policy | phone number) | do i need to pay a deposit | is there parking | do you
  have (parking | payment plans) ;
<change> = <want> (cancel | move | change | reschedule) my appointment [to <when>] | can i
  (speak | talk) to (a person | someone | a human) | <want> leave a message ;
<short> = yes [please] | no [thank you] | goodbye | thank you | that's all ;
)";

constexpr const char* when_grammar =
    R"(public <utterance> = /8/ [how about | maybe | let's say | what about | on | for] <when> | /3/ no
  make it <when> | no <when> | i don't know | whatever works | the (first | second | earlier |
  later) one ;
)";

constexpr const char* confirm_grammar =
    R"(public <utterance> = /6/ <yes> | /4/ <no> | /2/ no (make it | i said | change it to) <when> | no
  <when> | that's all [thank you] | goodbye | [can you] repeat that | [can you] say that again ;
<yes> = /6/ yes | /4/ yes please | /2/ yeah | yep | /2/ sure | okay | /2/ correct | right | /2/
  that's right | that is correct | that's correct | yes that's right | yes that is correct |
  sounds good | sure that works | that works | perfect | great | yes [please] book it | go ahead
  ;
<no> = /6/ no | /3/ no thank you | nope | no thanks | no that's wrong | that's wrong | that's
  not right ;
)";

constexpr const char* name_grammar =
    R"(public <utterance> = [my name is | it's | this is | the name is | i'm] <first> [<last>] | [my
  name is | it's] <last> ;
<first> = james | mary | robert | patricia | john | jennifer | michael | linda | david |
  elizabeth | william | barbara | richard | susan | joseph | jessica | thomas | sarah | charles
  | karen | christopher | lisa | daniel | nancy | matthew | betty | anthony | margaret | mark |
  sandra | donald | ashley | steven | kimberly | paul | emily | andrew | donna | joshua |
  michelle | kenneth | carol | kevin | amanda | brian | dorothy | george | melissa | timothy |
  deborah | ronald | stephanie | edward | rebecca | jason | sharon | jeffrey | laura | ryan |
  cynthia | jacob | kathleen | gary | amy | nicholas | angela | eric | anna | jonathan | emma |
  stephen | olivia | larry | sophia | justin | peter | jane | alice ;
<last> = smith | johnson | williams | brown | jones | garcia | miller | davis | rodriguez |
  martinez | hernandez | lopez | gonzalez | wilson | anderson | thomas | taylor | moore |
  jackson | martin | lee | perez | thompson | white | harris | sanchez | clark | ramirez | lewis
  | robinson | walker | young | allen | king | wright | scott | torres | nguyen | hill | flores
  | green | adams | nelson | baker | hall | rivera | campbell | mitchell | carter | roberts |
  gomez | phillips | evans | turner | diaz | parker | cruz | edwards | collins | reyes | stewart
  | morris | morales | murphy | cook | rogers | gutierrez | ortiz | morgan | cooper | peterson |
  bailey | reed | kelly | howard ;
)";

constexpr const char* phone_grammar =
    R"(public <utterance> = /8/ [my number is | it's | the number is] <digit>+ | you can use this
  number | this number ;
<digit> = zero | oh | one | two | three | four | five | six | seven | eight | nine ;
)";

/// Sentences of the practice's own documents.
const std::vector<std::string> document_sentences{
    "a cleaning costs ninety dollars and takes forty five minutes",
    "a filling costs between one hundred fifty and three hundred dollars",
    "we accept most insurance plans including delta dental",
    "please cancel your appointment at least one day before",
    "parking is free behind the building",
    "we are closed on sunday and on public holidays",
    "new patients should arrive fifteen minutes early",
    "teeth whitening is offered as a single visit",
    "for an emergency outside opening hours call the emergency number",
    "payment is due at the time of the visit by card or cash"};

std::shared_ptr<const speech::Expectation> make(const std::string& state,
                                                const std::string& grammar, bool with_dates,
                                                bool with_documents) {
  auto made = std::make_shared<speech::Expectation>();
  made->name = state;
  made->grammar = with_dates ? grammar + dates : grammar;
  if (with_documents) made->sentences = document_sentences;
  made->fingerprint = "corpus." + state;
  return made;
}

constexpr const char* foreign_voice_prefix = "espeak:";

Task<audio::Frame> collect(speech::Synthesizer& engine, std::string words,
                           speech::VoiceOptions options) {
  auto stream = co_await engine.synthesize(Context{}, std::move(words), options);
  if (!stream) co_return std::unexpected(stream.error());
  audio::Frame all{.samples = {}, .rate_hz = options.rate_hz};
  while (true) {
    auto piece = co_await (*stream)->next();
    if (!piece && piece.error().code == Errc::end_of_stream) co_return all;
    if (!piece) co_return std::unexpected(piece.error());
    all.samples.insert(all.samples.end(), piece->samples.begin(), piece->samples.end());
  }
}

}  // namespace

const std::vector<std::string>& foreign_sentences() {
  static const std::vector<std::string> sentences{
      "the weather in paris was lovely last summer",
      "my brother plays the guitar in a small band",
      "please turn down the television i cannot hear",
      "she sells seashells by the seashore",
      "the stock market fell sharply after the announcement",
      "have you seen the new movie about the dinosaurs",
      "he was not an ill disposed young man",
      "put the potatoes in the oven and wait",
      "the committee will discuss the proposal",
      "i left my keys under the flower pot",
      "my cousin moved to australia three years ago",
      "the recipe needs two cups of flour and some butter",
      "could you pass the salt please said the old man",
      "there was a terrible accident on the highway",
      "our dog ran after the neighbours cat",
      "the government announced new rules for fishing boats",
  };
  return sentences;
}

std::shared_ptr<const speech::Expectation> expectation(const std::string& state) {
  static const std::map<std::string, std::shared_ptr<const speech::Expectation>> all{
      {"open", make("open", open_grammar, true, true)},
      {"when", make("when", when_grammar, true, false)},
      {"confirm", make("confirm", confirm_grammar, true, false)},
      {"name", make("name", name_grammar, false, false)},
      {"phone", make("phone", phone_grammar, false, false)}};
  return all.at(state);
}

const std::vector<std::string>& voices() {
  static const std::vector<std::string> names{"slt",          "rms",
                                              "awb",          "kal16",
                                              "espeak:en-us", "espeak:en-us+f3",
                                              "espeak:en-gb", "espeak:en-us+m3"};
  return names;
}

audio::Frame speak(const std::string& voice, const std::string& words) {
  static SystemClock clock;
  asio::io_context io;
  WorkerPool inline_pool{{.name = "speech", .threads = 0}};
  providers::flite::FliteSynthesizer flite(inline_pool);
  providers::espeak::EspeakSynthesizer espeak(clock, inline_pool);
  speech::VoiceOptions options{.voice = voice, .rate_hz = 16000};
  speech::Synthesizer* engine = &flite;
  if (voice.starts_with(foreign_voice_prefix)) {
    options.voice = voice.substr(std::string(foreign_voice_prefix).size());
    engine = &espeak;
  }
  std::optional<Result<audio::Frame>> spoken;
  auto body = [](speech::Synthesizer& e, std::string text, speech::VoiceOptions o,
                 std::optional<Result<audio::Frame>>& out) -> asio::awaitable<void> {
    auto work = collect(e, std::move(text), std::move(o));
    out.emplace(co_await std::move(work));
  };
  asio::co_spawn(io, body(*engine, words, options, spoken), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  io.run();
  if (!spoken || !*spoken) throw std::runtime_error("the voice " + voice + " did not speak");
  return std::move(**spoken);
}

}  // namespace parley::corpus
