#include "scorecard.hpp"

#include <fmt/format.h>

namespace parley::app {

namespace {

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
std::int64_t ms(Duration time) { return time / std::chrono::milliseconds(1); }

Duration length_of(const Score& score) {
  Duration all{};
  for (const auto& attempt : score.attempts) all += attempt.call.length;
  return all;
}

std::string indented(const std::string& text, std::string_view by) {
  std::string out;
  bool fresh = true;
  for (char c : text) {
    if (fresh && c != '\n') out += by;
    fresh = c == '\n';
    out += c;
  }
  return out;
}

std::string what_was_wrong(const Attempt& attempt) {
  if (!attempt.error.empty()) return attempt.error + "\n";
  std::string text;
  for (const auto& verdict : attempt.verdicts)
    if (!verdict.passed) text += fmt::format("{}: {}\n", verdict.expected, verdict.found);
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
      out += c;
  }
  return out;
}

}  // namespace

std::string scorecard_text(const std::vector<Score>& scores) {
  std::string text;
  std::size_t passed = 0;
  for (const auto& score : scores) {
    passed += score.passed() ? 1 : 0;
    text += fmt::format("{} {}", score.passed() ? "passed" : "FAILED", score.scenario.name);
    if (score.scenario.repeat > 1)
      text += fmt::format(" ({} of {} calls, {} needed)", score.passes(), score.attempts.size(),
                          score.scenario.pass_at_least);
    Duration slowest{};
    for (const auto& attempt : score.attempts)
      for (auto reply : attempt.call.replies) slowest = std::max(slowest, reply);
    if (slowest > Duration{}) text += fmt::format(", slowest answer {} ms", ms(slowest));
    text += fmt::format(", {:.0f} s\n", seconds(length_of(score)));
    for (std::size_t i = 0; i < score.attempts.size(); ++i) {
      const auto& attempt = score.attempts[i];
      if (attempt.passed()) continue;
      if (score.attempts.size() > 1) text += fmt::format("  call {}:\n", i + 1);
      text += indented(what_was_wrong(attempt), "    ");
      if (attempt.error.empty()) text += indented(attempt.call.transcript(), "      | ");
    }
  }
  text += fmt::format("{} of {} scenarios passed\n", passed, scores.size());
  return text;
}

json::object scorecard_json(const std::vector<Score>& scores) {
  json::array all;
  bool good = true;
  for (const auto& score : scores) {
    json::array attempts;
    for (const auto& attempt : score.attempts) {
      json::array verdicts, replies;
      for (const auto& verdict : attempt.verdicts)
        verdicts.push_back(json::object{
            {"passed", verdict.passed},
            {"expected", verdict.expected},
            {"found", verdict.found},
            {"tookMs", verdict.took ? json::value(ms(*verdict.took)) : json::value(nullptr)}});
      for (auto reply : attempt.call.replies) replies.emplace_back(ms(reply));
      attempts.push_back(json::object{
          {"passed", attempt.passed()},
          {"callId", attempt.call.call_id},
          {"lengthMs", ms(attempt.call.length)},
          {"error", attempt.error.empty() ? json::value(nullptr) : json::value(attempt.error)},
          {"verdicts", std::move(verdicts)},
          {"replyMs", std::move(replies)},
          {"transcript", attempt.call.transcript()}});
    }
    good = good && score.passed();
    all.push_back(json::object{{"name", score.scenario.name},
                               {"file", score.file},
                               {"passed", score.passed()},
                               {"passes", score.passes()},
                               {"needed", score.scenario.pass_at_least},
                               {"attempts", std::move(attempts)}});
  }
  return {{"passed", good}, {"scenarios", std::move(all)}};
}

std::string scorecard_junit(const std::vector<Score>& scores) {
  auto failures = std::ranges::count_if(scores, [](auto& score) { return !score.passed(); });
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "<testsuite name=\"parley eval\" tests=\"{}\" failures=\"{}\">\n",
      scores.size(), failures);
  for (const auto& score : scores) {
    out +=
        fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">\n",
                    escaped(score.file), escaped(score.scenario.name), seconds(length_of(score)));
    if (!score.passed()) {
      std::string wrong, said;
      for (const auto& attempt : score.attempts) {
        if (attempt.passed()) continue;
        wrong += what_was_wrong(attempt);
        said += attempt.call.transcript();
      }
      out += fmt::format("<failure message=\"{}\">{}</failure>\n",
                         escaped(wrong.substr(0, wrong.find('\n'))), escaped(wrong + said));
    }
    out += "</testcase>\n";
  }
  return out + "</testsuite>\n</testsuites>\n";
}

}  // namespace parley::app
