// Whatever the URI functions accept survives a round trip through the encoder, and is UTF-8.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "http/client_address.h"
#include "http/uri.h"

namespace {

namespace http = latchkey::http;

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto segment = http::DecodeSegment(text)) {
    Require(latchkey::base::IsUtf8(*segment));
    Require(http::DecodeSegment(http::PercentEncode(*segment)).value() == *segment);
  }
  if (const auto query = http::ParseQuery(text)) {
    for (const auto& parameter : *query)
      Require(latchkey::base::IsUtf8(parameter.name) && latchkey::base::IsUtf8(parameter.value));
    Require(http::ParseQuery(http::WriteQuery(*query)).value() == *query);
  }
  if (const auto target = http::SplitTarget(text)) {
    Require(target->path.starts_with('/'));
    Require(target->path.find('?') == std::string_view::npos);
  }
  if (const auto address = http::Address::Parse(text))
    Require(http::Address::Parse(address->ToString()) == address);
  const auto proxies = http::TrustedProxies::Parse({"10.0.0.0/8"});
  const auto client =
      http::FindClient(*proxies, "10.0.0.1", {{"X-Forwarded-For", std::string(text)}});
  Require(http::Address::Parse(client.address).has_value());
  return 0;
}
