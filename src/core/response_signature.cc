#include "core/response_signature.h"

#include "base/time.h"
#include "crypto/hash.h"

namespace latchkey::core {
namespace {

using crypto::Purpose;
using crypto::SignatureAlgorithm;

constexpr std::string_view kSignedHeaders = "(request-target) host date digest";

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool OneLine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

// Takes `name="value"` off the front of `text`; the value has at least one character.
std::optional<std::string_view> TakeParameter(std::string_view& text, std::string_view name) {
  std::string_view rest = text;
  if (!rest.starts_with(name)) return std::nullopt;
  rest.remove_prefix(name.size());
  if (!rest.starts_with("=\"")) return std::nullopt;
  rest.remove_prefix(2);
  const std::size_t quote = rest.find('"');
  if (quote == std::string_view::npos || quote == 0) return std::nullopt;
  const std::string_view value = rest.substr(0, quote);
  text = rest.substr(quote + 1);
  return value;
}

bool TakeComma(std::string_view& text) {
  text = Trim(text);
  if (!text.starts_with(',')) return false;
  text = Trim(text.substr(1));
  return true;
}

struct SignatureHeader {
  std::string_view algorithm, signature;
};
// Exactly the form of conventions.md §6: any other order or member is not a signature of ours.
std::optional<SignatureHeader> ReadSignatureHeader(std::string_view text) {
  text = Trim(text);
  if (!TakeParameter(text, "keyid") || !TakeComma(text)) return std::nullopt;
  const auto algorithm = TakeParameter(text, "algorithm");
  if (!algorithm || !TakeComma(text)) return std::nullopt;
  const auto signature = TakeParameter(text, "signature");
  if (!signature || !TakeComma(text)) return std::nullopt;
  if (TakeParameter(text, "headers") != kSignedHeaders || !text.empty()) return std::nullopt;
  return SignatureHeader{*algorithm, *signature};
}

Error AcceptFault(std::string_view reason) {
  return Error{Errc::kAcceptSignatureInvalid,
               "invalid accept-signature header (" + std::string(reason) + ")"};
}

}  // namespace

std::string DigestHeader(std::string_view body) {
  return "sha-256=" + base::Base64(crypto::Sha256(body));
}

std::string SigningText(std::string_view method, std::string_view target, std::string_view host,
                        std::string_view date, std::string_view digest) {
  std::string text = Lower(method);
  text.reserve(text.size() + target.size() + host.size() + date.size() + digest.size() + 32);
  text.append(" ").append(target).append("\nhost: ").append(Lower(host));
  return text.append("\ndate: ").append(date).append("\ndigest: ").append(digest);
}

std::string SignedHost(std::string_view host, bool tls) {
  const std::string_view port = tls ? ":443" : ":80";
  host = Trim(host);
  if (host.ends_with(port)) host.remove_suffix(port.size());
  return Lower(host);
}

Result<std::string> SignResponse(const SignedResponse& response, std::string_view keyid,
                                 SignatureAlgorithm algorithm, const crypto::AccountKeys& keys) {
  const std::string made = response.digest.empty() ? DigestHeader(response.body) : std::string();
  const std::string text =
      SigningText(response.method, response.target, response.host, response.date,
                  response.digest.empty() ? std::string_view(made) : response.digest);
  LK_ASSIGN(const Bytes signature, keys.Sign(algorithm, Purpose::kResponse, text));
  std::string header = "keyid=\"";
  header.append(keyid).append("\", algorithm=\"").append(crypto::Name(algorithm));
  header.append("\", signature=\"").append(base::Base64(signature));
  return header.append("\", headers=\"").append(kSignedHeaders).append("\"");
}

Result<TimePoint> VerifyResponse(const ResponseToVerify& response, SignatureAlgorithm expected,
                                 const crypto::PublicKeys& keys) {
  const auto header = ReadSignatureHeader(response.signature);
  if (!header) return Error{Errc::kMalformed, "the signature header is missing or unreadable"};
  if (header->algorithm != crypto::Name(expected))
    return Error{Errc::kMalformed, "the response is signed with another algorithm than asked for"};
  const auto signature = base::FromBase64(header->signature);
  if (!signature) return Error{Errc::kMalformed, "the signature is not base64"};
  const auto date = base::ParseHttpDate(response.date);
  if (!date || base::FormatHttpDate(*date) != response.date)
    return Error{Errc::kMalformed, "the date is missing or unreadable"};
  // A line break in one part could stand for another part.
  if (!OneLine(response.method) || !OneLine(response.target) || !OneLine(response.host))
    return Error{Errc::kMalformed, "the request has a line break"};
  if (response.digest != DigestHeader(response.body))
    return Error{Errc::kSignatureInvalid, "the body does not have the digest that was signed"};
  const std::string text =
      SigningText(response.method, response.target, response.host, response.date, response.digest);
  if (!keys.Verify(expected, Purpose::kResponse, text, *signature))
    return Error{Errc::kSignatureInvalid, "the response was not signed by this account"};
  return *date;
}

Result<AcceptSignature> ReadAcceptSignature(std::optional<std::string_view> header) {
  AcceptSignature accept;
  std::string_view text = Trim(header.value_or(std::string_view()));
  if (text.empty()) return accept;
  if (const auto keyid = TakeParameter(text, "keyid")) {
    if (!TakeComma(text)) return AcceptFault("malformed");
    accept.keyid = *keyid;
  }
  const auto name = TakeParameter(text, "algorithm");
  text = Trim(text);
  if (text.starts_with(';')) text.remove_prefix(1);
  if (!name || !text.empty()) return AcceptFault("malformed");
  const auto algorithm = crypto::ParseSignatureAlgorithm(Lower(*name));
  if (!algorithm) return AcceptFault("unsupported algorithm");
  accept.algorithm = *algorithm;
  return accept;
}

Result<SignatureAlgorithm> ParseAcceptSignature(std::optional<std::string_view> header,
                                                std::string_view account_id) {
  LK_ASSIGN(const AcceptSignature accept, ReadAcceptSignature(header));
  if (!accept.keyid.empty() && accept.keyid != account_id) return AcceptFault("keyid not found");
  return accept.algorithm;
}

}  // namespace latchkey::core
