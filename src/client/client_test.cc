// What a person and an application meet: the client against a server with the real rules.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/explain.h"
#include "client/testing/model_world.h"

namespace latchkey::client::testing {
namespace {

using core::AccessLevel;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;
using Kind = Outcome::Kind;

constexpr Duration kDay = hours(24);

// docs/formats/store-file.md: the seed 00 01 … 1f, and SHA-256 of its public key.
constexpr std::string_view kFirstDeviceKey = "lkdk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";
constexpr std::string_view kFirstFingerprint =
    "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";

std::string Field(const Rows& rows, std::string_view field, std::size_t row = 0) {
  if (row >= rows.size()) return "(no row)";
  for (const auto& [name, text] : rows[row])
    if (name == field) return text;
  return "(no field)";
}

class ClientTest : public ::testing::Test {
 protected:
  ModelServer server;
  ModelDevice device{server, "Lena's laptop", 11};

  AccessLevel Access() { return device.client().Check(); }
  std::string Reason() { return Judge(device.client().Snapshot()).reason; }
  std::string Said(std::string_view field = "code") {
    return Field(Explain(device.client(), "en"), field);
  }
  void Activated() {
    device.Start();
    ASSERT_EQ(device.Activate().kind, Kind::kOk);
    ASSERT_EQ(Access(), AccessLevel::kFull);
  }
  void Restart() { device.Start(); }
  void Tick() { device.client().Tick(false); }
};

// ---- the main story

TEST_F(ClientTest, OpenWithoutALicenseAsksNobodyAndSaysWhatToDo) {
  device.Start();
  EXPECT_EQ(Access(), AccessLevel::kNone);
  EXPECT_EQ(Said(), "NOT_ACTIVATED");
  EXPECT_THAT(Said("actions"), HasSubstr("enter_key"));
  EXPECT_TRUE(server.seen.empty());
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kNotActivated);
  EXPECT_TRUE(server.seen.empty());
}

TEST_F(ClientTest, ActivationGivesFullAccessAndTheFeaturesOfTheLicense) {
  Activated();
  EXPECT_EQ(server.seats.size(), 1u);
  EXPECT_EQ(server.seats.begin()->second.name, "Lena's laptop");
  EXPECT_TRUE(device.client().Allows("EXPORT"));
  EXPECT_TRUE(device.client().Allows("SYNC"));
  EXPECT_FALSE(device.client().Allows("EXPOR"));
  EXPECT_FALSE(device.client().Allows(""));
  const Rows facts = Facts(device.client(), "en");
  EXPECT_EQ(Field(facts, "access"), "full");
  EXPECT_EQ(Field(facts, "holder_text"), "Licensed to Lena Example.");
  EXPECT_EQ(Field(facts, "features"), "EXPORT,SYNC");
  EXPECT_EQ(Field(facts, "key").find(server.key), std::string::npos);
}

TEST_F(ClientTest, EveryRequestCarriesFreshBitsInTheSignedTarget) {
  Activated();
  device.client().Refresh(false);
  std::set<std::string> bits;
  for (const HttpRequest& request : server.seen) {
    const auto at = request.target.find("lk=");
    ASSERT_NE(at, std::string::npos) << request.target;
    EXPECT_EQ(request.target.size() - at - 3, 22u);
    EXPECT_TRUE(bits.insert(request.target.substr(at)).second) << "used twice";
  }
  EXPECT_GE(bits.size(), 5u);
}

TEST_F(ClientTest, WithoutServerTheNextStartIsStillLicensed) {
  Activated();
  device.weather.failure = TransportFailure::kOffline;
  Restart();
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_THAT(Said("body"), HasSubstr("Works offline until"));
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kCannotAsk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_EQ(Said(), "OFFLINE");
}

TEST_F(ClientTest, SuspensionLimitsAndReinstatementRestoresWithoutRetyping) {
  Activated();
  server.suspended = true;
  const Outcome refused = device.client().Refresh(false);
  EXPECT_EQ(refused.kind, Kind::kRefused);
  EXPECT_EQ(Access(), AccessLevel::kLimited);
  EXPECT_FALSE(device.client().Allows("EXPORT"));
  EXPECT_EQ(Said(), "SUSPENDED");
  EXPECT_THAT(Said("body"), HasSubstr("on "));  // since when
  Restart();
  EXPECT_EQ(Access(), AccessLevel::kLimited) << "kept over a restart";
  EXPECT_EQ(Said(), "SUSPENDED");
  server.suspended = false;
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_TRUE(device.client().Allows("EXPORT"));
}

TEST_F(ClientTest, RevocationIsANoWithACauseAndTakesAccess) {
  Activated();
  server.exists = false;
  server.tombstone = "REVOKED";
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kRefused);
  EXPECT_EQ(Access(), AccessLevel::kNone);
  EXPECT_EQ(Said(), "REVOKED");
  EXPECT_EQ(Field(Facts(device.client(), "en"), "holder_text"), "");
  EXPECT_EQ(Field(Facts(device.client(), "en"), "next_check_text"), "");
  Restart();
  EXPECT_EQ(Access(), AccessLevel::kNone);
}

