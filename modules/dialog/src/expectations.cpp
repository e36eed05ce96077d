#include "expectations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace parley::dialog {
namespace {

constexpr std::size_t most_sentences = 3000;
constexpr std::size_t most_topics = 200;
constexpr std::size_t most_keywords = 200;

constexpr std::array<std::string_view, 6> times{
    "tomorrow at two",           "on monday at ten o'clock",
    "next friday afternoon",     "on tuesday morning at nine thirty",
    "on thursday at three p.m.", "next week"};

/// Words of a sentence that the speech dictionary can have: letters and apostrophes only.
std::string plain(std::string_view text) {
  Words kept;
  for (const auto& word : words_of(text)) {
    bool speakable =
        std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '\''; });
    if (speakable) kept.push_back(word == "am" || word == "pm" ? word.substr(0, 1) + ".m." : word);
  }
  return join(kept);
}

class Sentences {
 public:
  void add(std::string sentence) {
    if (!sentence.empty() && list_.size() < most_sentences) list_.push_back(std::move(sentence));
  }
  void add_service(const std::string& name) {
    for (auto when : times) {
      add(fmt::format("i'd like to book a {} {}", name, when));
      add(fmt::format("can i get a {} {}", name, when));
      add(fmt::format("i need a {} {}", name, when));
    }
    for (auto pattern :
         {"how much is a {}", "how much does a {} cost", "how long does a {} take", "do you do {}",
          "do you offer {}", "i'd like a {} please", "does a {} hurt", "what is a {}",
          "what does a {} include", "tell me about {}"})
      add(fmt::format(fmt::runtime(pattern), name));
  }
  void add_topic(const std::string& words) {
    for (auto pattern : {"do you have {}", "how much is a {}", "tell me about {}"})
      add(fmt::format(fmt::runtime(pattern), words));
  }
  std::vector<std::string> take() { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

void add_general(Sentences& sentences) {
  for (auto when : times) {
    sentences.add(fmt::format("i'd like to book an appointment {}", when));
    sentences.add(fmt::format("i need to move my appointment to {}", when));
    sentences.add(fmt::format("do you have anything {}", when));
  }
  for (auto sentence : {"i'd like to make an appointment",
                        "i want to book an appointment",
                        "i need to cancel my appointment",
                        "i want to reschedule my appointment",
                        "when is my appointment",
                        "what are your hours",
                        "when do you open",
                        "when do you close today",
                        "are you open on saturday",
                        "are you open today",
                        "where are you located",
                        "what's your address",
                        "how do i get there",
                        "what services do you offer",
                        "what are your prices",
                        "how much does it cost",
                        "do you take my insurance",
                        "do you accept insurance",
                        "how can i pay",
                        "can i pay by credit card",
                        "is there parking",
                        "where can i park",
                        "what is your cancellation policy",
                        "what happens if i cancel",
                        "do you take new patients",
                        "do you see children",
                        "what should i bring",
                        "i have a question about",
                        "can you tell me about",
                        "i'd like to know",
                        "can i leave a message",
                        "can i speak to someone",
                        "i'd like to talk to a person",
                        "are you a robot",
                        "can you repeat that",
                        "thank you",
                        "thank you goodbye",
                        "goodbye",
                        "that's all",
                        "no thank you",
                        "yes please",
                        "yes",
                        "no",
                        "what can you do",
                        "help"})
    sentences.add(sentence);
}

/// Words of documents that say something about a subject and are none.
bool is_subject(const std::string& word) {
  static const std::set<std::string_view> others{
      "cost",   "costs",  "dollar", "dollars", "cent",    "cents",    "minute", "minutes", "hour",
      "hours",  "days",   "week",   "weeks",   "month",   "months",   "year",   "years",   "takes",
      "made",   "makes",  "come",   "comes",   "bring",   "call",     "ready",  "every",   "each",
      "more",   "less",   "least",  "most",    "between", "before",   "after",  "once",    "only",
      "first",  "last",   "next",   "include", "starts",  "because",  "while",  "during",  "into",
      "when",   "until",  "price",  "prices",  "hundred", "thousand", "one",    "two",     "three",
      "four",   "five",   "six",    "seven",   "eight",   "nine",     "ten",    "eleven",  "twelve",
      "twenty", "thirty", "forty",  "fifty",   "sixty",   "seventy",  "eighty", "ninety",  "half",
      "second", "third"};
  return word.size() >= 3 && !is_stopword(word) && plain(word) == word && !others.contains(word);
}

/// "guards" is also asked for as "guard".
std::string one_of(const std::string& word) {
  bool plural = word.size() > 4 && word.ends_with('s') && !word.ends_with("ss") &&
                !word.ends_with("us") && !word.ends_with("is");
  if (plural && word.ends_with("ies")) return word.substr(0, word.size() - 3) + "y";
  return plural ? word.substr(0, word.size() - 1) : word;
}

/// What the documents are about: pairs of words that stand together and single words, the most
/// frequent of each, as they are written and in the singular.
std::vector<Words> topics_of(const std::vector<std::string>& documents) {
  std::map<Words, int> pairs, singles;
  for (const auto& sentence : documents) {
    std::string before;
    for (const auto& word : words_of(sentence)) {
      bool subject = is_subject(word);
      if (subject && word.size() >= 4) {
        ++singles[{word}];
        if (auto one = one_of(word); one != word) ++singles[{one}];
      }
      if (subject && !before.empty()) {
        ++pairs[{before, word}];
        if (auto one = one_of(word); one != word) ++pairs[{before, one}];
      }
      before = subject ? word : "";
    }
  }
  std::vector<Words> topics;
  for (auto* counts : {&pairs, &singles}) {
    std::vector<Words> sorted;
    for (const auto& [topic, count] : *counts) sorted.push_back(topic);
    std::ranges::sort(sorted, {},
                      [&](const auto& topic) { return std::pair(-counts->at(topic), topic); });
    if (sorted.size() > most_topics) sorted.resize(most_topics);
    topics.insert(topics.end(), sorted.begin(), sorted.end());
  }
  return topics;
}

std::vector<std::string> open_sentences(const ServiceLexicon& lexicon,
                                        const std::vector<std::string>& documents,
                                        const std::vector<Words>& topics) {
  Sentences sentences;
  // Twice: what callers ask most weighs more than what the documents happen to say.
  add_general(sentences);
  add_general(sentences);
  for (const auto& forms : lexicon.forms())
    for (const auto& form : forms) sentences.add_service(plain(join(form)));
  for (const auto& sentence : documents) sentences.add(plain(sentence));
  for (const auto& topic : topics) sentences.add_topic(join(topic));
  return sentences.take();
}

std::vector<std::string> keywords_of(const business::Profile& profile,
                                     const std::vector<Words>& topics) {
  std::vector<std::string> keywords{profile.name};
  for (const auto& service : profile.services) {
    keywords.push_back(service.name);
    keywords.insert(keywords.end(), service.aliases.begin(), service.aliases.end());
  }
  for (const auto& resource : profile.resources) keywords.push_back(resource.name);
  for (const auto& topic : topics) keywords.push_back(join(topic));
  if (keywords.size() > most_keywords) keywords.resize(most_keywords);
  return keywords;
}

std::string fingerprint_of(const speech::Expectation& expectation) {
  std::string all = expectation.name + '\n' + expectation.grammar;
  for (const auto& sentence : expectation.sentences) all += '\n' + sentence;
  all += '\f';
  for (const auto& keyword : expectation.keywords) all += '\n' + keyword;
  return content_hash(all);
}

/// For a part of an answer: the state's name, and a grammar of its own.
std::shared_ptr<const speech::Expectation> narrowed(Asked asked, std::string body) {
  auto made = std::make_shared<speech::Expectation>();
  made->name = std::string(to_string(asked));
  made->grammar = std::move(body);
  made->fingerprint = fingerprint_of(*made);
  return made;
}

/// Topics of the documents but the services, which have rules of their own.
std::vector<Words> topics_besides(const ServiceLexicon& lexicon,
                                  const std::vector<std::string>& documents) {
  auto topics = topics_of(documents);
  std::erase_if(topics, [&](const Words& topic) {
    auto hits = lexicon.find(topic, ServiceLexicon::Context::any);
    return std::ranges::any_of(hits, [&](auto& hit) { return hit.where.size() == topic.size(); });
  });
  return topics;
}

}  // namespace

Expectations::Expectations(const business::Profile& profile, const ServiceLexicon& lexicon,
                           const std::vector<std::string>& document_sentences)
    : Expectations(profile, lexicon, document_sentences,
                   topics_besides(lexicon, document_sentences)) {}

Expectations::Expectations(const business::Profile& profile, const ServiceLexicon& lexicon,
                           const std::vector<std::string>& document_sentences,
                           const std::vector<Words>& topics)
    : grammar_(profile, lexicon, topics) {
  auto keywords = keywords_of(profile, topics);
  for (std::size_t i = 0; i < states; ++i) {
    auto asked = static_cast<Asked>(i);
    auto made = std::make_shared<speech::Expectation>();
    made->name = std::string(to_string(asked));
    made->grammar = grammar_.body(asked);
    if (asked == Asked::open) made->sentences = open_sentences(lexicon, document_sentences, topics);
    // Where a short answer is waited for, the business's words are only more to mishear.
    bool subject_open = asked == Asked::open || asked == Asked::message;
    if (subject_open) made->keywords = keywords;
    made->fingerprint = fingerprint_of(*made);
    made_[i] = std::move(made);
  }
  day_ = narrowed(Asked::when, grammar_.day_body());
  time_ = narrowed(Asked::when, grammar_.time_body());
  spelling_ = narrowed(Asked::name, grammar_.spelling_body());
}

std::shared_ptr<const speech::Expectation> Expectations::day(const Words& denied) const {
  return denied.empty() ? day_ : narrowed(Asked::when, grammar_.day_body(denied));
}

std::shared_ptr<const speech::Expectation> Expectations::time(const Words& denied) const {
  return denied.empty() ? time_ : narrowed(Asked::when, grammar_.time_body(denied));
}

}  // namespace parley::dialog
