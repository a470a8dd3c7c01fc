#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/resource.h"

// What the admin client can do, as data: one table per resource of the API, each in a file of its
// own (licenses.cc, machines.cc, ...). Flags of create, update and list follow from core's table of
// the resource; only what is special stands here.
namespace latchkey::app {

// A flag (or a word, when `positional`) of an action, and where its value goes in the request.
struct Parameter {
  std::string_view flag;  // "fingerprint"
  enum class Place { kMeta, kScope } place;
  std::string_view member;  // its name on the wire
  enum class Type { kText, kNumber, kSpan, kFlag, kList } type;
  std::string_view help;
  bool required = false;
  bool positional = false;
};

// What can be done beside create, list, show, update and delete.
struct Action {
  std::string_view verb;
  std::string_view method;
  std::string_view path;  // below what it is `of`: "/actions/suspend"
  std::string_view done;  // what to say; empty: the document says it
  std::string_view help;
  enum class Of { kOne, kAll, kAccount } of = Of::kOne;  // /licenses/x, /licenses, or the account
  std::span<const Parameter> parameters{};
  std::string_view linked{};  // ids of this type after the resource's own: body {data: [...]}
  bool one_linked = false;    // exactly one: body {data: {...}}
  bool create_flags = false;  // takes the flags of create, and sends their document
  bool writes_file = false;   // --output for the certificate
  bool verdict = false;       // answered by meta.valid: exit status 3 when it is no
  bool anonymous = false;     // works without a token
};

using Verbs = std::uint8_t;
inline constexpr Verbs kCanCreate = 1, kCanList = 2, kCanShow = 4, kCanUpdate = 8, kCanDelete = 16;
inline constexpr Verbs kAllVerbs = kCanCreate | kCanList | kCanShow | kCanUpdate | kCanDelete;

// Another resource below which one may be made: `tokens create --product ID` is
// POST /products/ID/tokens.
struct Parent {
  std::string_view flag;
  std::string_view path;  // "products"
};

struct Noun {
  std::string_view name;  // the command, and the path: "licenses"
  const core::Resource& (*resource)();
  std::string_view help;
  std::vector<std::string_view> columns;  // of `list`: id, or wire names of attributes
  Verbs verbs = kAllVerbs;
  std::span<const Action> actions{};
  std::span<const Parent> parents{};
  std::string_view once{};  // said after create, when the answer is not given again
};

// In the order of --help.
std::span<const Noun* const> Nouns();
// Commands that belong to no resource: `whoami`, `validate-key`.
std::span<const Action> AccountActions();

const Noun& Products();
const Noun& Policies();
const Noun& Licenses();
const Noun& Machines();
const Noun& Components();
const Noun& Processes();
const Noun& Entitlements();
const Noun& Keys();
const Noun& Users();
const Noun& Groups();
const Noun& Tokens();

// Flags that several actions share.
std::span<const Parameter> ScopeParameters();     // what a validation is asked about
std::span<const Parameter> CheckOutParameters();  // what goes into a file

}  // namespace latchkey::app
