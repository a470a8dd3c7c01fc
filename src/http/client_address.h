#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace latchkey::http {

// An IPv4 or IPv6 address without port or zone. IPv4 is kept as IPv4-mapped IPv6, so
// `::ffff:10.0.0.1` and `10.0.0.1` are one address.
class Address {
 public:
  static std::optional<Address> Parse(std::string_view text);
  std::string ToString() const;  // IPv4 in dotted form
  bool IsLoopback() const;
  // The first `bits` bits (of 128) are equal.
  bool SharesPrefix(const Address& other, unsigned bits) const;
  friend bool operator==(const Address&, const Address&) = default;

 private:
  bool IsV4() const;
  std::array<std::uint8_t, 16> bytes_{};
};

// Peers whose X-Forwarded-For and X-Forwarded-Proto are believed (decision 19). Immutable.
class TrustedProxies {
 public:
  // Addresses or CIDR blocks, IPv4 or IPv6. kConfigInvalid names the entry that is neither.
  static Result<TrustedProxies> Parse(const std::vector<std::string>& entries);
  bool Trusts(const Address& address) const;
  bool empty() const { return blocks_.empty(); }

 private:
  struct Block {
    Address address;
    unsigned bits = 0;
  };
  std::vector<Block> blocks_;
};

struct Client {
  std::string address;
  bool https = false;  // a trusted proxy says that the client spoke TLS with it
};

// Who sent a request that arrived from `peer`. From a trusted peer it is the rightmost address of
// X-Forwarded-For that is not itself trusted; an unreadable entry ends the search at the last hop
// known. From others it is the peer.
Client FindClient(const TrustedProxies& proxies, const std::string& peer,
                  const std::vector<Header>& headers);

}  // namespace latchkey::http
