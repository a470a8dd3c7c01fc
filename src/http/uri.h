#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace latchkey::http {

// A request target taken apart; views into the text given.
struct Target {
  std::string_view path;   // begins with '/', still encoded
  std::string_view query;  // without '?', still encoded
};

// Accepts `/path?query` and the absolute form `http(s)://host/path?query` (RFC 9112 §3.2).
// kUriInvalid for anything else, for '#', and for bytes that a URI cannot hold (spaces, controls,
// anything beyond ASCII).
Result<Target> SplitTarget(std::string_view target);

// Text of one path segment. kUriInvalid for a broken escape, kEncodingInvalid when the bytes are
// not UTF-8, kNullByte for %00 (conventions.md §1.10).
Result<std::string> DecodeSegment(std::string_view segment);

struct Parameter {
  std::string name;   // decoded, brackets as sent: "page[number]", "roles[]"
  std::string value;  // decoded; empty also when there was no '='
  friend bool operator==(const Parameter&, const Parameter&) = default;
};
using Query = std::vector<Parameter>;

// Pairs in their order; '+' is a space, empty pairs are skipped. kParametersInvalid for a broken
// escape or more than 4096 pairs, kEncodingInvalid when a name or value is not UTF-8. Null bytes
// pass: unknown parameters are ignored.
Result<Query> ParseQuery(std::string_view query);

// Every byte but the unreserved ones (letters, digits, `-._~`) as %XX.
std::string PercentEncode(std::string_view text);

// `page%5Bnumber%5D=2&page%5Bsize%5D=25`: the pairs in the order given (conventions.md §5).
std::string WriteQuery(const Query& query);

}  // namespace latchkey::http
