#include "alerting.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"
#include "parley/providers/alert_mail/mail_sink.hpp"
#include "parley/providers/alert_webhook/webhook_sink.hpp"
#include "parley/providers/pagerduty/pagerduty.hpp"

namespace parley::app {

namespace {

Result<std::unique_ptr<alerts::AlertSink>> mail_sink(const Settings& settings, WorkerPool& pool) {
  providers::alert_mail::Options mail;
  mail.url = settings.text("alerts.mail_url");
  mail.user = settings.text("alerts.mail_user");
  mail.password = settings.text("alerts.mail_password");
  mail.from = settings.text("alerts.mail_from");
  for (const auto& address : split(settings.text("alerts.mail_to"), ' '))
    if (!address.empty()) mail.to.push_back(address);
  if (!mail.url.starts_with("smtp://") && !mail.url.starts_with("smtps://"))
    return fail(Errc::invalid, "alerts.mail_url must begin with smtp:// or smtps://");
  if (mail.from.empty() || mail.to.empty())
    return fail(Errc::invalid, "alerts.mail_url needs alerts.mail_from and alerts.mail_to");
  return std::make_unique<providers::alert_mail::MailSink>(pool, std::move(mail));
}

Result<std::unique_ptr<alerts::AlertSink>> webhook_sink(const Settings& settings, Clock& clock,
                                                        net::HttpClient& http) {
  std::optional<webhooks::StandardSecret> secret;
  if (const auto& text = settings.text("alerts.webhook_secret"); !text.empty()) {
    auto parsed = webhooks::StandardSecret::parse(text);
    if (!parsed) return fail(Errc::invalid, "alerts.webhook_secret: " + parsed.error().detail);
    secret = std::move(*parsed);
  }
  return std::make_unique<providers::alert_webhook::WebhookSink>(
      clock, http, settings.text("alerts.webhook_url"), std::move(secret));
}

/// What the monitor knows of one thing, as a sentence when it is not healthy.
std::optional<std::string> trouble_of(const health::Report& report, const std::string& name) {
  for (const auto& check : report.checks)
    if (check.name == name && check.status != health::Status::healthy)
      return fmt::format("{} is {}: {}", name, to_string(check.status),
                         check.detail.empty() ? check.reason : check.detail);
  return std::nullopt;
}

}  // namespace

Result<Alerting> make_alerting(const Settings& settings, AlertingParts parts) {
  Alerting made;
  if (const auto& key = settings.text("alerts.pagerduty_key"); !key.empty()) {
    providers::pagerduty::Options options;
    options.routing_key = key;
    options.api_url = settings.text("alerts.pagerduty_url");
    options.source = settings.text("server.public_url");
    if (options.source.empty()) options.source = settings.text("server.listen");
    made.sinks.push_back(
        std::make_unique<providers::pagerduty::PagerDuty>(parts.http, std::move(options)));
  }
  if (!settings.text("alerts.webhook_url").empty()) {
    auto sink = webhook_sink(settings, parts.alerts.clock, parts.http);
    if (!sink) return std::unexpected(sink.error());
    made.sinks.push_back(std::move(*sink));
  }
  if (!settings.text("alerts.mail_url").empty()) {
    auto sink = mail_sink(settings, parts.mail);
    if (!sink) return std::unexpected(sink.error());
    made.sinks.push_back(std::move(*sink));
  }
  made.alerts = std::make_unique<alerts::Alerts>(parts.alerts);
  for (auto& sink : made.sinks) made.alerts->add(*sink);
  made.hold = parts.hold;
  auto every = std::clamp<Duration>(parts.hold / 4, 1s, 15s);
  made.watch =
      std::make_unique<alerts::Watch>(parts.executor, parts.alerts.clock, *made.alerts, every);
  return made;
}

void watch_health(Alerting& alerting, health::Monitor& monitor) {
  for (const auto& probe : monitor.probes()) {
    alerts::Rule rule;
    rule.key = "health/" + probe.name;
    bool essential = probe.weight == health::Probe::Weight::essential;
    rule.severity = essential ? alerts::Severity::critical : alerts::Severity::error;
    rule.advice = probe.advice;
    rule.hold = alerting.hold;
    rule.broken = [&monitor, name = probe.name](Context) -> Task<std::optional<std::string>> {
      auto report = monitor.latest();
      auto known = [&](const auto& check) { return check.name == name; };
      if (std::ranges::none_of(report->checks, known))
        co_return fail(Errc::unavailable, "not looked at yet");
      co_return trouble_of(*report, name);
    };
    alerting.watch->add(std::move(rule));
  }
}

}  // namespace parley::app
