#include "parley/providers/language/wire_names.hpp"

#include <gtest/gtest.h>

#include "parley/providers/language/exchange.hpp"

namespace parley::providers::language {
namespace {

using dialog::ModelMessage;
using dialog::ModelPrompt;
using Role = ModelMessage::Role;

ModelMessage says(Role role, std::string text) {
  ModelMessage message;
  message.role = role;
  message.text = std::move(text);
  return message;
}
ModelMessage asks(std::string id, std::string name) {
  ModelMessage message;
  message.role = Role::assistant;
  message.requests = {{std::move(id), std::move(name), {}}};
  return message;
}
ModelMessage answers(std::string id) {
  ModelMessage message;
  message.answers = {{std::move(id), {}, false}};
  return message;
}

TEST(WireNames, WhatVendorsAcceptStaysAndTheRestIsTranslatedBack) {
  ModelPrompt prompt;
  for (const auto* name : {"crm.find", "crm_find", "crm find", "wähle", ""})
    prompt.tools.push_back({.name = name});
  prompt.tools.push_back({.name = std::string(100, 'x')});
  prompt.tools.push_back({.name = std::string(101, 'x')});
  WireNames names(prompt);
  EXPECT_EQ(names.name("crm_find"), "crm_find");
  std::set<std::string> all;
  for (const auto& tool : prompt.tools) {
    auto wire = names.name(tool.name);
    EXPECT_TRUE(all.insert(wire).second) << wire;
    EXPECT_FALSE(wire.empty());
    EXPECT_LE(wire.size(), WireNames::max_name_bytes);
    EXPECT_EQ(wire.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789"), std::string::npos);
    EXPECT_EQ(names.our_name(wire), tool.name);
  }
  EXPECT_EQ(names.our_name("invented"), "invented");
}

TEST(WireNames, IdsOfOtherEnginesAreToldApart) {
  ModelPrompt prompt;
  prompt.messages = {says(Role::user, "a"),   asks("call_0", "f"), answers("call_0"),
                     asks("call_0", "f"),     answers("call_0"),   asks("functions.f:1", "f"),
                     answers("functions.f:1")};
  WireNames names(prompt);
  EXPECT_EQ(names.id(1, "call_0"), "call_0");
  EXPECT_EQ(names.id(3, "call_0"), "call_0_2");
  EXPECT_EQ(names.id(5, "functions.f:1"), "functions_f_1");
}

TEST(PromptCheck, SaysWhatEveryVendorRefuses) {
  auto verdict = [](std::vector<ModelMessage> messages) {
    ModelPrompt prompt;
    prompt.messages = std::move(messages);
    return check(prompt);
  };
  auto user = says(Role::user, "hello");
  auto agent = says(Role::assistant, "hi");
  EXPECT_TRUE(verdict({user}));
  EXPECT_TRUE(verdict({user, asks("1", "f"), answers("1")}));
  EXPECT_TRUE(verdict({user, agent, user}));
  for (auto& bad : std::vector<std::vector<ModelMessage>>{{},
                                                          {agent},
                                                          {user, user},
                                                          {user, agent},
                                                          {says(Role::user, "  ")},
                                                          {user, asks("1", "f"), user},
                                                          {user, asks("1", "f"), answers("2")},
                                                          {user, agent, answers("1")}})
    EXPECT_EQ(verdict(bad).error().code, Errc::invalid) << bad.size();
}

TEST(BaseUrl, IsCutBeforeItsPath) {
  using Parts = std::pair<std::string, std::string>;
  EXPECT_EQ(split_base_url("https://api.openai.com/v1/"), (Parts{"https://api.openai.com", "/v1"}));
  EXPECT_EQ(split_base_url("http://127.0.0.1:8080"), (Parts{"http://127.0.0.1:8080", ""}));
  EXPECT_EQ(split_base_url("http://[::1]:80/a/b"), (Parts{"http://[::1]:80", "/a/b"}));
}

}  // namespace
}  // namespace parley::providers::language
