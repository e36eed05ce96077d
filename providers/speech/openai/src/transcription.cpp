#include "transcription.hpp"

#include <fmt/format.h>

#include "parley/audio/wav.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/streaming/refusal.hpp"
#include "parley/providers/streaming/spoken_stream.hpp"

namespace parley::providers::openai_audio {

namespace {

constexpr std::string_view boundary = "parley-5f3c1a8e0b7d4926";
constexpr std::size_t most_answer_bytes = 256u << 10;

void add_field(std::string& body, std::string_view name, std::string_view value) {
  body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary,
                      name, value);
}

std::string form_of(const RecognizerAccount& account, const Recording& recording) {
  std::string body;
  add_field(body, "model", account.model);
  add_field(body, "language", recording.language);
  add_field(body, "response_format", "json");
  if (!recording.prompt.empty()) add_field(body, "prompt", recording.prompt);
  body += fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"utterance.wav\"\r\n"
      "Content-Type: audio/wav\r\n\r\n",
      boundary);
  body += as_text(audio::write_wav(recording.samples, {.rate_hz = upload_rate_hz}));
  body += fmt::format("\r\n--{}--\r\n", boundary);
  return body;
}

}  // namespace

Task<std::string> transcribe(Context ctx, Clock& clock, net::Upstream& api,
                             const RecognizerAccount& account, const Recording& recording) {
  net::UpstreamRequest request;
  request.method = net::Method::post;
  request.target = streaming::split_address(account.api_url).path + "/audio/transcriptions";
  request.headers.set("Content-Type", fmt::format("multipart/form-data; boundary={}", boundary));
  if (!account.api_key.empty()) request.headers.set("Authorization", "Bearer " + account.api_key);
  request.head_deadline = ctx.deadline;
  request.body = form_of(account, recording);
  auto sending = api.send(std::move(ctx), std::move(request));
  auto answer = co_await std::move(sending);
  // What was heard twice has no other effect than once.
  if (!answer && answer.error().code == Errc::outcome_unknown)
    co_return fail(Errc::unavailable, answer.error().detail);
  if (!answer) co_return std::unexpected(answer.error());
  auto reading = streaming::beginning_of(std::move(answer->body), most_answer_bytes);
  auto body = co_await std::move(reading);
  if (answer->status / 100 != 2)
    co_return std::unexpected(
        streaming::refusal(answer->status, answer->headers, body.value_or(""), clock.wall()));
  if (!body) co_return std::unexpected(body.error());
  auto parsed = parse_json(*body);
  if (!parsed || !value_at(*parsed, "/text"))
    co_return fail(Errc::corrupt, "the answer is no transcript");
  co_return std::string(trim(text_at(*parsed, "/text")));
}

}  // namespace parley::providers::openai_audio