TEST_F(ClientTest, TM_20_NotFoundWithoutCauseKeepsTheLease) {
  Activated();
  server.exists = false;
  const Outcome outcome = device.client().Refresh(false);
  EXPECT_EQ(outcome.kind, Kind::kCannotAsk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_EQ(Said(), "SERVER_TROUBLE");
}

TEST_F(ClientTest, TM_72_ASeatTheServerLostIsPutBackSilently) {
  Activated();
  server.seats.clear();  // an old backup came back
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST_F(ClientTest, ASeatThatTheOwnerRemovedIsNotTakenBack) {
  Activated();
  const std::string fingerprint = device.client().fingerprint();
  server.seats.clear();
  server.seat_causes[fingerprint] = "DELETED";
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kRefused);
  EXPECT_EQ(Access(), AccessLevel::kLimited);
  EXPECT_EQ(Said(), "NOT_ACTIVATED");
  EXPECT_TRUE(server.seats.empty());
  // The person may: the key is typed again.
  EXPECT_EQ(device.Activate().kind, Kind::kOk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

TEST_F(ClientTest, ExpiryInsideItsGraceIsFullAfterwardsLimited) {
  server.expiry = server.now + kDay;
  server.sync = 3600;
  Activated();
  device.Pass(2 * kDay);
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kRefused);
  EXPECT_EQ(Reason(), "EXPIRED");
  EXPECT_EQ(Access(), AccessLevel::kFull) << "14 days of grace";
  device.Pass(10 * kDay);
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kFull);
  device.Pass(4 * kDay);
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kLimited);
  EXPECT_EQ(Said(), "EXPIRED");
}

TEST_F(ClientTest, RevokeAccessPoliciesHaveNoExpiryGrace) {
  server.revoke_access = true;
  server.expiry = server.now + kDay;
  Activated();
  device.Pass(2 * kDay);
  device.client().Refresh(false);
  EXPECT_EQ(Access(), AccessLevel::kLimited);
  EXPECT_EQ(Said(), "EXPIRED");
}

