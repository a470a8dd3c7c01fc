// What the server signs, checked by our verifier and by a program that shares no code with it.
#include <gtest/gtest.h>

#include "core/response_signature.h"
#include "crypto/signature.h"
#include "test/integration/installation.h"

namespace latchkey::test {
namespace {

class Signed : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = installation_.Serve();
    policy_ = server_->AddPolicy(server_->AddProduct(), {{"maxMachines", 1}});
    const json::value license = server_->AddLicense(policy_);
    license_ = license.at("id").as_string();
    key_ = license.at("attributes").at("key").as_string();
  }

  // One request on a connection of its own.
  Reply Ask(std::string_view method, std::string_view target, const Headers& headers,
            std::string_view body = {}) {
    HttpConnection connection(server_->port());
    auto reply = connection.Exchange(method, target, headers, body);
    if (!reply) throw std::runtime_error("no answer to " + std::string(target));
    return *reply;
  }

  Result<TimePoint> Verify(std::string_view method, std::string_view target, const Reply& reply) {
    crypto::PublicKeys keys;
    LK_ASSIGN(keys.ed25519, crypto::Ed25519PublicKey::FromHex(installation_.public_key()));
    const std::string host = "127.0.0.1:" + std::to_string(server_->port());
    const std::string signature = reply.header("Keygen-Signature"),
                      digest = reply.header("Keygen-Digest"), date = reply.header("Keygen-Date");
    return core::VerifyResponse({.method = method,
                                 .target = target,
                                 .host = core::SignedHost(host, false),
                                 .body = reply.body,
                                 .signature = signature,
                                 .digest = digest,
                                 .date = date},
                                crypto::SignatureAlgorithm::kEd25519, keys);
  }

  // By test/interop/verify_response.py, which reads what `curl -si` would have saved.
  ProgramRun VerifyByPython(std::string_view method, std::string_view target, const Reply& reply) {
    const std::string file = installation_.folder().Write("answer.txt", reply.head + reply.body);
    return RunProgram("python3 test/interop/verify_response.py --public-key " +
                      installation_.public_key() + " " + std::string(method) +
                      " 'http://127.0.0.1:" + std::to_string(server_->port()) +
                      std::string(target) + "' " + file);
  }

  ProgramRun OpenByPython(const std::string& certificate, const std::string& options) {
    const std::string file = installation_.folder().Write("file.lic", certificate);
    return RunProgram("python3 test/interop/open_file.py --public-key " +
                      installation_.public_key() + " " + options + " " + file);
  }

  std::string CheckOut(const std::string& target) {
    const Reply reply = Ask("POST", target, AsLicense(key_));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return std::string(reply.Data().at("attributes").at("certificate").as_string());
  }

  Installation installation_;
  std::unique_ptr<Server> server_;
  std::string policy_, license_, key_;
};

TEST_F(Signed, ValidateKeyIsGenuineOverTheExactBytesOfTheWire) {
  const std::string target =
      "/v1/accounts/" + installation_.account() + "/licenses/actions/validate-key?lk=a%7Eb";
  const std::string body = R"({"meta":{"key":")" + key_ + R"(","nonce":17}})";
  const Reply reply = Ask("POST", target, {}, body);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.Json().at("meta").at("nonce"), 17);
  const auto verified = Verify("POST", target, reply);
  EXPECT_TRUE(verified) << verified.error().detail;

  // Every byte counts, and so do method, path and query.
  for (const std::size_t at : {std::size_t{0}, reply.body.size() / 2, reply.body.size() - 1}) {
    Reply forged = reply;
    forged.body[at] = static_cast<char>(forged.body[at] ^ 1);
    EXPECT_FALSE(Verify("POST", target, forged)) << "byte " << at;
  }
  EXPECT_FALSE(Verify("GET", target, reply));
  EXPECT_FALSE(Verify("POST", target + "x", reply));
}

TEST_F(Signed, RefusalsAreSignedToo) {
  const std::string target = "/v1/licenses/" + license_;
  const Reply refused = Ask("GET", target, AsLicense("no such key"));
  EXPECT_EQ(refused.status, 401) << refused.body;
  const auto verified = Verify("GET", target, refused);
  EXPECT_TRUE(verified) << verified.error().detail;
}

TEST_F(Signed, AnIndependentProgramAgreesAboutResponses) {
  if (!HasPythonCryptography()) GTEST_SKIP() << "python3-cryptography is not installed";
  const std::string target = "/v1/licenses/actions/validate-key?lk=abcdefghijklmnopqrstuv";
  const Reply reply = Ask("POST", target, {}, R"({"meta":{"key":")" + key_ + R"("}})");
  const ProgramRun genuine = VerifyByPython("POST", target, reply);
  EXPECT_EQ(genuine.status, 0);
  EXPECT_TRUE(genuine.output.starts_with("genuine, signed ")) << genuine.output;
  Reply forged = reply;
  forged.body.replace(forged.body.find("\"valid\":true"), 12, "\"valid\":null");
  EXPECT_EQ(VerifyByPython("POST", target, forged).status, 1);
}

TEST_F(Signed, AnIndependentProgramOpensLicenseFiles) {
  if (!HasPythonCryptography()) GTEST_SKIP() << "python3-cryptography is not installed";
  const std::string target = "/v1/licenses/" + license_ + "/actions/check-out";
  const ProgramRun plain = OpenByPython(CheckOut(target + "?ttl=86400"), "");
  ASSERT_EQ(plain.status, 0);
  const auto payload = base::ParseJson(plain.output.substr(0, plain.output.size() - 1));
  ASSERT_TRUE(payload) << payload.error().detail;
  EXPECT_EQ(payload->at("data").at("id"), json::value(license_));
  EXPECT_EQ(payload->at("meta").at("ttl"), 86400);
  EXPECT_TRUE(payload->at("meta").as_object().contains("terms"));

  const std::string sealed = CheckOut(target + "?encrypt=1&include=entitlements");
  EXPECT_EQ(sealed.find(license_), std::string::npos);
  EXPECT_EQ(OpenByPython(sealed, "--key '" + key_ + "'").status, 0);
  EXPECT_EQ(OpenByPython(sealed, "--key 'another key'").status, 1);
  std::string damaged = sealed;
  char& letter = damaged[damaged.size() / 2];
  letter = letter == 'A' ? 'B' : 'A';
  EXPECT_EQ(OpenByPython(damaged, "--key '" + key_ + "'").status, 1);
}

TEST_F(Signed, AnIndependentProgramOpensMachineFiles) {
  if (!HasPythonCryptography()) GTEST_SKIP() << "python3-cryptography is not installed";
  const Reply machine = server_->AddMachine(license_, "print-1");
  ASSERT_EQ(machine.status, 201) << machine.body;
  const std::string target = "/v1/machines/" + machine.Id() +
                             "/actions/check-out?encrypt=1&include=license,license.entitlements";
  const std::string file = CheckOut(target);
  const ProgramRun opened = OpenByPython(file, "--key '" + key_ + "' --fingerprint print-1");
  ASSERT_EQ(opened.status, 0);
  const auto payload = base::ParseJson(opened.output.substr(0, opened.output.size() - 1));
  ASSERT_TRUE(payload) << payload.error().detail;
  EXPECT_EQ(payload->at("data").at("id"), json::value(machine.Id()));
  EXPECT_EQ(payload->at("included").at(0).at("id"), json::value(license_));
  EXPECT_EQ(OpenByPython(file, "--key '" + key_ + "' --fingerprint print-2").status, 1);
}

}  // namespace
}  // namespace latchkey::test
