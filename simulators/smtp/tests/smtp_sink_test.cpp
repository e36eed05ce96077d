#include "parley/simulators/smtp_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <thread>

#include "parley/providers/alert_mail/mail_sink.hpp"
#include "parley/testkit/sim_world.hpp"
#include "smtp_dialogue.hpp"

namespace parley::simulators {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// The server's own way to send mail, which is libcurl's, to the sink on a thread of its own.
class SmtpSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(run([](SmtpSink& of) -> Task<void> { co_return of.start(); }(sink)));
  }
  void TearDown() override {
    run(sink.stop());
    loop.stop();
  }
  template <class T>
  T run(asio::awaitable<T> work) {
    return asio::co_spawn(loop, std::move(work), asio::use_future).get();
  }
  Result<void> send(std::string to = "ops@phone.example") {
    providers::alert_mail::MailSink mail(pool,
                                         {.url = "smtp://127.0.0.1:" + std::to_string(sink.port()),
                                          .user = user,
                                          .password = user.empty() ? "" : "sesame",
                                          .from = "parley@phone.example",
                                          .to = {std::move(to)}});
    alerts::Alert alert{.id = alerts::AlertId("alert_1"),
                        .what = {.key = "health/redis",
                                 .severity = alerts::Severity::critical,
                                 .summary = "redis is away",
                                 .advice = "start it\n.\nand look"},
                        .raised_at = *parse_rfc3339("2026-03-02T14:00:00Z"),
                        .resolved_at = {}};
    return world.run(
        [&] { return mail.send(world.context(), alert, alerts::AlertSink::Action::trigger); });
  }
  std::vector<ReceivedMail> mails() {
    return run([](SmtpSink& of) -> asio::awaitable<std::vector<ReceivedMail>> {
      co_return of.mails();
    }(sink));
  }
  std::vector<SeenRequest> seen() {
    return run([](SmtpSink& of) -> asio::awaitable<std::vector<SeenRequest>> {
      co_return of.seen();
    }(sink));
  }

  testkit::SimWorld world;
  WorkerPool pool{{.name = "mail", .threads = 0}};
  SystemClock clock;
  asio::io_context loop{1};
  SmtpSink sink{loop.get_executor(), clock};
  std::string user;
  std::jthread thread{[this, guard = asio::make_work_guard(loop)] { loop.run(); }};
};

TEST_F(SmtpSinkTest, AMailIsKeptAsItCame) {
  auto sent = send();
  ASSERT_TRUE(sent) << sent.error().detail;
  auto all = mails();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].from, "parley@phone.example");
  EXPECT_THAT(all[0].to, ElementsAre("ops@phone.example"));
  EXPECT_THAT(all[0].text, HasSubstr("Subject: [critical] redis is away\r\n"));
  EXPECT_THAT(all[0].text, HasSubstr("start it\r\n.\r\nand look\r\n"));
  std::vector<int> statuses;
  for (auto& one : seen())
    if (one.method != "QUIT") statuses.push_back(one.status);
  EXPECT_THAT(statuses, ElementsAre(250, 250, 250, 354, 250));
}

TEST_F(SmtpSinkTest, PasswordsAreTakenAndNotKept) {
  user = "ops";
  auto sent = send();
  ASSERT_TRUE(sent) << sent.error().detail;
  bool signed_in = false;
  for (auto& one : seen()) {
    signed_in = signed_in || one.method == "AUTH";
    EXPECT_EQ(one.method == "AUTH" ? one.target : "", "");
    EXPECT_THAT(one.method,
                ::testing::AnyOf("EHLO", "AUTH", "MAIL", "RCPT", "DATA", "END", "QUIT"));
  }
  EXPECT_TRUE(signed_in);
}