TEST_F(ClientTest, RenewalBringsEverythingBack) {
  server.expiry = server.now + kDay;
  Activated();
  device.Pass(20 * kDay);
  device.client().Refresh(false);
  EXPECT_EQ(Access(), AccessLevel::kLimited);
  server.expiry = server.now + 365 * kDay;
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

TEST_F(ClientTest, DeactivationFreesTheSeatAndForgetsTheLicense) {
  Activated();
  EXPECT_EQ(device.client().Deactivate().kind, Kind::kOk);
  EXPECT_EQ(Access(), AccessLevel::kNone);
  EXPECT_TRUE(server.seats.empty());
  Restart();
  EXPECT_EQ(Access(), AccessLevel::kNone);
  for (const auto& [path, bytes] : device.disk.files)
    EXPECT_EQ(base::AsText(bytes).find(server.key), std::string_view::npos) << path;
}

TEST_F(ClientTest, DeactivationOfflineChangesNothing) {
  Activated();
  device.weather.failure = TransportFailure::kTimeout;
  EXPECT_EQ(device.client().Deactivate().kind, Kind::kCannotAsk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_EQ(server.seats.size(), 1u);
}

// ---- keys

TEST_F(ClientTest, TM_02_ATypingErrorIsCaughtBeforeAnyRequest) {
  device.Start();
  std::string typed = server.key;
  typed[8] = typed[8] == 'A' ? 'B' : 'A';
  const Outcome outcome = device.Activate(typed);
  EXPECT_EQ(outcome.kind, Kind::kKeyTypo);
  EXPECT_EQ(outcome.group, 2);
  EXPECT_EQ(outcome.suggestion, server.key);
  EXPECT_TRUE(server.seen.empty());
  EXPECT_THAT(Said("title"), HasSubstr("group 2"));
  // "Try this key anyway" asks, and the server decides.
  EXPECT_EQ(device.client().Activate(typed, {true}).kind, Kind::kRefused);
  EXPECT_EQ(Said(), "NOT_FOUND");
  EXPECT_EQ(Access(), AccessLevel::kNone);
}

TEST_F(ClientTest, ApplicationsWhoseKeysAllHaveCheckDigitsRefuseOutright) {
  device.Start([](Config& config) { config.keys_have_check_digits = true; });
  std::string typed = server.key;
  typed[0] = typed[0] == '0' ? '1' : '0';
  EXPECT_EQ(device.client().Activate(typed, {true}).kind, Kind::kKeyTypo);
  EXPECT_EQ(device.client().Activate("SOME-OTHER-SHAPE-OF-KEY", {true}).kind, Kind::kKeyTypo);
  EXPECT_TRUE(server.seen.empty());
}

TEST_F(ClientTest, PastedKeysAreCleaned) {
  device.Start();
  std::string typed = "  ";
  for (const char c : server.key) typed += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  EXPECT_EQ(device.Activate(typed + "\n").kind, Kind::kOk);
}

TEST_F(ClientTest, KeysThatCannotTravelInAHeaderAreNotSent) {
  device.Start();
  for (const std::string& key : {std::string(), std::string("a\r\nX-Evil: 1"),
                                 std::string("k\0y", 3), std::string(9000, 'x')})
    EXPECT_EQ(device.client().Activate(key, {true}).kind, Kind::kKeyTypo);
  EXPECT_TRUE(server.seen.empty());
}

TEST_F(ClientTest, KeysOfAnotherShapeAreAskedAbout) {
  server.key = "my-own-vendor-key-0001";
  device.Start();
  EXPECT_EQ(device.Activate().kind, Kind::kOk);
}

TEST_F(ClientTest, AKeyOfAnotherProductIsNamedAsSuch) {
  device.Start();
  server.product = "11111111-51c9-4e0f-8d33-6f1b2c9e4a21";
  EXPECT_EQ(device.Activate().kind, Kind::kRefused);
  EXPECT_EQ(Said(), "WRONG_PRODUCT");
  EXPECT_EQ(Access(), AccessLevel::kNone);
}

TEST_F(ClientTest, APolicyThatForbidsKeysNamesTheSetting) {
  device.Start();
  server.key_may_sign_in = false;
  EXPECT_EQ(device.Activate().kind, Kind::kRefused);
  EXPECT_EQ(Said(), "SETTING_FORBIDS");
  EXPECT_THAT(Said("body"), HasSubstr("authenticationStrategy"));
}

// ---- seats

TEST_F(ClientTest, AThirdDeviceSeesWhoHoldsTheSeatsAndTakesOneOver) {
  ModelDevice first(server, "Office", 1), second(server, "Train", 2);
  first.Start();
  ASSERT_EQ(first.Activate().kind, Kind::kOk);
  device.Pass(kDay);
  second.Start();
  ASSERT_EQ(second.Activate().kind, Kind::kOk);
  device.Pass(kDay);
  device.Start();
  EXPECT_EQ(device.Activate().kind, Kind::kSeatsFull);
  EXPECT_EQ(Access(), AccessLevel::kNone);
  EXPECT_EQ(Said(), "SEATS_FULL");
  EXPECT_THAT(Said("actions"), HasSubstr("release_device"));

  // In another process, without typing the key again.
  Restart();
  ASSERT_EQ(device.client().ListDevices().kind, Kind::kOk);
  const Rows devices = DeviceRows(device.client(), "en");
  ASSERT_EQ(devices.size(), 2u);
  const std::size_t office = Field(devices, "name", 0) == "Office" ? 0 : 1;
  EXPECT_EQ(Field(devices, "suggested", office), "yes");
  EXPECT_EQ(Field(devices, "suggested", 1 - office), "");

  EXPECT_EQ(device.client().TakeOver("idlest").kind, Kind::kOk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_THAT(Field(Facts(device.client(), "en"), "takeover_text"), HasSubstr("Office"));
  EXPECT_EQ(server.seats.size(), 2u);

  // The other one is told, keeps working for 72 hours, and does not fight for the seat.
  first.computer.true_time = server.now;
  EXPECT_EQ(first.client().Refresh(false).kind, Kind::kRefused);
  EXPECT_EQ(first.client().Check(), AccessLevel::kFull);
  EXPECT_EQ(Field(Explain(first.client(), "en"), "code"), "SEAT_TAKEN_OVER");
  first.Pass(hours(71));
  EXPECT_EQ(first.client().Refresh(false).kind, Kind::kRefused);
  EXPECT_EQ(first.client().Check(), AccessLevel::kFull);
  first.Pass(hours(2));
  first.client().Tick(false);
  EXPECT_EQ(first.client().Check(), AccessLevel::kLimited);
  EXPECT_EQ(server.seats.size(), 2u);
}

// The 72 hours run from the takeover, not from the day on which the device hears of it.
TEST_F(ClientTest, AReleasedDeviceThatHearsLateWorksUntilTheTimeOfTheServer) {
  server.max_machines = 1;
  ModelDevice first(server, "Office", 1);
  first.Start();
  ASSERT_EQ(first.Activate().kind, Kind::kOk);
  device.Start();
  ASSERT_EQ(device.Activate().kind, Kind::kSeatsFull);
  ASSERT_EQ(device.client().TakeOver("idlest").kind, Kind::kOk);
  first.Pass(hours(48));
  EXPECT_EQ(first.client().Refresh(false).kind, Kind::kRefused);
  EXPECT_EQ(Field(Explain(first.client(), "en"), "code"), "SEAT_TAKEN_OVER");
  first.Pass(hours(23));
  EXPECT_EQ(first.client().Check(), AccessLevel::kFull);
  first.Pass(hours(2));
  first.client().Tick(false);
  EXPECT_EQ(first.client().Check(), AccessLevel::kLimited);
}

TEST_F(ClientTest, TakingOverByIdReleasesThatDevice) {
  server.max_machines = 1;
  ModelDevice first(server, "Office", 1);
  first.Start();
  ASSERT_EQ(first.Activate().kind, Kind::kOk);
  const std::string id = server.seats.begin()->second.id;
  device.Start();
  ASSERT_EQ(device.Activate().kind, Kind::kSeatsFull);
  EXPECT_EQ(device.client().TakeOver("not a machine").kind, Kind::kRefused);
  EXPECT_EQ(device.client().TakeOver("00000000-0000-4000-8000-000000000000").kind, Kind::kRefused);
  EXPECT_EQ(device.client().TakeOver(id).kind, Kind::kOk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

TEST_F(ClientTest, TM_62_ALostAnswerNeverCostsASecondSeat) {
  // The n-th answer is lost, for every n; the person tries again.
  for (int lost = 0; lost < 3; ++lost) {
    ModelServer fresh;
    ModelDevice laptop(fresh, "Laptop", 100 + static_cast<std::uint64_t>(lost));
    laptop.weather.lose_answer_of = lost;
    laptop.Start();
    const Outcome first = laptop.Activate();
    EXPECT_EQ(first.kind, Kind::kCannotAsk) << lost;
    EXPECT_EQ(laptop.Activate().kind, Kind::kOk) << lost;
    EXPECT_EQ(fresh.seats.size(), 1u) << lost;
    EXPECT_EQ(laptop.client().Check(), AccessLevel::kFull) << lost;
  }
}

TEST_F(ClientTest, TM_62_ARecordedSeatWithoutAVerdictIsProvenOursAndUsed) {
  device.Start();
  // The validation is older than the record: the machine is created in between.
  device.weather.meddle = [&](const HttpRequest& request,
                              HttpReply reply) -> tl::expected<HttpReply, TransportFailure> {
    if (request.target.starts_with("/v1/licenses/actions/validate-key"))
      server.seats[device.client().fingerprint()] = {"6c4f0000-0000-4000-8000-000000000001",
                                                     "early", server.now};
    return reply;
  };
  EXPECT_EQ(device.Activate().kind, Kind::kOk);
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST_F(ClientTest, TM_63_AnActivationThatCannotAskKeepsTheKeyAndAWeekOfWork) {
  device.Start();
  device.weather.failure = TransportFailure::kOffline;
  EXPECT_EQ(device.Activate().kind, Kind::kCannotAsk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_EQ(Said(), "PROVISIONAL");
  device.Pass(6 * kDay);
  Restart();
  EXPECT_EQ(Access(), AccessLevel::kFull);
  device.weather.failure.reset();
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk) << "activated by itself, nothing typed";
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST_F(ClientTest, TheProvisionalWeekEndsAndComesOnce) {
  device.Start();
  device.weather.failure = TransportFailure::kOffline;
  device.Activate();
  device.Pass(8 * kDay);
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kLimited);
  device.Activate();
  EXPECT_EQ(Access(), AccessLevel::kLimited);
  device.weather.failure.reset();
  ASSERT_EQ(device.Activate().kind, Kind::kOk);
  ASSERT_EQ(device.client().Deactivate().kind, Kind::kOk);
  device.weather.failure = TransportFailure::kOffline;
  device.Activate();
  EXPECT_EQ(Access(), AccessLevel::kNone) << "once per installation";
}

TEST_F(ClientTest, ANoEndsTheProvisionalWeek) {
  device.Start();
  device.weather.failure = TransportFailure::kOffline;
  device.Activate();
  device.weather.failure.reset();
  server.suspended = true;
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kRefused);
  EXPECT_EQ(Access(), AccessLevel::kNone);
}

TEST_F(ClientTest, AMistypedKeyBuysNoProvisionalWeek) {
  device.Start();
  device.weather.failure = TransportFailure::kOffline;
  std::string typed = server.key;
  typed[8] = typed[8] == 'A' ? 'B' : 'A';
  EXPECT_EQ(device.client().Activate(typed, {true}).kind, Kind::kCannotAsk);
  EXPECT_EQ(Access(), AccessLevel::kNone);
}

// ---- leases

TEST_F(ClientTest, TheCutOffLimitsAndOneContactRestores) {
  Activated();
  device.weather.failure = TransportFailure::kOffline;
  device.Pass(37 * kDay - minutes(1));
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kFull);
  device.Pass(minutes(2));
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kLimited);
  EXPECT_EQ(Said(), "CUT_OFF");
  device.weather.failure.reset();
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

TEST_F(ClientTest, AFilesOwnExpiryDecidesNothing) {  // decision 1
  Activated();
  device.Pass(34 * kDay);  // past the file's ttl of one month
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

TEST_F(ClientTest, AFileWithoutTermsLastsUntilItsExpiry) {
  server.terms_in_files = false;
  Activated();
  device.Pass(Seconds(2629746) - minutes(5));
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kFull);
  device.Pass(minutes(10));
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kLimited);
}

TEST_F(ClientTest, NoticesComeInTheLastQuarterOfTheGrace) {
  Activated();
  device.weather.failure = TransportFailure::kOffline;
  device.Pass(29 * kDay);
  Tick();
  EXPECT_EQ(Said(), "OK");
  device.Pass(kDay);
  Tick();
  EXPECT_EQ(Said(), "GRACE_LOW");
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

TEST_F(ClientTest, TM_13_AStoreCopiedToAnotherComputerDoesNotOpen) {
  Activated();
  ModelDevice other(server, "Copy", 99);
  other.Start();
  const std::string own = other.client().fingerprint();
  other.Stop();
  for (const auto& [path, bytes] : device.disk.files)
    if (path.find("device.key") == std::string::npos) other.disk.files[path] = bytes;
  other.Start();
  EXPECT_EQ(other.client().fingerprint(), own);
  EXPECT_EQ(other.client().Check(), AccessLevel::kNone);
}

TEST_F(ClientTest, TM_14_AClonedComputerHasTheSameSeat) {
  Activated();
  ModelDevice clone(server, "Clone", 99);
  clone.disk = device.disk;
  clone.Start();
  EXPECT_EQ(clone.client().Check(), AccessLevel::kFull);
  EXPECT_EQ(clone.client().Refresh(false).kind, Kind::kOk);
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST_F(ClientTest, TM_15_AnOldStorePutBackWorksOnlyToItsOwnCutOff) {
  Activated();
  device.Stop();
  const auto before = device.disk.files;
  device.Start();
  device.Pass(30 * kDay);
  server.exists = false;
  server.tombstone = "REVOKED";
  device.client().Refresh(false);
  ASSERT_EQ(Access(), AccessLevel::kNone);
  device.Stop();
  for (const auto& [path, bytes] : before)
    if (path.find("/slot-") != std::string::npos) device.disk.files[path] = bytes;
  device.disk.files.erase("/state/acme/8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21/slot-b");
  device.weather.failure = TransportFailure::kOffline;
  device.Off(hours(1));
  device.Start();
  EXPECT_EQ(Access(), AccessLevel::kFull) << "offline, to its cut-off";
  EXPECT_TRUE(device.client().rolled_back());
  device.Pass(8 * kDay);
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kLimited) << "the days that passed before still count";
  device.weather.failure.reset();
  device.client().Refresh(false);
  EXPECT_EQ(Access(), AccessLevel::kNone) << "the next contact heals it";
}

TEST_F(ClientTest, TwoProcessesOfOneDeviceShareOneStore) {
  device.Start();
  ModelDevice twin(server, "Twin", 12);
  twin.disk = device.disk;
  Activated();
  // The twin process has the same files; take them over as a second process would see them.
  twin.disk = device.disk;
  twin.Start();
  EXPECT_EQ(twin.client().Check(), AccessLevel::kFull);
  EXPECT_EQ(twin.client().fingerprint(), device.client().fingerprint());
  ASSERT_EQ(twin.client().Deactivate().kind, Kind::kOk);
  device.disk.files = twin.disk.files;
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kNone) << "what one process saved, the other takes over";
}

// ---- time

TEST_F(ClientTest, TM_21_AClockSetBackGivesNoExtraDays) {
  for (const Duration back : {Duration(hours(1)), kDay, 365 * kDay, 3650 * kDay}) {
    ModelServer fresh;
    ModelDevice laptop(fresh, "Laptop", 5);
    laptop.Start();
    ASSERT_EQ(laptop.Activate().kind, Kind::kOk);
    laptop.computer.wall_error = -back;
    laptop.weather.failure = TransportFailure::kOffline;
    laptop.Pass(36 * kDay);
    laptop.client().Tick(false);
    EXPECT_EQ(laptop.client().Check(), AccessLevel::kFull);
    laptop.Pass(2 * kDay);
    laptop.client().Tick(false);
    EXPECT_EQ(laptop.client().Check(), AccessLevel::kLimited);
  }
}

TEST_F(ClientTest, TM_21_AClockFarBackIsSaidInWords) {
  Activated();
  device.computer.wall_error = -3650 * kDay;
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_EQ(Said(), "CLOCK_WRONG");
  EXPECT_THAT(Said("title"), HasSubstr("clock"));
}

TEST_F(ClientTest, TM_22_AClockJumpingAheadChangesNoAccess) {
  for (const Duration ahead : {kDay, 40 * kDay, 400 * kDay, 30 * 365 * kDay}) {
    for (const bool with_restart : {false, true}) {
      ModelServer fresh;
      ModelDevice laptop(fresh, "Laptop", 6);
      laptop.Start();
      ASSERT_EQ(laptop.Activate().kind, Kind::kOk);
      laptop.weather.failure = TransportFailure::kOffline;
      if (with_restart) {
        laptop.Stop();
        laptop.Off(minutes(1));
      }
      laptop.computer.wall_error = ahead;
      laptop.Pass(hours(1));
      if (with_restart) laptop.Start();
      laptop.client().Tick(false);
      EXPECT_EQ(laptop.client().Check(), AccessLevel::kFull);
      // 72 used hours later: a notice, in the same start at least; never a limit.
      laptop.Pass(hours(73));
      laptop.client().Tick(false);
      EXPECT_EQ(laptop.client().Check(), AccessLevel::kFull);
      laptop.computer.wall_error = Duration::zero();
      laptop.Pass(minutes(1));
      laptop.client().Tick(false);
      EXPECT_EQ(laptop.client().Check(), AccessLevel::kFull);
      EXPECT_FALSE(laptop.client().Snapshot().record.time.WallLooksWrong())
          << "undone at once by correct time";
    }
  }
}

TEST_F(ClientTest, TM_22_AJumpIsNoticedAfter72UsedHours) {
  Activated();
  device.computer.wall_error = 400 * kDay;
  Tick();
  EXPECT_FALSE(device.client().Snapshot().record.time.WallLooksWrong());
  device.Pass(hours(73));
  Tick();
  EXPECT_TRUE(device.client().Snapshot().record.time.WallLooksWrong());
}

TEST_F(ClientTest, TM_23_AFrozenClockIsCutOffByPoweredOnTime) {
  Activated();
  device.weather.failure = TransportFailure::kOffline;
  Duration on{};
  while (on < 37 * kDay - hours(8)) {  // eight hours a day, the clock always shows the same
    device.Stop();
    device.Off(hours(16));
    device.Start();
    device.computer.wall_error = base::FromUnixSeconds(1767225600) - device.computer.true_time;
    device.Pass(hours(8));
    on += hours(8);
    Tick();
    ASSERT_EQ(Access(), AccessLevel::kFull) << on.count();
  }
  device.Pass(hours(9));
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kLimited);
}

TEST_F(ClientTest, TM_25_AServerFromTheFutureDoesNotPoisonTheFloor) {
  Activated();
  const TimePoint right = server.now;
  for (const Duration skew : {Duration(hours(1)), 3650 * kDay}) {
    server.now = right + skew;
    EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
    EXPECT_EQ(Access(), AccessLevel::kFull);
    server.now = right;
    EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk) << "healed";
    EXPECT_EQ(Access(), AccessLevel::kFull);
    device.Pass(30 * kDay);
    Tick();
    EXPECT_EQ(Access(), AccessLevel::kFull);
    server.now = right;
    EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  }
}

TEST_F(ClientTest, TM_25_AForeignFutureAnswerBetweenLeasesIsNotBelieved) {
  Activated();
  server.now += 3650 * kDay;
  server.key_may_sign_in = false;  // the answer is signed, but brings no lease
  device.client().Refresh(false);
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

// ---- the background

TEST_F(ClientTest, RefreshHappensWhenDueAndNotBefore) {
  Activated();
  const std::size_t before = server.seen.size();
  device.Pass(5 * kDay);
  EXPECT_EQ(device.client().Refresh(true).kind, Kind::kOk);
  EXPECT_EQ(server.seen.size(), before);
  device.Pass(2 * kDay);
  device.client().Tick(true);
  EXPECT_GT(server.seen.size(), before);
}

TEST_F(ClientTest, TM_71_FailuresAreRetriedWithGrowingJitteredPauses) {
  Activated();
  device.weather.failure = TransportFailure::kOffline;
  device.Pass(7 * kDay);
  int asked = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    device.weather.requests = 0;
    device.client().Tick(true);
    asked += device.weather.requests;
    device.Pass(minutes(1));
  }
  EXPECT_GE(asked, 24);
  EXPECT_LE(asked, 120);
}

TEST(BackoffTest, LiesBetweenAMinuteAndAnHourAndObeysTheServer) {
  for (int failures = 0; failures < 40; ++failures)
    for (const std::uint32_t dice : {0u, 1u << 31, ~0u}) {
      EXPECT_GE(Backoff(failures, std::nullopt, dice), Duration(minutes(1)));
      EXPECT_LE(Backoff(failures, std::nullopt, dice), Duration(hours(1)));
      EXPECT_GE(Backoff(failures, Seconds(7200), dice), Duration(hours(2)));
    }
}

TEST_F(ClientTest, AWrongClockDoesNotMakeTheClientAskAllTheTime) {
  Activated();
  device.computer.wall_error = 3650 * kDay;
  device.weather.requests = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    device.client().Tick(true);
    device.Pass(minutes(1));
  }
  EXPECT_LE(device.weather.requests, 4);
}

