#include "latchkey/admin/table.h"

#include <array>

namespace latchkey::app {
namespace {

using Place = Parameter::Place;
using Type = Parameter::Type;

constexpr auto kScope = std::to_array<Parameter>({
    {"fingerprint", Place::kScope, "fingerprint", Type::kText, "The device's fingerprint"},
    {"product", Place::kScope, "product", Type::kText, "Must be of this product"},
    {"policy", Place::kScope, "policy", Type::kText, "Must be of this policy"},
    {"user", Place::kScope, "user", Type::kText, "Must be this user's"},
    {"machine", Place::kScope, "machine", Type::kText, "Must have this machine"},
    {"entitlements", Place::kScope, "entitlements", Type::kList, "Must have these, a,b,c"},
    {"scope-version", Place::kScope, "version", Type::kText, "Must cover this version"},
    {"nonce", Place::kMeta, "nonce", Type::kNumber, "A number to find again in the answer"},
});

constexpr auto kKeyAndScope = [] {
  std::array<Parameter, kScope.size() + 1> all{};
  all[0] = {"key", Place::kMeta, "key", Type::kText, "The key", true, true};
  for (std::size_t i = 0; i < kScope.size(); ++i) all[i + 1] = kScope[i];
  return all;
}();

constexpr auto kCheckOut = std::to_array<Parameter>({
    {"ttl", Place::kMeta, "ttl", Type::kSpan, "How long the file is good: seconds or 30d"},
    {"include", Place::kMeta, "include", Type::kList, "What to put in beside, a,b,c"},
    {"encrypt", Place::kMeta, "encrypt", Type::kFlag, "Encrypt it, to be opened with the key"},
    {"algorithm", Place::kMeta, "algorithm", Type::kText, "Like aes-256-gcm+ed25519"},
});

constexpr auto kAccountActions = std::to_array<Action>({
    {.verb = "whoami",
     .method = "GET",
     .path = "/me",
     .done = "",
     .help = "Show who the token belongs to",
     .of = Action::Of::kAccount},
    {.verb = "validate-key",
     .method = "POST",
     .path = "/licenses/actions/validate-key",
     .done = "",
     .help = "Ask whether a license key is valid now",
     .of = Action::Of::kAccount,
     .parameters = kKeyAndScope,
     .verdict = true,
     .anonymous = true},
});

}  // namespace

std::span<const Noun* const> Nouns() {
  static const auto nouns = std::to_array<const Noun*>(
      {&Products(), &Policies(), &Licenses(), &Machines(), &Components(), &Processes(),
       &Entitlements(), &Keys(), &Users(), &Groups(), &Tokens()});
  return nouns;
}

std::span<const Action> AccountActions() { return kAccountActions; }
std::span<const Parameter> ScopeParameters() { return kScope; }
std::span<const Parameter> CheckOutParameters() { return kCheckOut; }

}  // namespace latchkey::app
