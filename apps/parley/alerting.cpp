#include "alerting.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"
#include "parley/providers/alert_mail/mail_sink.hpp"
#include "parley/providers/alert_webhook/webhook_sink.hpp"
#include "parley/providers/pagerduty/pagerduty.hpp"

namespace parley::app {

namespace {

std::unique_ptr<alerts::AlertSink> pagerduty_sink(const Settings& settings, net::HttpClient& http) {
  providers::pagerduty::Options options;
  options.routing_key = settings.text("alerts.pagerduty_key");
  options.api_url = settings.text("alerts.pagerduty_url");
  options.source = settings.text("server.public_url");
  if (options.source.empty()) options.source = settings.text("server.listen");
  return std::make_unique<providers::pagerduty::PagerDuty>(http, std::move(options));
}

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

/// What reaches its service through the service's policy. The alert is tried again as a job, so the
/// policy does not; sent twice it is known by its id.
class GuardedSink final : public alerts::AlertSink {
 public:
  GuardedSink(std::unique_ptr<alerts::AlertSink> sink, resilience::Policy& policy)
      : sink_(std::move(sink)), policy_(policy) {}
  std::string name() const override { return sink_->name(); }
  Task<void> send(Context ctx, const alerts::Alert& alert, Action action) override {
    auto sending = policy_.run(ctx, {"send", resilience::Repeat::safe}, [&](Context limited) {
      return sink_->send(std::move(limited), alert, action);
    });
    co_return co_await std::move(sending);
  }

 private:
  std::unique_ptr<alerts::AlertSink> sink_;
  resilience::Policy& policy_;
};

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
  auto add = [&](std::string service,
                 Result<std::unique_ptr<alerts::AlertSink>> sink) -> Result<void> {
    if (!sink) return std::unexpected(sink.error());
    resilience::PolicyOptions defaults{.attempt_timeout = 25s};
    defaults.retry.attempts = 1;
    auto policy = parts.policies.add(std::move(service), defaults);
    if (!policy) return std::unexpected(policy.error());
    made.sinks.push_back(std::make_unique<GuardedSink>(std::move(*sink), **policy));
    return {};
  };
  Result<void> added;
  if (!settings.text("alerts.pagerduty_key").empty())
    added = add("pagerduty", pagerduty_sink(settings, parts.http));
  if (added && !settings.text("alerts.webhook_url").empty())
    added = add("alert_webhook", webhook_sink(settings, parts.alerts.clock, parts.http));
  if (added && !settings.text("alerts.mail_url").empty())
    added = add("alert_mail", mail_sink(settings, parts.mail));
  if (!added) return std::unexpected(added.error());
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
    bool replaceable = probe.weight == health::Probe::Weight::replaceable;
    rule.severity = replaceable ? alerts::Severity::error : alerts::Severity::critical;
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
