#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace latchkey::api {

// Where an error lies (conventions.md §1.9): exactly one kind, or none.
enum class SourceKind { kNone, kPointer, kParameter, kHeader };

// One entry of an error document.
struct Problem {
  std::string title{};
  std::string detail{};
  std::string code{};  // empty = member omitted
  SourceKind source_kind = SourceKind::kNone;
  std::string source{};
  std::string about{};  // links.about, empty = omitted
};

struct Failure {
  int status = 500;
  std::vector<Problem> problems{};
};

// The one mapping from our errors to statuses, titles, codes and texts (conventions.md §1.10,
// §1.11, §3.6, §4.6). `docs_base` begins links.about; `topic` is the plural, dashed resource of the
// request ("licenses"); `anonymous` chooses the wording of a 403 without a reason.
Failure ToFailure(const Error& error, std::string_view docs_base, std::string_view topic,
                  bool anonymous);

// {"meta":{"id":…, …},"errors":[…]}. `meta` is written first when not null.
std::string WriteFailure(const Failure& failure, const json::object* meta);

}  // namespace latchkey::api
