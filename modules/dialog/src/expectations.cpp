#include "expectations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "grammar.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t most_sentences = 2000;
constexpr std::size_t most_topics = 150;
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
  void add_topic(const std::string& word) {
    for (auto pattern :
         {"do you have {}", "do you accept {}", "do you take {}", "what about {}",
          "tell me about {}", "how much is {}", "what is your {} policy", "is there {}"})
      add(fmt::format(fmt::runtime(pattern), word));
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

/// The subject words the documents use most.
std::vector<std::string> topics_of(const std::vector<std::string>& documents) {
  std::map<std::string, int> counts;
  for (const auto& sentence : documents)
    for (const auto& word : words_of(sentence))
      if (word.size() >= 4 && !is_stopword(word) && plain(word) == word) ++counts[word];
  std::vector<std::string> words;
  for (const auto& [word, count] : counts) words.push_back(word);
  std::ranges::sort(words, {}, [&](const auto& word) { return std::pair(-counts[word], word); });
  if (words.size() > most_topics) words.resize(most_topics);
  return words;
}

std::vector<std::string> open_sentences(const ServiceLexicon& lexicon,
                                        const std::vector<std::string>& documents,
                                        const std::vector<std::string>& topics) {
  Sentences sentences;
  // Twice: what callers ask most weighs more than what the documents happen to say.
  add_general(sentences);
  add_general(sentences);
  for (const auto& forms : lexicon.forms())
    for (const auto& form : forms) sentences.add_service(plain(join(form)));
  for (const auto& topic : topics) sentences.add_topic(topic);
  for (const auto& sentence : documents) sentences.add(plain(sentence));
  return sentences.take();
}

std::vector<std::string> keywords_of(const business::Profile& profile,
                                     const std::vector<std::string>& topics) {
  std::vector<std::string> keywords{profile.name};
  for (const auto& service : profile.services) {
    keywords.push_back(service.name);
    keywords.insert(keywords.end(), service.aliases.begin(), service.aliases.end());
  }
  for (const auto& resource : profile.resources) keywords.push_back(resource.name);
  keywords.insert(keywords.end(), topics.begin(), topics.end());
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

}  // namespace

Expectations::Expectations(const business::Profile& profile, const ServiceLexicon& lexicon,
                           const std::vector<std::string>& document_sentences) {
  Grammar grammar(profile, lexicon);
  auto topics = topics_of(document_sentences);
  auto keywords = keywords_of(profile, topics);
  for (std::size_t i = 0; i < states; ++i) {
    auto asked = static_cast<Asked>(i);
    auto made = std::make_shared<speech::Expectation>();
    made->name = std::string(to_string(asked));
    made->grammar = grammar.body(asked);
    if (asked == Asked::open) made->sentences = open_sentences(lexicon, document_sentences, topics);
    // Where a short answer is waited for, the business's words are only more to mishear.
    bool subject_open = asked == Asked::open || asked == Asked::message;
    if (subject_open) made->keywords = keywords;
    made->fingerprint = fingerprint_of(*made);
    made_[i] = std::move(made);
  }
  auto narrowed = [](Asked asked, std::string body) {
    speech::Expectation made;
    made.name = std::string(to_string(asked));
    made.grammar = std::move(body);
    made.fingerprint = fingerprint_of(made);
    return std::make_shared<const speech::Expectation>(std::move(made));
  };
  day_ = narrowed(Asked::when, grammar.day_body());
  time_ = narrowed(Asked::when, grammar.time_body());
  spelling_ = narrowed(Asked::name, grammar.spelling_body());
}

}  // namespace parley::dialog
