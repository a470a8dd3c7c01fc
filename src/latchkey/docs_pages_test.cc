#include "latchkey/docs_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/naming.h"
#include "latchkey/admin/table.h"

namespace latchkey::app {
namespace {

using testing::HasSubstr;

http::Response Get(const std::string& target, const std::string& method = "GET") {
  http::Request request;
  request.method = method;
  request.target = target;
  return AnswerDocs(request, "/docs").value_or(http::Response());
}

TEST(DocsPages, EveryAttributeThatCanBeWrongHasItsAnchor) {
  for (const Noun* noun : Nouns()) {
    const std::string topic(noun->name);
    const auto page = Get("/docs/" + topic + "/");
    EXPECT_EQ(page.status, 200) << topic;
    EXPECT_THAT(page.body, HasSubstr("id=\"" + topic + "-object\""));
    for (const auto& attribute : noun->resource().attributes) {
      if (attribute.create.empty() && attribute.update.empty()) continue;
      EXPECT_THAT(page.body, HasSubstr("id=\"" + topic + "-object-attrs-" +
                                       core::ToCamel(attribute.name) + "\""));
    }
  }
}

TEST(DocsPages, TheOtherTopicsOfErrorsAreThere) {
  for (const char* path : {"/docs", "/docs/", "/docs/authentication/", "/docs/versioning/?x=1"})
    EXPECT_EQ(Get(path).status, 200) << path;
  EXPECT_THAT(Get("/docs").body, HasSubstr("href=\"/docs/licenses/\""));
}

TEST(DocsPages, WhatIsNotThereSaysWhatIs) {
  const auto page = Get("/docs/<script>/");
  EXPECT_EQ(page.status, 404);
  EXPECT_THAT(page.body, HasSubstr("href=\"/docs/\""));
  EXPECT_THAT(page.body, testing::Not(HasSubstr("<script>")));
  EXPECT_EQ(Get("/docs", "POST").status, 405);
}

TEST(DocsPages, OtherPathsAreLeftToTheApi) {
  http::Request request;
  for (const char* target : {"/v1/licenses", "/docsx", "/", "*", ""}) {
    request.target = target;
    EXPECT_FALSE(AnswerDocs(request, "/docs")) << target;
  }
  request.target = "/docs/licenses/";
  EXPECT_FALSE(AnswerDocs(request, "https://docs.example.com/api"));
  EXPECT_FALSE(AnswerDocs(request, ""));
  EXPECT_FALSE(AnswerDocs(request, "/"));
}

}  // namespace
}  // namespace latchkey::app
