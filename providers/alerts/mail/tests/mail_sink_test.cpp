#include "parley/providers/alert_mail/mail_sink.hpp"

#include <gmock/gmock.h>

#include "message.hpp"
#include "parley/testkit/sim_world.hpp"
#include "parley/testkit/smtp_server.hpp"

namespace parley::providers::alert_mail {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Action = alerts::AlertSink::Action;

class MailSinkTest : public ::testing::Test {
 protected:
  Result<void> send(Options options, Action action = Action::trigger) {
    MailSink sink(pool, std::move(options));
    return world.run([&] { return sink.send(world.context(), alert, action); });
  }
  testkit::SimWorld world;
  WorkerPool pool{{.name = "mail", .threads = 0}};
  alerts::Alert alert{.id = alerts::AlertId("alert_1"),
                      .what = {.key = "health/redis",
                               .severity = alerts::Severity::critical,
                               .summary = "redis is away",
                               .advice = "start it\n.\nand look"},
                      .raised_at = *parse_rfc3339("2026-03-02T14:00:00Z"),
                      .resolved_at = {}};
};

TEST_F(MailSinkTest, ARealServerTakesIt) {
  testkit::SmtpServer server;
  Options options{.url = server.url(),
                  .from = "parley@phone.example",
                  .to = {"ops@phone.example", "owner@phone.example"}};
  ASSERT_TRUE(send(options));
  auto mail = server.mail_with("redis is away");
  EXPECT_THAT(mail, HasSubstr("MAIL FROM parley@phone.example TO ops@phone.example "
                              "owner@phone.example"));
  EXPECT_THAT(mail, HasSubstr("Subject: [critical] redis is away\r\n"));
  EXPECT_THAT(mail, HasSubstr("Date: Mon, 02 Mar 2026 14:00:00 +0000\r\n"));
  EXPECT_THAT(mail, HasSubstr("Message-ID: <alert_1-raised@phone.example>\r\n"));
  EXPECT_THAT(mail, HasSubstr("What to do: start it\r\n.\r\nand look\r\n"))
      << "a dot alone does not end the mail";
  alert.resolved_at = alert.raised_at + std::chrono::minutes(5);
  ASSERT_TRUE(send(options, Action::resolve));
  EXPECT_THAT(server.mail_with("[resolved]"), HasSubstr("From 2026-03-02T14:00:00.000Z to "
                                                        "2026-03-02T14:05:00.000Z"));
}

TEST_F(MailSinkTest, RefusalsAreFinalOrNot) {
  testkit::SmtpServer server;
  Options options{.url = server.url(), .from = "a@b.example", .to = {"nobody@phone.example"}};
  EXPECT_EQ(send(options).error().code, Errc::invalid);
  options.to = {"later@phone.example"};
  EXPECT_EQ(send(options).error().code, Errc::unavailable);
  options.url = "smtp://127.0.0.1:1";
  EXPECT_EQ(send(options).error().code, Errc::unavailable);
}

TEST_F(MailSinkTest, NothingCanBeginAnotherHeader) {
  Options options{.url = "", .from = "a@b.example", .to = {"c@d.example\r\nBcc: e@f.example"}};
  alert.what.summary = "away\r\nX-Evil: yes";
  auto message = message_of(alert, Action::trigger, options);
  auto head = message.substr(0, message.find("\r\n\r\n"));
  EXPECT_THAT(head, HasSubstr("Subject: [critical] away  X-Evil: yes\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("\r\nX-Evil")));
  EXPECT_THAT(head, Not(HasSubstr("\r\nBcc")));
}

TEST_F(MailSinkTest, ASubjectInOtherLettersIsEncoded) {
  alert.what.summary = "Ein Dienst fällt aus: " + std::string(40, 'x') + " überall";
  auto message = message_of(alert, Action::trigger, {.from = "a@b.example", .to = {"c@d.example"}});
  auto subject = message.substr(message.find("Subject: "));
  subject = subject.substr(0, subject.find("Message-ID"));
  EXPECT_THAT(subject, HasSubstr("=?UTF-8?B?"));
  for (char c : subject) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
  std::size_t longest = 0, line = 0;
  for (char c : subject) {
    line = c == '\n' ? 0 : line + 1;
    longest = std::max(longest, line);
  }
  EXPECT_LE(longest, 86U);
}

}  // namespace
}  // namespace parley::providers::alert_mail
