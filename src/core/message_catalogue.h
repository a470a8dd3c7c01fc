#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/message_format.h"

namespace latchkey::core {

// The one catalogue of words for SDK, CLI, API, e-mail, portal and console (ux.md §2, decision 28),
// compiled from messages/*.json at build time. All functions are pure, allocate only what they
// return, and are safe on any thread.

enum class Severity { kInfo, kWarning, kCritical };
std::string_view NameOf(Severity severity);  // "info", "warning", "critical"

// What a person can do next. `code` is one of the eleven names of ux.md §2 ("retry", "renew", ...).
struct Action {
  std::string code;
  std::string label;  // in the message's language
};

// One reason, said in one language: a sentence of cause, a sentence of consequence, next steps.
struct Message {
  std::string code, title, body;
  std::vector<Action> actions;  // at least one, the primary one first
  Severity severity = Severity::kInfo;
  std::string article;  // anchor in docs/errors.md
};

// Explains `reason` (a code of messages/reasons.json). Never fails: arguments are all optional, and
// one of a wrong kind is left out. A code that this version does not know, say from a newer
// server, gets a general text and keeps its code.
//
// Arguments that reasons understand (kinds: t text, n number, d time):
//   product t   the application's or product's name      seller t  who sold the license
//   until d     last moment of full access               expiry d  end of the license
//   since d     when it began (suspended, unreachable)   limit t   machines users cores memory disk
//   used n / max n   seats or uses                                 processes activations takeovers
//   group n     number of the mistyped group, from 1     device t  name of the other device
//   feature t   the missing entitlement                  host t    server that was asked
//   what t      "license" or "record" for NOT_FOUND      setting t name of a setting
//   (SETTING_FORBIDS) detail t    the wire sentence (REQUEST_INVALID)      seconds n wait before
//   trying again clock d     what this computer's clock says          version t the application's
//   version
Message Explain(std::string_view reason, const MessageArguments& arguments, std::string_view locale,
                TimePoint now, UtcOffset offset = nullptr);

// A sentence of the `words` part of the catalogue ("license.to", "seat.count"). An unknown key, or
// an argument missing in `arguments`, is a bug of the caller: the key itself comes back.
std::string Say(std::string_view key, const MessageArguments& arguments, std::string_view locale,
                TimePoint now, UtcOffset offset = nullptr);

// The reason for a wire code of the API (licenses.md §9, conventions.md §1.10, §1.11, §3.6), with
// `status` the HTTP status, or 0 when there is none. Never empty, except for VALID: no reason
// needed. An empty `wire_code` is judged by status alone.
std::string_view ReasonOf(std::string_view wire_code, int status = 0);

// The row of the table above for this very code, without the rules for families and statuses.
std::optional<std::string_view> FindReason(std::string_view wire_code);

// All reason codes, in the order of messages/reasons.json, and all locales that have words.
std::span<const std::string_view> ReasonCodes();
std::span<const std::string_view> Locales();

// The best of Locales() for an Accept-Language header (RFC 9110 §12.5.4) or a locale name such as
// "de_AT.UTF-8"; "en" when nothing fits. Static storage.
std::string_view PickLocale(std::string_view wanted);

}  // namespace latchkey::core
