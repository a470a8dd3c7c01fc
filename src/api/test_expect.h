#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "api/test_server.h"

namespace latchkey::api {

// What an error document must say. `source` is "pointer /data", "parameter limit",
// "header Authorization" or empty.
struct ExpectedError {
  int status;
  std::string_view code;
  std::string_view detail;
  std::string_view source = {};
  std::string_view title = {};  // empty: the status' own
};

inline std::string_view TitleOf(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Access denied";
    case 404:
      return "Not found";
    case 409:
      return "Conflict";
    case 422:
      return "Unprocessable resource";
    default:
      return "";
  }
}

// The whole error document (conventions.md §1.9): one error, its members, nothing else.
inline void ExpectError(const Answer& answer, const ExpectedError& expected) {
  ASSERT_EQ(answer.status, expected.status) << answer.method << " " << answer.target << "\n"
                                            << answer.body;
  const json::value tree = answer.Json();
  ASSERT_TRUE(tree.at("errors").is_array());
  ASSERT_EQ(tree.at("errors").as_array().size(), 1u) << answer.body;
  const json::object& error = tree.at("errors").at(0).as_object();
  EXPECT_EQ(std::string(error.at("title").as_string()),
            expected.title.empty() ? TitleOf(expected.status) : expected.title)
      << answer.body;
  EXPECT_EQ(answer.Detail(), expected.detail) << answer.body;
  EXPECT_EQ(answer.Code(), expected.code) << answer.body;
  EXPECT_EQ(error.contains("code"), !expected.code.empty()) << answer.body;
  std::string source;
  if (const auto* sent = error.if_contains("source")) {
    EXPECT_EQ(sent->as_object().size(), 1u) << answer.body;
    const auto& member = *sent->as_object().begin();
    source = std::string(member.key()) + " " + std::string(member.value().as_string());
  }
  EXPECT_EQ(source, expected.source) << answer.body;
  for (const auto& member : error) EXPECT_FALSE(member.value().is_null()) << answer.body;
}

// Every response after the account is known is signed and names its request (conventions.md §6,
// §7.3).
inline void ExpectSigned(const TestServer& server, const Answer& answer) {
  EXPECT_TRUE(server.SignatureHolds(answer))
      << answer.method << " " << answer.target << " " << answer.status << " " << answer.body;
  EXPECT_EQ(answer.header("Date"), answer.header("Keygen-Date"));
  EXPECT_EQ(answer.header("Digest"), answer.header("Keygen-Digest"));
}
inline void ExpectUnsigned(const Answer& answer) {
  for (const std::string_view name : {"Keygen-Signature", "Keygen-Digest", "Digest", "Keygen-Date"})
    EXPECT_FALSE(http::Has(answer.headers, name)) << name << " " << answer.target;
}

inline std::string Base64Of(std::string_view text) { return base::Base64(base::AsBytes(text)); }

}  // namespace latchkey::api
