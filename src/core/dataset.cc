// What goes into signed license keys: default datasets and templates (licenses.md §8.3, §8.4).
#include "base/json.h"
#include "core/license_key.h"

namespace latchkey::core {
namespace {

void WriteTime(base::JsonWriter& json, const std::optional<TimePoint>& time) {
  time ? json.Time(*time) : json.Null();
}

void WriteDuration(base::JsonWriter& json, const KeyContext& context) {
  json.Key("duration");
  context.duration ? json.Int(*context.duration) : json.Null();
}

std::string SigningDataset(const KeyContext& context) {
  base::JsonWriter json;
  json.BeginObject();
  json.Key("account").BeginObject().Key("id").Id(context.account).EndObject();
  json.Key("product").BeginObject().Key("id").Id(context.product).EndObject();
  json.Key("policy").BeginObject().Key("id").Id(context.policy);
  WriteDuration(json, context);
  json.EndObject().Key("user");
  if (context.user) {
    json.BeginObject().Key("id").Id(*context.user).Key("email");
    context.email ? json.String(*context.email) : json.Null();
    json.EndObject();
  } else {
    json.Null();
  }
  json.Key("license").BeginObject().Key("id").Id(context.license);
  json.Key("created").Time(context.created).Key("expiry");
  WriteTime(json, context.expiry);
  return json.EndObject().EndObject().Take();
}

// Kept small: 245 bytes fit.
std::string EncryptDataset(const KeyContext& context) {
  base::JsonWriter json;
  json.BeginObject().Key("id").Id(context.license).Key("created").Time(context.created);
  WriteDuration(json, context);
  json.Key("expiry");
  WriteTime(json, context.expiry);
  return json.EndObject().Take();
}

std::string Claims(const KeyContext& context, Random& random) {
  base::JsonWriter json;
  json.BeginObject().Key("jti").Id(Uuid::V4(random)).Key("iss").String(context.issuer);
  json.Key("aud").Id(context.account).Key("sub").Id(context.license);
  const std::int64_t created = base::UnixSeconds(context.created);
  json.Key("iat").Int(created).Key("nbf").Int(created);
  if (context.expiry) json.Key("exp").Int(base::UnixSeconds(*context.expiry));
  return json.EndObject().Take();
}

bool IsWord(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

std::string Placeholder(std::string_view name, const KeyContext& context) {
  std::string lower;
  for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "account") return context.account.ToString();
  if (lower == "product") return context.product.ToString();
  if (lower == "policy") return context.policy.ToString();
  if (lower == "id") return context.license.ToString();
  if (lower == "user") return context.user ? context.user->ToString() : std::string();
  if (lower == "email") return context.email.value_or(std::string());
  if (lower == "created") return base::FormatTime(context.created);
  if (lower == "expiry") return context.expiry ? base::FormatTime(*context.expiry) : std::string();
  if (lower == "duration")
    return context.duration ? std::to_string(*context.duration) : std::string();
  return {};
}

}  // namespace

std::string DefaultDataset(Scheme scheme, const KeyContext& context, Random& random) {
  switch (scheme) {
    case Scheme::kRsaPkcs1Encrypt:
      return EncryptDataset(context);
    case Scheme::kRsaJwtRs256:
      return Claims(context, random);
    case Scheme::kLegacyEncrypt:
    case Scheme::kRsaPkcs1Sign:
    case Scheme::kRsaPssSign:
    case Scheme::kRsaPkcs1SignV2:
    case Scheme::kRsaPssSignV2:
    case Scheme::kEd25519Sign:
    case Scheme::kEcdsaP256Sign:
      break;
  }
  return SigningDataset(context);
}

std::string ExpandTemplate(std::string_view text, const KeyContext& context) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.substr(at, 2) == "{{") {
      std::size_t end = at + 2;
      while (end < text.size() && IsWord(text[end])) ++end;
      if (end > at + 2 && text.substr(end, 2) == "}}") {
        out += Placeholder(text.substr(at + 2, end - at - 2), context);
        at = end + 2;
        continue;
      }
    }
    out += text[at++];
  }
  return out;
}

}  // namespace latchkey::core
