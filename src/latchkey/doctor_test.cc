// Each fault that `latchkey doctor` names is planted and must be found (decision 32).
#include "latchkey/doctor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "latchkey/running_server.h"
#include "latchkey/test_support.h"
#include "store/serving.h"

namespace latchkey::app {
namespace {

using testing::HasSubstr;
using Level = Finding::Level;

std::string Text(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings)
    out += finding.check + ": " + finding.text + " -> " + finding.advice + "\n";
  return out;
}

class DoctorTest : public testing::Test {
 protected:
  void SetUp() override {
    configuration_ = ConfigurationIn(directory_);
    MakeInstallation(configuration_);
    // Credentials of whoever runs the test are none of its business.
    setenv("LATCHKEY_CREDENTIALS", (directory_ / "credentials.toml").c_str(), 1);
    options_ = {.now = base::SystemNow(), .least_free_bytes = 1};
  }

  std::vector<Finding> Look() { return Examine(configuration_, options_); }
  // The one finding of a check that is not good; fails without one.
  Finding Fault(const std::string& check, Level level = Level::kBad) {
    const auto findings = Look();
    for (const Finding& finding : findings)
      if (finding.check == check && finding.level == level) {
        EXPECT_NE(finding.advice, "") << "says what to do";
        return finding;
      }
    ADD_FAILURE() << "no fault in: " << check << "\n" << Text(findings);
    return {};
  }

  std::string InData(const std::string& name) const { return configuration_.data + "/" + name; }
  void Sql(const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(InData("latchkey.db").c_str(), &handle), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << (message ? message : "");
    sqlite3_free(message);
    sqlite3_close(handle);
  }

