#include "parley/providers/alert_mail/mail_sink.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "message.hpp"

namespace parley::providers::alert_mail {

namespace {

constexpr long whole_seconds = 20;
constexpr long connect_seconds = 8;

struct Upload {
  std::string text;
  std::size_t sent = 0;
};

std::size_t read_upload(char* buffer, std::size_t size, std::size_t count, void* data) {
  auto& upload = *static_cast<Upload*>(data);
  auto many = std::min(size * count, upload.text.size() - upload.sent);
  std::memcpy(buffer, upload.text.data() + upload.sent, many);
  upload.sent += many;
  return many;
}

bool is_here(std::string_view url) {
  for (std::string_view host : {"://127.0.0.1", "://localhost", "://[::1]"})
    if (url.find(host) != std::string_view::npos) return true;
  return false;
}

/// 5xx is final; 4xx and a connection that broke are tried again.
Result<void> outcome(CURLcode code, long response) {
  if (code == CURLE_OK) return {};
  std::string detail = std::string("mail was not taken: ") + curl_easy_strerror(code);
  if (response > 0) detail += " (" + std::to_string(response) + ")";
  if (response >= 500) return fail(Errc::invalid, detail);
  return fail(Errc::unavailable, detail);
}

Result<void> deliver(const Options& options, std::string message) {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) return fail(Errc::resource_exhausted, "no mail client");
  curl_slist* list = nullptr;
  for (const auto& address : options.to) list = curl_slist_append(list, address.c_str());
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(list, curl_slist_free_all);
  Upload upload{.text = std::move(message)};
  auto* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, options.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(handle, CURLOPT_USE_SSL,
                   static_cast<long>(is_here(options.url) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  if (!options.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, options.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, options.password.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_MAIL_FROM, options.from.c_str());
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, read_upload);
  curl_easy_setopt(handle, CURLOPT_READDATA, &upload);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, whole_seconds);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  auto code = curl_easy_perform(handle);
  long response = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response);
  return outcome(code, response);
}

}  // namespace

Task<void> MailSink::send(Context, const alerts::Alert& alert, Action action) {
  std::function<Result<void>()> work = [options = options_,
                                        message = message_of(alert, action, options_)] {
    return deliver(options, message);
  };
  auto sending = pool_.run(std::move(work));
  co_return co_await std::move(sending);
}

}  // namespace parley::providers::alert_mail