TEST_F(ClientTest, TheBackgroundThreadRefreshesByItselfAndEndsWithTheClient) {
  Activated();
  device.Pass(8 * kDay);
  server.entitlements = {"NEW"};
  device.Start([](Config& config) { config.background = true; });
  while (!device.client().Allows("NEW")) std::this_thread::yield();
  device.Stop();
}

TEST_F(ClientTest, ACancelledRequestChangesNothing) {
  Activated();
  device.client().Cancel();
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kCannotAsk);
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

// ---- ux.md §5: complaints that must stay impossible

TEST_F(ClientTest, Complaint_1_2_17_21_NoStartAndNoNumberOfFailedChecksNeedsTheNetwork) {
  Activated();
  for (const TransportFailure failure :
       {TransportFailure::kOffline, TransportFailure::kTimeout, TransportFailure::kTls,
        TransportFailure::kProxy, TransportFailure::kBroken}) {
    device.weather.failure = failure;
    for (int i = 0; i < 100; ++i) {
      device.weather.requests = 0;
      Restart();
      EXPECT_EQ(device.weather.requests, 0) << "open asks nobody";
      EXPECT_EQ(device.client().Refresh(false).kind, Kind::kCannotAsk);
      ASSERT_EQ(Access(), AccessLevel::kFull);
    }
  }
}