  // A self-signed certificate and its key, good from `from` to `to` (seconds from now).
  void MakeCertificate(long from, long to) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    ASSERT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
    configuration_.certificate = directory_ / "chain.pem";
    configuration_.key = directory_ / "key.pem";
    FILE* file = std::fopen(configuration_.certificate.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(configuration_.key.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  TestDirectory directory_;
  Configuration configuration_;
  DoctorOptions options_;
};

TEST_F(DoctorTest, AHealthyInstallationHasNothingWrong) {
  for (const Finding& finding : Look())
    EXPECT_NE(finding.level, Level::kBad) << finding.check << ": " << finding.text;
}

TEST_F(DoctorTest, FindsAMissingDataDirectory) {
  configuration_.data = directory_ / "elsewhere";
  EXPECT_THAT(Fault("data directory").advice, HasSubstr("latchkey init"));
}

TEST_F(DoctorTest, FindsAFileWhereTheDataDirectoryShouldBe) {
  configuration_.data = directory_.Write("file", "x");
  EXPECT_THAT(Fault("data directory").text, HasSubstr("not a directory"));
}

TEST_F(DoctorTest, FindsADataDirectoryThatCannotBeWritten) {
  ASSERT_EQ(chmod(configuration_.data.c_str(), 0500), 0);
  // Root may write anywhere: look as somebody else who owns it.
  const bool root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
    ASSERT_EQ(chown(configuration_.data.c_str(), 65534, 65534), 0);
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto findings = Look();
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_THAT(Text(findings), HasSubstr("cannot be written"));
  chmod(configuration_.data.c_str(), 0700);
}

TEST_F(DoctorTest, FindsAnEmptyDataDirectory) {
  configuration_.data = directory_ / "empty";
  ASSERT_EQ(mkdir(configuration_.data.c_str(), 0700), 0);
  EXPECT_THAT(Fault("database").advice, HasSubstr("latchkey init"));
}

TEST_F(DoctorTest, FindsADiskWithLittleSpace) {
  options_.least_free_bytes = ~std::uint64_t{0};
  EXPECT_THAT(Fault("disk space").text, HasSubstr("less than"));
}

TEST_F(DoctorTest, FindsAMissingReserve) {
  ASSERT_EQ(unlink(InData("reserve").c_str()), 0);
  Fault("disk reserve", Level::kNotice);
}

TEST_F(DoctorTest, FindsADamagedPage) {
  std::fstream file(InData("latchkey.db"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 3 + 100);
  file << std::string(2000, '\xff');
  file.close();
  EXPECT_THAT(Fault("database").advice, HasSubstr("restore"));
}

TEST_F(DoctorTest, FindsADatabaseThatIsNone) {
  std::ofstream(InData("latchkey.db"), std::ios::trunc) << std::string(8192, 'x');
  Fault("database");
}

TEST_F(DoctorTest, FindsAMissingMasterKey) {
  ASSERT_EQ(unlink((directory_ / "master.key").c_str()), 0);
  EXPECT_THAT(Fault("master key").text, HasSubstr("master.key"));
}

TEST_F(DoctorTest, FindsTheMasterKeyOfAnotherDatabase) {
  configuration_.master_key = "file:" + directory_ / "other.key";
  ASSERT_TRUE(store::CreateMasterKeyFile(configuration_.master_key, configuration_.data,
                                         base::SystemRandom()));
  EXPECT_THAT(Fault("master key").text, HasSubstr("another database"));
}

TEST_F(DoctorTest, FindsAMasterKeyThatOthersMayRead) {
  ASSERT_EQ(chmod((directory_ / "master.key").c_str(), 0644), 0);
  Fault("master key");
}

TEST_F(DoctorTest, FindsADatabaseWithoutItsWriteAheadLog) {
  Sql("PRAGMA journal_mode = DELETE");
  EXPECT_THAT(Fault("log mode").text, HasSubstr("not in WAL mode"));
}

TEST_F(DoctorTest, FindsFilesThatOthersMayRead) {
  ASSERT_EQ(chmod(InData("latchkey.db").c_str(), 0644), 0);
  EXPECT_THAT(Fault("file modes").advice, HasSubstr("chmod go= " + InData("latchkey.db")));
}

TEST_F(DoctorTest, FindsAMissingCertificate) {
  configuration_.certificate = directory_ / "none.pem";
  configuration_.key = directory_ / "none.key";
  EXPECT_THAT(Fault("certificate").text, HasSubstr("none.pem"));
}

TEST_F(DoctorTest, FindsTheKeyOfAnotherCertificate) {
  MakeCertificate(-60, 365 * 86400);
  const std::string first = configuration_.certificate;
  ASSERT_EQ(rename(first.c_str(), (directory_ / "first.pem").c_str()), 0);
  MakeCertificate(-60, 365 * 86400);
  configuration_.certificate = directory_ / "first.pem";
  Fault("certificate");
}

TEST_F(DoctorTest, FindsACertificateThatHasEnded) {
  MakeCertificate(-86400, -60);
  EXPECT_THAT(Fault("certificate").text, HasSubstr("it ended"));
}

TEST_F(DoctorTest, FindsACertificateThatIsNotGoodYet) {
  MakeCertificate(3600, 365 * 86400);
  EXPECT_THAT(Fault("certificate").text, HasSubstr("in the future"));
}

TEST_F(DoctorTest, NoticesACertificateThatEndsSoon) {
  MakeCertificate(-60, 5 * 86400 + 60);
  EXPECT_THAT(Fault("certificate", Level::kNotice).text, HasSubstr("ends in 5 days"));
}

TEST_F(DoctorTest, FindsAListenerBeyondLoopbackWithoutACertificate) {
  configuration_.listen = {"0.0.0.0", 0};
  EXPECT_THAT(Fault("certificate").text, HasSubstr("not loopback"));
}

TEST_F(DoctorTest, FindsAPortThatSomebodyElseHas) {
  const auto other = SomeServer();
  ASSERT_TRUE(other);
  configuration_.listen.port = other->port();
  EXPECT_THAT(Fault("port").text, HasSubstr("in use"));
}

TEST_F(DoctorTest, FindsAClockBehindTheLastRun) {
  {
    auto directory =
        store::DataDirectory::Open(configuration_.data, store::DataDirectory::Mode::kMustExist);
    ASSERT_TRUE(directory);
    auto installation =
        OpenInstallation(std::move(*directory), configuration_, false, base::SystemRandom());
    ASSERT_TRUE(installation) << installation.error().detail;
    ASSERT_TRUE(installation->database->WriteNow([&](store::Session& session) -> Result<void> {
      LK_ASSIGN(const auto interval,
                store::StartServing(session, options_.now + std::chrono::hours(2)));
      static_cast<void>(interval);
      return {};
    }));
  }
  EXPECT_THAT(Fault("clock").advice, HasSubstr("set the clock"));
}

TEST_F(DoctorTest, NoticesLegacySchemes) {
  configuration_.legacy_schemes = true;
  Fault("legacy schemes", Level::kNotice);
}

TEST_F(DoctorTest, AsksARunningServerAndFindsItsAnswer) {
  auto server = RunningServer::Start(configuration_, false);
  ASSERT_TRUE(server) << server.error().detail;
  configuration_.listen.port = (*server)->port();
  const auto findings = Look();
  EXPECT_THAT(Text(findings), HasSubstr("a server is running on it"));
  EXPECT_THAT(Text(findings), HasSubstr("our server answers"));
  EXPECT_THAT(Text(findings), HasSubstr("asked the running server"));
  for (const Finding& finding : findings)
    EXPECT_NE(finding.level, Level::kBad) << finding.check << ": " << finding.text;
}

TEST_F(DoctorTest, FindsAServerThatListensElsewhere) {
  auto server = RunningServer::Start(configuration_, false);
  ASSERT_TRUE(server) << server.error().detail;
  auto probe = SomeServer();
  ASSERT_TRUE(probe);
  configuration_.listen.port = probe->port();
  probe->Drain(std::chrono::seconds(1));
  probe.reset();
  EXPECT_THAT(Fault("port").text, HasSubstr("nothing listens"));
}

}  // namespace
}  // namespace latchkey::app
