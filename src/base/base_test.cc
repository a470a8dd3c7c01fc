#include <gtest/gtest.h>

#include "base/json.h"

namespace latchkey::base {
TEST(Time, FormatsThreeDecimals) {
  EXPECT_EQ(FormatTime(*ParseTime("2026-03-03T09:15:00Z")), "2026-03-03T09:15:00.000Z");
}
TEST(Json, RefusesTwoMembersOfOneName) {
  EXPECT_FALSE(ParseJson(R"({"a":1,"a":2})"));
  EXPECT_TRUE(ParseJson(R"({"a":1,"b":[{"a":2},{"a":2}]} )"));
}
}  // namespace latchkey::base
