// Answers from a hostile network: without a signature nothing is ever learned; with one, by a key
// the fuzzer cannot use, neither; and signed bodies of any content parse or fail without harm.
#include <cstdlib>

#include "client/answer.h"
#include "core/response_signature.h"

namespace {

using namespace latchkey;

class ZeroRandom : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    std::fill(out.begin(), out.end(), std::uint8_t{7});
  }
};

const crypto::AccountKeys& Keys() {
  static const crypto::AccountKeys keys(crypto::Ed25519PrivateKey::FromSeed(Bytes(32, 1)).value(),
                                        std::nullopt, std::nullopt);
  return keys;
}

const client::CheckedConfig& Settings() {
  static const client::CheckedConfig checked = [] {
    client::Config config;
    config.server_url = "https://licenses.example.com";
    config.public_key = Keys().public_keys().ed25519->ToHex();
    config.product_id = "8a6d2b47-51c9-4e0f-8d33-6f1b2c9e4a21";
    config.vendor_id = "acme";
    config.storage_dir = "/state";
    return client::Check(config).value();
  }();
  return checked;
}

}  // namespace

// Byte 0: kind of call; byte 1: status; byte 2: signed or not; then the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  static constexpr int kStatuses[] = {200, 201, 204, 302, 400, 401, 403, 404, 422, 429, 500, 503};
  ZeroRandom random;
  client::Call call;
  call.kind = static_cast<client::Call::Kind>(data[0] % 7);
  call.key = "key";
  call.license_id = "5d3e9c71-0f4b-4b6a-8c12-7a9e1f2d3c43";
  const client::SentCall sent = client::WriteCall(call, Settings(), "f", random);
  client::HttpReply reply;
  reply.status = kStatuses[data[1] % std::size(kStatuses)];
  reply.body.assign(reinterpret_cast<const char*>(data + 3), size - 3);
  const bool is_signed = data[2] % 2 == 1;
  const std::string date = base::FormatHttpDate(base::FromUnixSeconds(1767225600));
  reply.headers = {{"Date", date}, {"Digest", core::DigestHeader(reply.body)}};
  const std::string_view host = is_signed ? "licenses.example.com" : "other.example.com";
  reply.headers.emplace_back(
      "Keygen-Signature",
      core::SignResponse({sent.request.method, sent.request.target, host, date, reply.body}, "a",
                         crypto::SignatureAlgorithm::kEd25519, Keys())
          .value());
  const auto asked = client::ReadReply(sent, reply, Settings(), Keys().public_keys(), "f");
  if (asked && !is_signed) std::abort();
  if (asked && reply.status >= 500) std::abort();
  if (asked && asked->ok && reply.status >= 300) std::abort();
  if (asked && !asked->ok && reply.status < 400) std::abort();
  return 0;
}
