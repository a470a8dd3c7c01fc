#pragma once

#include "api/call.h"

namespace latchkey::api {

// Older API versions (conventions.md §2): the server works in 1.8; each step is undone for clients
// at or below it, newest first. All steps are in versions.cc.
bool NeedsMigration(const Call& call);  // older than any answer that the handlers write themselves

// Members that only old versions know become today's, and the defaults that they had are put in.
// Before the schema; `body` has normalised keys.
void MigrateRequest(const Call& call, json::value& body);

// A document ({"data":…,"included":…,"meta":…}): an answer, or the content of a license or machine
// file. Reads the owners of the licenses of machines in the request's session. Errors: the
// session's.
Result<std::string> MigrateDocument(const Call& call, std::string document);

void MigrateError(const Call& call, Error& error);

// "Keygen-Bearer" → "Keygen-Bearer-Id" for old versions.
std::string MigratedHeader(const Call& call, std::string_view name);

}  // namespace latchkey::api