TEST_F(SmtpSinkTest, RefusalsAreForNowOrForGood) {
  ASSERT_TRUE(
      sink.faults().set("status 451 on \"RCPT TO:<later@\"; status 550 on \"RCPT TO:<nobody@\"; "
                        "status 554 on END first 1"));
  EXPECT_EQ(send("later@phone.example").error().code, Errc::unavailable);
  EXPECT_EQ(send("nobody@phone.example").error().code, Errc::invalid);
  EXPECT_FALSE(send());
  EXPECT_TRUE(mails().empty());
  EXPECT_TRUE(send());
  EXPECT_EQ(mails().size(), 1u);
}

TEST_F(SmtpSinkTest, ACutConversationSendsNothing) {
  for (auto* fault : {"reset", "close lost", "half 2"}) {
    ASSERT_TRUE(sink.faults().set(std::string(fault) + " on DATA"));
    EXPECT_FALSE(send()) << fault;
  }
  EXPECT_TRUE(mails().empty());
}

TEST_F(SmtpSinkTest, AConnectionLostAfterTheEndHasTheMail) {
  ASSERT_TRUE(sink.faults().set("reset lost on END"));
  EXPECT_FALSE(send());
  EXPECT_EQ(mails().size(), 1u);
  EXPECT_EQ(sink.faults().happened(), 1u);
}

TEST(SmtpDialogue, OrderMatters) {
  SmtpDialogue server;
  EXPECT_THAT(server.answer("RCPT TO:<a@b>"), StartsWith("503"));
  EXPECT_THAT(server.answer("DATA"), StartsWith("503"));
  EXPECT_THAT(server.answer("EHLO me"), HasSubstr("250 AUTH"));
  EXPECT_THAT(server.answer("MAIL FROM:a@b"), StartsWith("501"));
  EXPECT_THAT(server.answer("mail from:<>"), StartsWith("250"));
  EXPECT_THAT(server.answer("MAIL FROM:<a@b>"), StartsWith("503"));
  EXPECT_THAT(server.answer("RCPT TO:<>"), StartsWith("501"));
  EXPECT_THAT(server.answer("RCPT TO:<c@d>"), StartsWith("250"));
  EXPECT_THAT(server.answer("RSET"), StartsWith("250"));
  EXPECT_THAT(server.answer("DATA"), StartsWith("503"));
  EXPECT_THAT(server.answer("BDAT 5"), StartsWith("500"));
  EXPECT_FALSE(server.take_mail());
  EXPECT_THAT(server.answer("QUIT"), StartsWith("221"));
  EXPECT_TRUE(server.is_over());
}

TEST(SmtpDialogue, WhatIsTooMuchIsRefused) {
  SmtpDialogue server;
  (void)server.answer("MAIL FROM:<a@b>");
  for (int i = 0; i < 100; ++i) EXPECT_THAT(server.answer("RCPT TO:<c@d>"), StartsWith("250"));
  EXPECT_THAT(server.answer("RCPT TO:<c@d>"), StartsWith("452"));
  EXPECT_THAT(server.answer("DATA"), StartsWith("354"));
  std::string megabyte(1u << 20, 'x');
  for (int i = 0; i < 26; ++i) EXPECT_EQ(server.answer(megabyte), "");
  EXPECT_THAT(server.answer("."), StartsWith("552"));
  EXPECT_FALSE(server.take_mail());
}

TEST(SmtpDialogue, BothWaysToSignIn) {
  SmtpDialogue server;
  EXPECT_THAT(server.answer("AUTH PLAIN AGEAYg=="), StartsWith("235"));
  EXPECT_THAT(server.answer("AUTH PLAIN"), StartsWith("334"));
  EXPECT_TRUE(server.in_credentials());
  EXPECT_THAT(server.answer("AGEAYg=="), StartsWith("235"));
  EXPECT_THAT(server.answer("AUTH LOGIN"), StartsWith("334"));
  EXPECT_THAT(server.answer("YQ=="), StartsWith("334"));
  EXPECT_THAT(server.answer("Yg=="), StartsWith("235"));
  EXPECT_FALSE(server.in_credentials());
}

}  // namespace
}  // namespace parley::simulators