TEST_F(ClientTest, Complaint_3_HoweverOftenItFailsOneCauseIsSaidOnce) {
  Activated();
  device.weather.failure = TransportFailure::kOffline;
  for (int i = 0; i < 20; ++i) {
    device.Pass(hours(9));  // asleep, then awake in another place
    device.client().Tick(true);
    device.client().Refresh(false);
    const Rows rows = Explain(device.client(), "en");
    std::set<std::string> codes;
    for (std::size_t row = 0; row < rows.size(); ++row)
      EXPECT_TRUE(codes.insert(Field(rows, "code", row)).second) << Field(rows, "code", row);
  }
  Restart();
  const Rows rows = Explain(device.client(), "en");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(Field(rows, "kind"), "status")
      << "a start says nothing unless there is something to do";
}

TEST_F(ClientTest, Complaint_4_AReinstallKeepsTheSeat) {
  Activated();
  device.Stop();
  // The application's folder goes; the device key lies outside of it.
  std::erase_if(device.disk.files, [](const auto& file) {
    return file.first.find("device.key") == std::string::npos;
  });
  device.Start();
  EXPECT_EQ(device.Activate().kind, Kind::kOk);
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST_F(ClientTest, Complaint_5_6_ADeadComputersSeatCanBeHadWhenAllAreFull) {
  server.max_machines = 1;
  {
    ModelDevice dead(server, "Dead PC", 1);
    dead.Start();
    ASSERT_EQ(dead.Activate().kind, Kind::kOk);
  }
  device.Start();
  EXPECT_EQ(device.Activate().kind, Kind::kSeatsFull);
  EXPECT_EQ(device.client().TakeOver("idlest").kind, Kind::kOk);
}

TEST_F(ClientTest, Complaint_7_12_ARestartAnUpdateOrAnotherZoneForgetsNothing) {
  Activated();
  device.Stop();
  device.computer.wall_error = -hours(14);
  device.Off(hours(9));
  device.Start([](Config& config) { config.app_version = "2.0"; });
  EXPECT_EQ(Access(), AccessLevel::kFull);
  EXPECT_EQ(Said(), "OK");
}

TEST_F(ClientTest, Complaint_8_WhenSavingFailsTheSeatIsUsedAndFoundAgain) {
  device.Start();
  device.disk.FailAfter(0, true);
  EXPECT_EQ(device.Activate().kind, Kind::kSaveFailed);
  EXPECT_EQ(Access(), AccessLevel::kFull) << "for this session";
  EXPECT_EQ(Said(), "STORE_UNREADABLE");
  device.Stop();
  device.disk.Heal();
  device.disk.LosePower();
  device.Start();
  EXPECT_EQ(device.Activate().kind, Kind::kOk);
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST_F(ClientTest, Complaint_9_10_OneDeviceIsCountedOnceWhateverItsNameAndHardware) {
  Activated();
  for (const char* renamed : {"NEW-NAME", "dock-7", "vpn0"}) {
    device.Start([&](Config& config) { config.device_name = renamed; });
    EXPECT_EQ(device.Activate().kind, Kind::kOk);
    EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  }
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST_F(ClientTest, Complaint_16_ANetworkProblemIsNeverShownAsAKeyProblem) {
  device.Start();
  const std::map<TransportFailure, std::string> words = {
      {TransportFailure::kOffline, "OFFLINE"},
      {TransportFailure::kTimeout, "SERVER_TROUBLE"},
      {TransportFailure::kTls, "PROXY_OR_TLS"},
      {TransportFailure::kProxy, "PROXY_OR_TLS"},
      {TransportFailure::kBroken, "SERVER_TROUBLE"}};
  Activated();
  for (const auto& [failure, code] : words) {
    device.weather.failure = failure;
    device.client().Refresh(false);
    EXPECT_EQ(Said(), code);
    EXPECT_FALSE(Said("title").empty());
    EXPECT_FALSE(Said("actions").empty());
    EXPECT_THAT(Said("body"), ::testing::Not(HasSubstr("invalid")));
  }
}

TEST_F(ClientTest, Complaint_19_EveryoneCanSeeWhoHoldsASeat) {
  Activated();
  ASSERT_EQ(device.client().ListDevices().kind, Kind::kOk);
  const Rows devices = DeviceRows(device.client(), "en");
  ASSERT_EQ(devices.size(), 1u);
  EXPECT_EQ(Field(devices, "current"), "yes");
  EXPECT_THAT(Field(devices, "text"), HasSubstr("this device"));
}

TEST_F(ClientTest, Complaint_24_TheFingerprintDiffersBetweenVendorsAndIsNoHardwareNumber) {
  device.Start();
  const std::string first = device.client().fingerprint();
  EXPECT_EQ(first.size(), 64u);
  device.Start([](Config& config) { config.vendor_id = "other"; });
  EXPECT_NE(device.client().fingerprint(), first);
  device.Start();
  EXPECT_EQ(device.client().fingerprint(), first);
}

TEST_F(ClientTest, StorageThatIsUnusableAtOpenIsTriedAgain) {
  Activated();
  device.Stop();
  for (const auto& file : device.disk.files) device.disk.unreadable.insert(file.first);
  device.Start();
  EXPECT_EQ(Access(), AccessLevel::kNone);
  EXPECT_FALSE(device.client().StorageTrouble().empty());
  const std::string& early = device.client().fingerprint();
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kNone);
  device.disk.unreadable.clear();
  Tick();
  EXPECT_EQ(Access(), AccessLevel::kFull) << "without any call of the application";
  EXPECT_EQ(device.client().fingerprint().size(), 64u);
  EXPECT_EQ(early, "") << "what was handed out stays as it was";
  EXPECT_EQ(early, "") << "what was handed out stays as it was";
  EXPECT_EQ(device.client().StorageTrouble(), "");
  EXPECT_EQ(Said(), "OK");
}

TEST_F(ClientTest, StorageThatIsUnusableAtOpenIsTriedAgainByAProgramWithoutATick) {
  Activated();
  device.Stop();
  for (const auto& file : device.disk.files) device.disk.unreadable.insert(file.first);
  device.Start();
  ASSERT_EQ(device.client().fingerprint(), "");
  device.disk.unreadable.clear();
  EXPECT_EQ(device.client().Refresh(true).kind, Kind::kOk);
  EXPECT_EQ(Field(Facts(device.client(), "en"), "store"), "ok");
  EXPECT_EQ(device.client().Refresh(false).kind, Kind::kOk);
  EXPECT_EQ(server.seats.size(), 1u);
  EXPECT_EQ(Access(), AccessLevel::kFull);
}

TEST_F(ClientTest, ActionsLeadWhereTheApplicationSaid) {
  device.Start([](Config& config) {
    config.portal_url = "https://acme.example/licenses";
    config.support_url = "mailto:help@acme.example";
  });
  ASSERT_EQ(device.Activate().kind, Kind::kOk);
  server.suspended = true;
  device.client().Refresh(false);
  EXPECT_EQ(Said("actions"), "contact_support,retry");
  EXPECT_EQ(Said("links"), "mailto:help@acme.example\n");
  EXPECT_EQ(Field(Facts(device.client(), "en"), "portal"), "https://acme.example/licenses");
  Restart();
  EXPECT_EQ(Said("links"), "\n") << "nowhere, when nothing was said";
}

TEST_F(ClientTest, Complaint_23_AnUpdateOfTheLibraryKeepsTheFingerprint) {
  // Written by the first version, as it lies on people's devices.
  device.disk.files["/state/acme/device.key"] =
      Bytes(kFirstDeviceKey.begin(), kFirstDeviceKey.end());
  device.Start();
  EXPECT_EQ(device.client().fingerprint(), kFirstFingerprint);
}

TEST_F(ClientTest, Complaint_25_ALimitIsSaidWithItsNumberWhenItBites) {
  server.max_machines = 2;
  ModelDevice second(server, "desktop", 12), third(server, "tablet", 13);
  Activated();
  second.Start();
  ASSERT_EQ(second.Activate().kind, Kind::kOk);
  third.Start();
  ASSERT_EQ(third.Activate().kind, Kind::kSeatsFull);
  const Rows rows = Explain(third.client(), "en");
  EXPECT_EQ(Field(rows, "title"), "All 2 seats are in use");
  EXPECT_THAT(Field(rows, "actions"), ::testing::StartsWith("release_device"));
  // What counts at all is in the answer: coming back any number of times is not counted.
  for (int i = 0; i < 50; ++i) {
    device.Start();
    ASSERT_EQ(device.Activate().kind, Kind::kOk) << i;
    ASSERT_EQ(device.client().Refresh(false).kind, Kind::kOk) << i;
  }
  EXPECT_EQ(server.seats.size(), 2u);
}

TEST_F(ClientTest, TM_76_Complaint_18_AKilledAppResumesItsOwnSeatAtOnceAThousandTimes) {
  Activated();
  for (int i = 0; i < 1000; ++i) {
    device.disk.LosePower();  // what was not made durable is gone, as with the process
    device.Start();
    ASSERT_EQ(Access(), AccessLevel::kFull) << i;
    if (i % 100 == 0) {
      ASSERT_EQ(device.Activate().kind, Kind::kOk) << i;
    }
  }
  EXPECT_EQ(server.seats.size(), 1u);
}

TEST_F(ClientTest, TM_26_NoDateOfOursEndsAnyAccess) {
  for (const int years : {0, 1, 5, 20}) {
    SCOPED_TRACE(years);
    ModelServer later(static_cast<std::uint64_t>(years) + 7);
    ModelDevice other(later, "later", static_cast<std::uint64_t>(years) + 21);
    other.Pass(kDay * 365 * years);
    other.Start();
    ASSERT_EQ(other.Activate().kind, Kind::kOk);
    // Our certificate has ended, and nobody renews it for a month.
    other.weather.failure = TransportFailure::kTls;
    for (int day = 0; day < 30; ++day) {
      other.Pass(kDay);
      other.client().Tick(true);
      ASSERT_EQ(other.client().Check(), AccessLevel::kFull) << day;
    }
    other.Start();
    EXPECT_EQ(other.client().Check(), AccessLevel::kFull);
    other.weather.failure.reset();
    EXPECT_EQ(other.client().Refresh(false).kind, Kind::kOk);
  }
}

TEST_F(ClientTest, EveryReasonHasWordsAndAWayOn) {
  Activated();
  const std::vector<std::function<void()>> troubles = {
      [&] { server.suspended = true; }, [&] { server.banned = true; },
      [&] { server.exists = false, server.tombstone = "REVOKED"; }};
  for (const auto& trouble : troubles) {
    trouble();
    device.client().Refresh(false);
    for (const char* locale : {"en", "de_AT.UTF-8", "xx"}) {
      for (const Row& row : Explain(device.client(), locale)) {
        const Rows one{row};
        EXPECT_FALSE(Field(one, "title").empty());
        EXPECT_FALSE(Field(one, "body").empty());
        EXPECT_FALSE(Field(one, "actions").empty());
        EXPECT_EQ(Field(one, "body").find('{'), std::string::npos) << Field(one, "body");
      }
    }
  }
}

TEST_F(ClientTest, SecretsAreNeitherInTheFilesNorInTheWords) {
  Activated();
  for (const auto& [path, bytes] : device.disk.files)
    EXPECT_EQ(base::AsText(bytes).find(server.key), std::string_view::npos) << path;
  EXPECT_EQ(ToJson(Facts(device.client(), "en")).find(server.key), std::string::npos);
  EXPECT_EQ(ToJson(Explain(device.client(), "en")).find(server.key), std::string::npos);
  for (const HttpRequest& request : server.seen)
    EXPECT_EQ(request.target.find(server.key), std::string::npos);
}

}  // namespace
}  // namespace latchkey::client::testing
