#include "http/client_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/text.h"

namespace latchkey::http {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Some proxies append the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
std::string_view WithoutPort(std::string_view hop) {
  if (hop.starts_with('[')) {
    const std::size_t end = hop.find(']');
    return end == std::string_view::npos ? hop : hop.substr(1, end - 1);
  }
  const std::size_t colon = hop.find(':');
  return colon != std::string_view::npos && hop.rfind(':') == colon ? hop.substr(0, colon) : hop;
}

// All values of `name`, in order, as one list (RFC 9110 §5.3).
std::vector<std::string_view> List(const std::vector<Header>& headers, std::string_view name) {
  std::vector<std::string_view> items;
  for (const Header& header : headers) {
    if (!EqualsAnyCase(header.name, name)) continue;
    std::string_view rest = header.value;
    for (;;) {
      const std::size_t comma = rest.find(',');
      items.push_back(Trim(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return items;
}

}  // namespace

std::optional<Address> Address::Parse(std::string_view text) {
  const std::string zero_terminated(text);
  if (zero_terminated.find('\0') != std::string::npos) return std::nullopt;
  Address address;
  if (inet_pton(AF_INET6, zero_terminated.c_str(), address.bytes_.data()) == 1) return address;
  std::copy(kMapped.begin(), kMapped.end(), address.bytes_.begin());
  if (inet_pton(AF_INET, zero_terminated.c_str(), address.bytes_.data() + kMapped.size()) == 1)
    return address;
  return std::nullopt;
}

bool Address::IsV4() const { return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()); }

std::string Address::ToString() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (IsV4())
    inet_ntop(AF_INET, bytes_.data() + kMapped.size(), text, sizeof text);
  else
    inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

bool Address::IsLoopback() const {
  if (IsV4()) return bytes_[12] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t b) { return b == 0; }) &&
         bytes_.back() == 1;
}

bool Address::SharesPrefix(const Address& other, unsigned bits) const {
  const unsigned whole = bits / 8;
  if (std::memcmp(bytes_.data(), other.bytes_.data(), whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (bytes_[whole] ^ other.bytes_[whole]) >> (8 - rest) == 0;
}

Result<TrustedProxies> TrustedProxies::Parse(const std::vector<std::string>& entries) {
  TrustedProxies proxies;
  for (const std::string& entry : entries) {
    const Error invalid{Errc::kConfigInvalid,
                        "trusted_proxies: \"" + entry +
                            "\" is neither an address nor a block like 10.0.0.0/8 or fd00::/8"};
    const std::size_t slash = entry.find('/');
    const std::string host = entry.substr(0, slash);
    const auto address = Address::Parse(host);
    if (!address) return invalid;
    const unsigned width = host.find(':') == std::string::npos ? 32 : 128;
    unsigned bits = width;
    if (slash != std::string::npos) {
      const char* const end = entry.data() + entry.size();
      const auto [parsed, error] = std::from_chars(entry.data() + slash + 1, end, bits);
      if (error != std::errc() || parsed != end || bits > width) return invalid;
    }
    proxies.blocks_.push_back({*address, bits + (128 - width)});
  }
  return proxies;
}

bool TrustedProxies::Trusts(const Address& address) const {
  return std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
    return block.address.SharesPrefix(address, block.bits);
  });
}

Client FindClient(const TrustedProxies& proxies, const std::string& peer,
                  const std::vector<Header>& headers) {
  Client client{peer, false};
  if (proxies.empty()) return client;
  const auto direct = Address::Parse(peer);
  if (!direct || !proxies.Trusts(*direct)) return client;
  const auto schemes = List(headers, "X-Forwarded-Proto");
  client.https = !schemes.empty() && EqualsAnyCase(schemes.back(), "https");
  const auto hops = List(headers, "X-Forwarded-For");
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = Address::Parse(WithoutPort(*hop));
    if (!address) break;
    client.address = address->ToString();
    if (!proxies.Trusts(*address)) break;
  }
  return client;
}

}  // namespace latchkey::http
