#include "api/problem.h"

#include "core/naming.h"

namespace latchkey::api {
namespace {

constexpr std::string_view kUnauthenticated = "You must be authenticated to complete the request";
constexpr std::string_view kCouldNot = "The request could not be completed";

// What an Errc is on the wire. `detail` is used when the error brings none of its own.
struct Row {
  int status;
  std::string_view title;
  std::string_view code;
  std::string_view detail;
  SourceKind source_kind = SourceKind::kNone;
  std::string_view source = {};  // when the error brings no pointer of its own
  bool about = false;
};

constexpr Row BadRequest(std::string_view code, std::string_view detail,
                         SourceKind kind = SourceKind::kNone, std::string_view source = {}) {
  return {400, "Bad request", code, detail, kind, source};
}
constexpr Row Unauthorized(std::string_view code, std::string_view detail, bool about = false) {
  return {401, "Unauthorized", code, detail, SourceKind::kHeader, "Authorization", about};
}
constexpr Row Token(std::string_view code, std::string_view detail, bool about = false) {
  return {401, "Unauthorized", code, detail, SourceKind::kNone, {}, about};
}
constexpr Row Denied(std::string_view code, std::string_view detail, bool about = false) {
  return {403, "Access denied", code, detail, SourceKind::kNone, {}, about};
}

// Without `default`, so that the compiler names a missing case.
Row RowOf(Errc code) {
  switch (code) {
    case Errc::kParameterInvalid:
      return BadRequest("", "is invalid", SourceKind::kPointer);
    case Errc::kQueryInvalid:
      return BadRequest("", "is invalid", SourceKind::kParameter);
    case Errc::kJsonInvalid:
      return BadRequest("JSON_INVALID",
                        "The request could not be completed because it contains invalid JSON "
                        "(check formatting/encoding)");
    case Errc::kEncodingInvalid:
      return BadRequest("ENCODING_INVALID",
                        "The request could not be completed because it contains an invalid byte "
                        "sequence (check encoding)");
    case Errc::kNullByte:
      return BadRequest("ENCODING_INVALID",
                        "The request could not be completed because it contains an unexpected null "
                        "byte (check encoding)");
    case Errc::kParametersInvalid:
      return BadRequest("PARAMETERS_INVALID",
                        "The request could not be completed because it contains invalid query "
                        "parameters (check encoding)");
    case Errc::kUriInvalid:
      return BadRequest("URI_INVALID",
                        "The request could not be completed because the URI was invalid (please "
                        "ensure non-URL safe chars "
                        "are properly encoded)");
    case Errc::kMimeTypeInvalid:
      return BadRequest(
          "MIME_TYPE_INVALID",
          "The mime type of the request is not acceptable (check content-type and accept headers)");
    case Errc::kMethodInvalid:
      return BadRequest("HTTP_METHOD_INVALID", "The HTTP method for the request is not valid");
    case Errc::kVersionUnsupported: {
      Row row = BadRequest("INVALID_API_VERSION", "unsupported API version requested");
      row.about = true;
      return row;
    }
    case Errc::kEnvironmentInvalid:
      return BadRequest("ENVIRONMENT_INVALID", "environment is invalid", SourceKind::kHeader,
                        "Keygen-Environment");
    case Errc::kAcceptSignatureInvalid:
      return BadRequest("", "invalid accept-signature header (malformed)");
    case Errc::kCheckoutTtlInvalid:
      return BadRequest("CHECKOUT_TTL_INVALID", "must be greater than or equal to 3600 (1 hour)",
                        SourceKind::kParameter, "ttl");
    case Errc::kCheckoutAlgorithmInvalid:
      return BadRequest("CHECKOUT_ALGORITHM_INVALID", "invalid encoding algorithm",
                        SourceKind::kParameter, "algorithm");
    case Errc::kCheckoutIncludeInvalid:
      return BadRequest("CHECKOUT_INCLUDE_INVALID", "invalid includes", SourceKind::kParameter,
                        "include");

    case Errc::kTokenMissing:
      return Token("TOKEN_MISSING", kUnauthenticated, true);
    case Errc::kTokenInvalid:
      return Token("TOKEN_INVALID", kUnauthenticated, true);
    case Errc::kTokenFormatInvalid:
      return Token("TOKEN_FORMAT_INVALID",
                   "Token format is invalid (make sure that you're providing a token value, not a "
                   "token's UUID identifier)",
                   true);
    case Errc::kTokenExpired:
      return Token("TOKEN_EXPIRED", "Token is expired");
    case Errc::kLicenseInvalid:
      return Token("LICENSE_INVALID", kUnauthenticated, true);
    case Errc::kEmailRequired:
      return Unauthorized("EMAIL_REQUIRED", "email is required");
    case Errc::kEmailInvalid:
      return Unauthorized("EMAIL_INVALID", "email must be valid");
    case Errc::kPasswordRequired:
      return Unauthorized("PASSWORD_REQUIRED", "password is required");
    case Errc::kPasswordInvalid:
      return Unauthorized("PASSWORD_INVALID", "password must be valid");
    case Errc::kPasswordNotSupported:
      return Unauthorized("PASSWORD_NOT_SUPPORTED", "password is unsupported");
    case Errc::kCredentialsInvalid:
      return Unauthorized("CREDENTIALS_INVALID", "email and password must be valid");
    case Errc::kOtpRequired:
      return {401,
              "Unauthorized",
              "OTP_REQUIRED",
              "second factor is required",
              SourceKind::kPointer,
              "/meta/otp"};
    case Errc::kOtpInvalid:
      return {401,
              "Unauthorized",
              "OTP_INVALID",
              "second factor must be valid",
              SourceKind::kPointer,
              "/meta/otp"};
    case Errc::kUserBanned:
      return Denied("USER_BANNED", "User is banned");
    case Errc::kLicenseBanned:
      return Denied("LICENSE_BANNED", "License is banned");
    case Errc::kLicenseSuspended:
      return Denied("LICENSE_SUSPENDED", "License is suspended");
    case Errc::kLicenseExpired:
      return Denied("LICENSE_EXPIRED", "License is expired");
    case Errc::kLicenseNotAllowed:
      return Denied("LICENSE_NOT_ALLOWED", "License key authentication is not allowed by policy",
                    true);
    case Errc::kTokenNotAllowed:
      return Denied("TOKEN_NOT_ALLOWED", "Token authentication is not allowed by policy", true);
    case Errc::kSessionNotAllowed:
      return Denied("SESSION_NOT_ALLOWED", "Session authentication is not allowed by policy");

    case Errc::kForbidden:
      return Denied("", "");
    case Errc::kRefused:
      return {403, "Access denied", "", kCouldNot, SourceKind::kPointer};
    case Errc::kNotFound:
      return {404, "Not found", "NOT_FOUND", "The requested resource was not found"};
    case Errc::kNoRoute:
      return {404, "Not found", "NOT_FOUND",
              "The requested endpoint was not found (check your HTTP method, Accept header, and "
              "URL path)"};

    case Errc::kConflict:
      return {409, "Conflict", "", "The request could not be completed because of a conflict",
              SourceKind::kPointer};
    case Errc::kUnprocessable:
      return {422, "Unprocessable entity", "", kCouldNot, SourceKind::kPointer};
    case Errc::kMachineHeartbeatDead:
      return {422, "Unprocessable entity", "MACHINE_HEARTBEAT_DEAD", "is dead"};
    case Errc::kProcessHeartbeatDead:
      return {422, "Unprocessable entity", "PROCESS_HEARTBEAT_DEAD", "is dead"};
    case Errc::kTakeoverLimitExceeded:
      return {422,
              "Unprocessable entity",
              "TAKEOVER_LIMIT_EXCEEDED",
              "seats of this license were taken over too often in the last 24 hours (maximum is 3)",
              SourceKind::kPointer,
              "/data"};
    case Errc::kInvalid:
      return {422, "Unprocessable resource", "", kCouldNot};
    case Errc::kTooManyRequests:
      return {429, "Too many requests", "TOO_MANY_REQUESTS",
              "Too many requests: wait before you try again"};

    case Errc::kDiskFull:
      return {503, "Service unavailable", "",
              "The server has no disk space left: nothing was changed. Try again later"};
    case Errc::kReadOnly:
      return {503, "Service unavailable", "",
              "The server cannot write at the moment: nothing was changed. Try again later"};
    case Errc::kUnavailable:
    case Errc::kDamaged:
    case Errc::kLocked:
      return {503, "Service unavailable", "",
              "The server cannot answer this at the moment: try again later"};
    case Errc::kTimeout:
      return {503, "Request timeout", "",
              "The request timed out because the server took too long to respond"};

    // None of these leaves a use case: reaching a client with one is a bug of ours.
    case Errc::kSignatureInvalid:
    case Errc::kMalformed:
    case Errc::kWeakKey:
    case Errc::kDecryptionFailed:
    case Errc::kExpired:
    case Errc::kNotYetValid:
    case Errc::kWrongFingerprint:
    case Errc::kIo:
    case Errc::kWrongKey:
    case Errc::kConfigInvalid:
    case Errc::kInternal:
    case Errc::kNeedsWrite:
      break;
  }
  return {500, "Internal server error", "",
          "Something went wrong on our side: try again, and tell us the request id if it stays"};
}

// Details of these stay inside: they tell about the server, such as the columns of a unique index.
bool HidesDetail(const Error& error) {
  if (error.code == Errc::kConflict) return error.pointer.empty();
  return error.code == Errc::kJsonInvalid || RowOf(error.code).status >= 500;
}

std::string ForbiddenText(std::string_view reason, bool anonymous) {
  std::string text = "You do not have permission to complete the request (";
  if (!reason.empty())
    text += reason;
  else if (anonymous)
    text += "ensure a token or license is present and valid";
  else
    text += "ensure the token or license is allowed to access all resources";
  text += ')';
  return text;
}

// `https://…/{topic}/#{topic}-object-attrs-{attr}` (licenses.md §0).
std::string About(const Violation& violation, const core::WireCode& wire,
                  std::string_view docs_base, std::string_view topic) {
  std::string url(docs_base);
  url += '/';
  url += topic;
  url += "/#";
  url += topic;
  url += "-object";
  const std::string last = wire.pointer.substr(wire.pointer.rfind('/') + 1);
  if (violation.kind == Violation::Kind::kAttribute) url += "-attrs-" + last;
  if (violation.kind == Violation::Kind::kRelationship) url += "-relationships-" + last;
  return url;
}

Failure Violations(const Error& error, std::string_view docs_base, std::string_view topic) {
  Failure failure{.status = 422, .problems = {}};
  for (const Violation& violation : error.violations) {
    const core::WireCode wire = core::DeriveCode(violation);
    const bool seen =
        std::any_of(failure.problems.begin(), failure.problems.end(), [&](const Problem& problem) {
          return problem.code == wire.code && problem.source == wire.pointer;
        });
    if (seen) continue;  // duplicate (code, source) pairs are merged, the first stays
    failure.problems.push_back(Problem{.title = "Unprocessable resource",
                                       .detail = violation.detail,
                                       .code = wire.code,
                                       .source_kind = SourceKind::kPointer,
                                       .source = wire.pointer,
                                       .about = About(violation, wire, docs_base, topic)});
  }
  return failure;
}

}  // namespace

Failure ToFailure(const Error& error, std::string_view docs_base, std::string_view topic,
                  bool anonymous) {
  if (error.code == Errc::kInvalid) return Violations(error, docs_base, topic);
  const Row row = RowOf(error.code);
  Problem problem{.title = std::string(row.title),
                  .detail = std::string(row.detail),
                  .code = std::string(row.code)};
  if (error.code == Errc::kForbidden)
    problem.detail = ForbiddenText(error.detail, anonymous);
  else if (!error.detail.empty() && !HidesDetail(error))
    problem.detail = error.detail;
  const std::string_view source =
      error.pointer.empty() ? row.source : std::string_view(error.pointer);
  // A 401 about a member of the body points at it; with words of its own it has no code
  // (conventions.md §9.3, §9.4).
  const bool about_member = row.status == 401 && error.pointer.starts_with('/');
  if (about_member && !error.detail.empty()) problem.code.clear();
  if (about_member || (row.source_kind != SourceKind::kNone && !source.empty())) {
    problem.source_kind = about_member ? SourceKind::kPointer : row.source_kind;
    problem.source = source;
  }
  if (row.about && !about_member) problem.about = std::string(docs_base) + "/authentication/";
  if (error.code == Errc::kVersionUnsupported)
    problem.about = std::string(docs_base) + "/versioning/";
  return {.status = row.status, .problems = {std::move(problem)}};
}

std::string WriteFailure(const Failure& failure, const json::object* meta) {
  base::JsonWriter out;
  out.BeginObject();
  if (meta) out.Key("meta").Tree(*meta);
  out.Key("errors").BeginArray();
  for (const Problem& problem : failure.problems) {
    out.BeginObject().Key("title").String(problem.title).Key("detail").String(problem.detail);
    if (!problem.code.empty()) out.Key("code").String(problem.code);
    if (problem.source_kind != SourceKind::kNone) {
      constexpr std::string_view kNames[] = {"", "pointer", "parameter", "header"};
      out.Key("source")
          .BeginObject()
          .Key(kNames[static_cast<int>(problem.source_kind)])
          .String(problem.source)
          .EndObject();
    }
    if (!problem.about.empty())
      out.Key("links").BeginObject().Key("about").String(problem.about).EndObject();
    out.EndObject();
  }
  out.EndArray().EndObject();
  return out.Take();
}

}  // namespace latchkey::api
