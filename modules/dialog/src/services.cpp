#include "services.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace parley::dialog {
namespace {

/// Words of a service's name that say nothing about which service it is.
bool is_generic(const std::string& word) {
  static const std::set<std::string_view> words{
      "appointment", "visit", "service", "session",  "first",   "time", "hour", "minute", "minutes",
      "full",        "new",   "regular", "standard", "basic",   "day",  "half", "call",   "with",
      "patient",     "check", "client",  "customer", "general", "free", "open", "close"};
  return words.contains(word) || is_stopword(word);
}

std::string singular(std::string word) {
  if (word.size() > 3 && word.ends_with('s') && !word.ends_with("ss")) word.pop_back();
  return word;
}

std::string joined(const Words& words, Span part) {
  std::string out;
  for (auto i = part.begin; i < part.end; ++i) out += singular(words[i]);
  return out;
}

/// How alike a heard form must be: the shorter the word, the less may be wrong in it.
double threshold(std::size_t letters, ServiceLexicon::Context context) {
  bool asked = context == ServiceLexicon::Context::asked;
  if (letters <= 4) return 1.0;
  if (letters <= 6) return asked ? 0.78 : 0.85;
  return asked ? 0.66 : 0.78;
}

bool is_negated(const Words& words, Span where) {
  auto from = where.begin < 3 ? 0 : where.begin - 3;
  Words before(words.begin() + static_cast<std::ptrdiff_t>(from),
               words.begin() + static_cast<std::ptrdiff_t>(where.begin));
  return has_any(before, {"not a|an|the|my?$", "instead of a|an|the|my?$", "rather than a|an|the?$",
                          "don't want a|an|the?$"});
}

/// The best reading of one service anywhere in the sentence.
std::vector<ServiceHit> hits_of(std::size_t index, const std::vector<Words>& forms,
                                const Words& words, ServiceLexicon::Context context) {
  std::vector<ServiceHit> hits;
  for (const auto& form : forms) {
    auto wanted = joined(form, {0, form.size()});
    auto least = threshold(wanted.size(), context);
    for (std::size_t size = form.size() > 1 ? form.size() - 1 : 1; size <= form.size() + 1;
         ++size) {
      for (std::size_t begin = 0; begin + size <= words.size(); ++begin) {
        Span where{begin, begin + size};
        // Small words at the edge belong to the sentence, not to the service.
        bool loose = (is_stopword(words[begin]) && words[begin] != form.front()) ||
                     (is_stopword(words[where.end - 1]) && words[where.end - 1] != form.back());
        if (loose) continue;
        auto heard = joined(words, where);
        auto gap = heard.size() > wanted.size() ? heard.size() - wanted.size()
                                                : wanted.size() - heard.size();
        if (gap * 2 > wanted.size()) continue;
        auto score = similarity(wanted, heard);
        if (score >= least) hits.push_back({index, where, score, is_negated(words, where)});
      }
    }
  }
  return hits;
}

}  // namespace

ServiceLexicon::ServiceLexicon(const business::Profile& profile) {
  std::map<std::string, std::set<std::size_t>> owners;
  for (std::size_t i = 0; i < profile.services.size(); ++i) {
    const auto& service = profile.services[i];
    auto& forms = forms_.emplace_back();
    auto add = [&](const std::string& text) {
      auto words = words_of(text);
      if (!words.empty() && std::ranges::find(forms, words) == forms.end()) forms.push_back(words);
      for (const auto& word : words) owners[word].insert(i);
    };
    add(service.name);
    for (const auto& alias : service.aliases) add(alias);
  }
  for (const auto& [word, services] : owners) {
    if (services.size() != 1 || word.size() < 4 || is_generic(word)) continue;
    auto& forms = forms_[*services.begin()];
    if (std::ranges::find(forms, Words{word}) == forms.end()) forms.push_back({word});
  }
}

std::vector<ServiceHit> ServiceLexicon::find(const Words& words, Context context) const {
  std::vector<ServiceHit> all;
  for (std::size_t i = 0; i < forms_.size(); ++i) {
    auto hits = hits_of(i, forms_[i], words, context);
    all.insert(all.end(), hits.begin(), hits.end());
  }
  // An exact hit beats a likeness, and of equal ones the longer: "deep cleaning" is no "cleaning".
  std::ranges::sort(all, [](const ServiceHit& a, const ServiceHit& b) {
    auto rank = [](const ServiceHit& hit) {
      return std::tuple(-hit.score, -static_cast<int>(hit.where.size()), hit.where.begin,
                        hit.index);
    };
    return rank(a) < rank(b);
  });
  std::vector<ServiceHit> kept;
  for (const auto& hit : all) {
    bool beaten = std::ranges::any_of(kept, [&](const ServiceHit& better) {
      if (!better.where.overlaps(hit.where)) return false;
      bool rival = better.index != hit.index && better.score - hit.score < 0.05 &&
                   better.where.size() <= hit.where.size();
      return !rival;
    });
    if (!beaten) kept.push_back(hit);
  }
  std::ranges::sort(kept, {},
                    [](const ServiceHit& hit) { return std::pair(hit.where.begin, hit.index); });
  return kept;
}

}  // namespace parley::dialog
