#include "service/touches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/test_account.h"

namespace latchkey::service {
namespace {

class TouchLaneTest : public TestAccount {
 protected:
  core::License Stored() {
    core::License license;
    Write([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(auto found, Find<core::License>(In(session, kStart), license_.id));
      license = std::move(found).value();
      return {};
    });
    return license;
  }
  TouchLane::Validation FactOf(const core::License& license, TimePoint at, bool event = true) {
    return {.account_id = account_->account.id,
            .license_id = license.id,
            .license_sequence = license.sequence,
            .at = at,
            .valid = true,
            .code = "VALID",
            .event = event};
  }
  std::size_t Validations() {
    std::size_t count = 0;
    Write([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(const auto events, store::ReadOutbox(session, *vault_, 0, 100000));
      for (const auto& event : events) count += event.kind == "license.validation.succeeded";
      return {};
    });
    return count;
  }
};

TEST_F(TouchLaneTest, TheNewestStampStaysAndEveryEventIsKept) {
  Store(0, std::nullopt);
  const core::License license = Stored();
  TouchLane lane(*database_, *vault_, random_);
  for (const int second : {5, 90, 30}) lane.Add(FactOf(license, kStart + Seconds(second)));
  lane.Add(FactOf(license, kStart + Seconds(60), false));
  lane.Flush();
  EXPECT_EQ(Stored().last_validated, kStart + Seconds(90));
  EXPECT_EQ(Validations(), 3U);
  lane.Add(FactOf(license, kStart + Seconds(20)));
  lane.Flush();
  EXPECT_EQ(Stored().last_validated, kStart + Seconds(90));
  EXPECT_EQ(lane.statistics().written, 5U);
  EXPECT_EQ(lane.statistics().dropped, 0U);
}

// Other writes have their turn between the batches.
TEST_F(TouchLaneTest, ManyFactsAreManyShortWrites) {
  Store(0, std::nullopt);
  const core::License license = Stored();
  const auto before = database_->statistics().writes;
  TouchLane lane(*database_, *vault_, random_);
  for (int i = 1; i <= 2600; ++i) lane.Add(FactOf(license, kStart + Seconds(i)));
  lane.Flush();
  EXPECT_GE(database_->statistics().writes - before, 6U);
  EXPECT_EQ(lane.statistics().written, 2600U);
  EXPECT_EQ(Validations(), 2600U);
  EXPECT_EQ(Stored().last_validated, kStart + Seconds(2600));
}

TEST_F(TouchLaneTest, ALicenseThatIsGoneKeepsNoOtherFromItsStamp) {
  Store(0, std::nullopt);
  const core::License license = Stored();
  core::License gone = license;
  gone.id = Uuid::V4(random_);
  gone.sequence += 1000;
  TouchLane lane(*database_, *vault_, random_);
  lane.Add(FactOf(gone, kStart + Seconds(1)));
  lane.Add(FactOf(license, kStart + Seconds(2)));
  lane.Flush();
  EXPECT_EQ(Stored().last_validated, kStart + Seconds(2));
  EXPECT_EQ(lane.statistics().dropped, 0U);
}

TEST_F(TouchLaneTest, ClosingWritesWhatIsLeft) {
  Store(0, std::nullopt);
  const core::License license = Stored();
  TouchLane lane(*database_, *vault_, random_);
  for (int i = 1; i <= 1300; ++i) lane.Add(FactOf(license, kStart + Seconds(i)));
  lane.Close();
  EXPECT_EQ(lane.statistics().written, 1300U);
  EXPECT_EQ(Stored().last_validated, kStart + Seconds(1300));
  lane.Add(FactOf(license, kStart + Seconds(2000)));
  EXPECT_EQ(lane.statistics().dropped, 1U);
}

}  // namespace
}  // namespace latchkey::service
