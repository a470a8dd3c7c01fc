#include "latchkey/command_line_admin.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "core/license.h"
#include "core/machine.h"
#include "core/naming.h"
#include "core/product.h"
#include "core/user.h"
#include "latchkey/admin_client.h"
#include "latchkey/attribute_text.h"
#include "latchkey/document_text.h"
#include "latchkey/terminal.h"

namespace latchkey::app {
namespace {

using core::Attribute;
using core::Relationship;
using core::Resource;

// What can be done with a resource beside create, list, show, update and delete.
struct Parameter {
  std::string_view flag;  // "fingerprint"
  enum class Place { kMeta, kScope } place;
  std::string_view member;  // its name on the wire
  enum class Type { kText, kNumber, kSpan, kFlag, kList } type;
  std::string_view help;
};

struct Action {
  std::string_view verb;
  std::string_view method;
  std::string_view path;  // below the resource: "/actions/suspend"
  std::string_view done;  // what to say; empty: the document says it
  std::string_view help;
  std::span<const Parameter> parameters{};
  std::string_view linked{};  // ids of this type after the resource's own: body {data: [...]}
  bool one_linked = false;    // exactly one: body {data: {...}}
  bool writes_file = false;   // --output for the certificate
};

using Place = Parameter::Place;
using Type = Parameter::Type;

constexpr Parameter kScope[] = {
    {"fingerprint", Place::kScope, "fingerprint", Type::kText, "The device's fingerprint"},
    {"product", Place::kScope, "product", Type::kText, "Must be of this product"},
    {"policy", Place::kScope, "policy", Type::kText, "Must be of this policy"},
    {"user", Place::kScope, "user", Type::kText, "Must be this user's"},
    {"machine", Place::kScope, "machine", Type::kText, "Must have this machine"},
    {"entitlements", Place::kScope, "entitlements", Type::kList, "Must have these, a,b,c"},
    {"scope-version", Place::kScope, "version", Type::kText, "Must cover this version"},
    {"nonce", Place::kMeta, "nonce", Type::kNumber, "A number to find again in the answer"},
};
constexpr Parameter kCheckOut[] = {
    {"ttl", Place::kMeta, "ttl", Type::kSpan, "How long the file is good: seconds or 30d"},
    {"include", Place::kMeta, "include", Type::kList, "What to put in beside, a,b,c"},
    {"encrypt", Place::kMeta, "encrypt", Type::kFlag, "Encrypt it, to be opened with the key"},
    {"algorithm", Place::kMeta, "algorithm", Type::kText, "Like aes-256-gcm+ed25519"},
};
constexpr Parameter kIncrement[] = {
    {"by", Place::kMeta, "increment", Type::kNumber, "How much (1)"}};
constexpr Parameter kDecrement[] = {
    {"by", Place::kMeta, "decrement", Type::kNumber, "How much (1)"}};

constexpr Action kPolicyActions[] = {
    {.verb = "attach",
     .method = "POST",
     .path = "/entitlements",
     .done = "attached",
     .help = "Give its licenses these entitlements",
     .linked = "entitlements"},
    {.verb = "detach",
     .method = "DELETE",
     .path = "/entitlements",
     .done = "detached",
     .help = "Take these entitlements back",
     .linked = "entitlements"},
};
constexpr Action kLicenseActions[] = {
    {.verb = "suspend",
     .method = "POST",
     .path = "/actions/suspend",
     .done = "suspended",
     .help = "Stop it until it is reinstated"},
    {.verb = "reinstate",
     .method = "POST",
     .path = "/actions/reinstate",
     .done = "reinstated",
     .help = "Undo a suspension"},
    {.verb = "renew",
     .method = "POST",
     .path = "/actions/renew",
     .done = "renewed",
     .help = "Move its expiry on by the policy's duration"},
    {.verb = "revoke",
     .method = "DELETE",
     .path = "/actions/revoke",
     .done = "revoked",
     .help = "Take it back for good: license and machines go"},
    {.verb = "check-in",
     .method = "POST",
     .path = "/actions/check-in",
     .done = "checked in",
     .help = "Note that it was used"},
    {.verb = "validate",
     .method = "POST",
     .path = "/actions/validate",
     .done = "",
     .help = "Ask whether it is valid now (exit status 3 when it is not)",
     .parameters = kScope},
    {.verb = "check-out",
     .method = "POST",
     .path = "/actions/check-out",
     .done = "",
     .help = "Make a license file for use offline",
     .parameters = kCheckOut,
     .writes_file = true},
    {.verb = "increment-usage",
     .method = "POST",
     .path = "/actions/increment-usage",
     .done = "counted",
     .help = "Count uses",
     .parameters = kIncrement},
    {.verb = "decrement-usage",
     .method = "POST",
     .path = "/actions/decrement-usage",
     .done = "counted",
     .help = "Take uses back",
     .parameters = kDecrement},
    {.verb = "reset-usage",
     .method = "POST",
     .path = "/actions/reset-usage",
     .done = "reset",
     .help = "Set its uses to none"},
    {.verb = "transfer",
     .method = "PUT",
     .path = "/policy",
     .done = "transferred",
     .help = "Put it under another policy",
     .linked = "policies",
     .one_linked = true},
    {.verb = "attach",
     .method = "POST",
     .path = "/entitlements",
     .done = "attached",
     .help = "Give it these entitlements",
     .linked = "entitlements"},
    {.verb = "detach",
     .method = "DELETE",
     .path = "/entitlements",
     .done = "detached",
     .help = "Take these entitlements back",
     .linked = "entitlements"},
};
constexpr Action kMachineActions[] = {
    {.verb = "ping",
     .method = "POST",
     .path = "/actions/ping",
     .done = "pinged",
     .help = "Send a heartbeat for it"},
    {.verb = "reset",
     .method = "POST",
     .path = "/actions/reset",
     .done = "reset",
     .help = "Stop its heartbeat"},
    {.verb = "check-out",
     .method = "POST",
     .path = "/actions/check-out",
     .done = "",
     .help = "Make a machine file for use offline",
     .parameters = kCheckOut,
     .writes_file = true},
};
constexpr Action kTokenActions[] = {
    {.verb = "regenerate",
     .method = "PUT",
     .path = "",
     .done = "regenerated",
     .help = "Replace its value; the old one stops working at once"},
};

struct Noun {
  std::string_view name;
  const Resource& (*resource)();
  std::string_view help;
  std::vector<std::string_view> columns;
  std::span<const Action> actions{};
  bool can_update = true;
};

const std::vector<Noun>& Nouns() {
  static const std::vector<Noun> nouns = {
      {"products",
       core::ResourceOf<core::Product>,
       "What you license",
       {"id", "name", "code", "url"}},
      {"policies",
       core::ResourceOf<core::Policy>,
       "Rules that licenses follow",
       {"id", "name", "duration", "floating", "strict", "maxMachines"},
       kPolicyActions},
      {"licenses",
       core::ResourceOf<core::License>,
       "What customers hold",
       {"id", "name", "status", "expiry", "key"},
       kLicenseActions},
      {"machines",
       core::ResourceOf<core::Machine>,
       "Devices that use a license",
       {"id", "name", "heartbeatStatus", "created", "fingerprint"},
       kMachineActions},
      {"entitlements",
       core::ResourceOf<core::Entitlement>,
       "Features that licenses allow",
       {"id", "code", "name"}},
      {"tokens",
       core::ResourceOf<core::Token>,
       "Credentials for programs and people",
       {"id", "kind", "name", "expiry"},
       kTokenActions,
       false},
  };
  return nouns;
}

// Where to send, and how to show what comes back; on every command.
struct Output {
  Connection connection;
  bool json = false;
  std::string print;  // one member alone
};

std::shared_ptr<Output> AddOutput(CLI::App& command) {
  auto output = std::make_shared<Output>();
  auto& connection = output->connection;
  constexpr const char* kGroup = "Server";
  command.add_option("--server", connection.server, "Address of the server (LATCHKEY_SERVER)")
      ->group(kGroup);
  command.add_option("--account", connection.account, "Account id or slug (LATCHKEY_ACCOUNT)")
      ->group(kGroup);
  command
      .add_option("--token", connection.token,
                  "Token (better: LATCHKEY_TOKEN, which other users cannot see)")
      ->group(kGroup);
  command.add_option("--credentials", connection.credentials_file, "The file made by init")
      ->group(kGroup);
  command.add_option("--ca-file", connection.ca_file, "Trust this authority (PEM)")->group(kGroup);
  command.add_flag("--json", output->json, "Print the API's document")->group("Output");
  command.add_option("--print", output->print, "Print one member alone, like id, key or expiry")
      ->group("Output");
  return output;
}

// Prints an answer; the exit status.
int Show(const ApiAnswer& answer, const Output& output, const Noun* noun, std::string_view done) {
  if (output.json && !answer.body.empty()) std::cout << answer.body << std::endl;
  if (!answer.ok()) {
    if (!output.json)
      std::cerr << "latchkey: " << DescribeErrors(answer, done == "created" || done == "updated")
                << std::endl;
    return kFailed;
  }
  if (output.json) return kOk;
  if (!output.print.empty()) {
    std::cout << MemberText(answer.document, output.print) << std::endl;
    return kOk;
  }
  if (!done.empty()) {
    std::string what(noun ? noun->resource().noun : "");
    if (!what.empty()) what[0] = static_cast<char>(what[0] - ('a' - 'A'));
    std::cout << what << ' ' << done << ".\n";
  }
  static const std::vector<std::string_view> kId = {"id"};
  std::cout << DocumentText(answer.document, noun ? noun->columns : kId) << std::flush;
  return kOk;
}

// A validation's answer as a sentence; 3 when it is no.
int ShowVerdict(const ApiAnswer& answer, const Output& output) {
  const std::string valid = MemberText(answer.document, "valid");
  if (!answer.ok() || output.json || !output.print.empty()) {
    const int status = Show(answer, output, nullptr, "");
    return status == kOk && valid == "false" ? kNotValid : status;
  }
  std::cout << (valid == "true" ? "Valid" : "Not valid") << " ("
            << MemberText(answer.document, "code") << "): " << MemberText(answer.document, "detail")
            << std::endl;
  return valid == "true" ? kOk : kNotValid;
}

int SaveCertificate(const ApiAnswer& answer, const std::string& path) {
  const std::string text = MemberText(answer.document, "certificate");
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!written) return Fail(Error{Errc::kIo, "cannot write " + path + ": " + std::strerror(error)});
  std::cout << "written to " << path << ", good until " << MemberText(answer.document, "expiry")
            << std::endl;
  return kOk;
}

// Flags for attributes and relationships of a resource, made from its table, and the document they
// give.
class Form {
 public:
  Form(CLI::App& command, const Resource& resource, bool create) : resource_(resource) {
    for (const Attribute& attribute : resource.attributes) {
      if ((create ? attribute.create : attribute.update).empty()) continue;
      fields_.push_back(std::make_unique<Field>());
      Field& field = *fields_.back();
      field.attribute = &attribute;
      const std::string name = FlagName(attribute.name);
      if (attribute.kind == core::Kind::kBoolean) {
        field.texts.resize(1);
        field.option =
            command.add_flag("--" + name + "{true},--no-" + name + "{false}", field.texts[0], "");
        field.option->description("yes or no");
      } else {
        field.option = command.add_option("--" + name, field.texts, "");
        field.option->type_name(FlagType(attribute))->allow_extra_args(false);
        if (attribute.kind != core::Kind::kMetadata && attribute.kind != core::Kind::kStrings)
          field.option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        field.option->required(create && attribute.required);
      }
      field.option->group("Attributes");
    }
    for (const Relationship& relationship : resource.relationships) {
      if (!create || relationship.create.empty()) continue;
      fields_.push_back(std::make_unique<Field>());
      Field& field = *fields_.back();
      field.relationship = &relationship;
      field.texts.resize(1);
      field.option = command.add_option("--" + FlagName(relationship.name), field.texts[0],
                                        "Its " + std::string(relationship.name));
      field.option->type_name("id")->required(relationship.required)->group("Relationships");
    }
  }

  Result<json::value> Document() const {
    json::object attributes, relationships;
    for (const auto& field : fields_) {
      if (field->option->count() == 0) continue;
      if (field->attribute) {
        LK_ASSIGN(auto value, AttributeValue(*field->attribute, field->texts));
        attributes.emplace(core::ToCamel(field->attribute->name), std::move(value));
      } else {
        relationships.emplace(
            core::ToCamel(field->relationship->name),
            json::object{
                {"data", {{"type", field->relationship->target}, {"id", field->texts[0]}}}});
      }
    }
    json::object data{{"type", resource_.type}};
    if (!attributes.empty()) data.emplace("attributes", std::move(attributes));
    if (!relationships.empty()) data.emplace("relationships", std::move(relationships));
    return json::value(json::object{{"data", std::move(data)}});
  }

 private:
  struct Field {
    const Attribute* attribute = nullptr;
    const Relationship* relationship = nullptr;
    std::vector<std::string> texts;
    CLI::Option* option = nullptr;
  };
  const Resource& resource_;
  std::vector<std::unique_ptr<Field>> fields_;
};

// Flags of an action, and the `meta` they give.
class MetaForm {
 public:
  MetaForm(CLI::App& command, std::span<const Parameter> parameters) {
    for (const Parameter& parameter : parameters) {
      fields_.push_back(std::make_unique<Field>());
      Field& field = *fields_.back();
      field.parameter = &parameter;
      const std::string flag = "--" + std::string(parameter.flag);
      const std::string help(parameter.help);
      field.option = parameter.type == Type::kFlag ? command.add_flag(flag, help)
                                                   : command.add_option(flag, field.text, help);
    }
  }

  Result<json::value> Body() const {
    json::object meta, scope;
    for (const auto& field : fields_) {
      if (field->option->count() == 0) continue;
      LK_ASSIGN(auto value, ValueOf(*field));
      (field->parameter->place == Place::kScope ? scope : meta)
          .emplace(field->parameter->member, std::move(value));
    }
    if (!scope.empty()) meta.emplace("scope", std::move(scope));
    return json::value(std::move(meta));
  }

 private:
  struct Field {
    const Parameter* parameter;
    std::string text;
    CLI::Option* option;
  };

  static Result<json::value> ValueOf(const Field& field) {
    Attribute as;
    as.name = field.parameter->flag;
    switch (field.parameter->type) {
      case Type::kFlag:
        return json::value(true);
      case Type::kText:
        return json::value(field.text);
      case Type::kNumber:
        as.kind = core::Kind::kInteger;
        break;
      case Type::kSpan: {
        const auto span = ParseSpan(field.text);
        if (field.text == "null") return json::value(nullptr);
        if (!span)
          return Error{Errc::kConfigInvalid,
                       "--" + std::string(field.parameter->flag) + " takes seconds or 30d, 12h"};
        return json::value(*span);
      }
      case Type::kList:
        as.kind = core::Kind::kStrings;
        break;
    }
    return AttributeValue(as, {field.text});
  }

  std::vector<std::unique_ptr<Field>> fields_;
};

std::string Path(const Noun& noun, const std::string& id, std::string_view below = "") {
  return "/" + std::string(noun.name) + (id.empty() ? "" : "/" + http::PercentEncode(id)) +
         std::string(below);
}

Result<ApiAnswer> Ask(const Output& output, bool anonymous, std::string_view method,
                      const std::string& path, const http::Query& query, const json::value& body) {
  LK_ASSIGN(const AdminClient client, AdminClient::Open(output.connection, anonymous));
  return client.Call(method, path, query, body);
}

void AddCreate(CLI::App& app, const Noun& noun, int& status) {
  auto* command = app.add_subcommand("create", "Make one");
  auto form = std::make_shared<Form>(*command, noun.resource(), true);
  auto output = AddOutput(*command);
  const bool token = noun.name == "tokens";
  auto bearer = std::make_shared<std::pair<std::string, std::string>>();
  if (token) {
    command->add_option("--product", bearer->first, "For this product (else for yourself)");
    command->add_option("--license", bearer->second, "For this license (else for yourself)");
  }
  command->callback([=, &noun, &status] {
    const auto body = form->Document();
    if (!body) {
      status = Fail(body.error());
      return;
    }
    std::string path = Path(noun, "");
    if (!bearer->first.empty()) path = "/products/" + http::PercentEncode(bearer->first) + path;
    if (!bearer->second.empty()) path = "/licenses/" + http::PercentEncode(bearer->second) + path;
    const auto answer = Ask(*output, false, "POST", path, {}, *body);
    status = answer ? Show(*answer, *output, &noun, "created") : Fail(answer.error());
    if (token && status == kOk && !output->json && output->print.empty())
      std::cout << "The token is shown this once: keep it now." << std::endl;
  });
}

void AddUpdate(CLI::App& app, const Noun& noun, int& status) {
  auto* command = app.add_subcommand("update", "Change one");
  auto id = std::make_shared<std::string>();
  command->add_option("which", *id, "Its id, or another name it is found by")->required();
  auto form = std::make_shared<Form>(*command, noun.resource(), false);
  auto output = AddOutput(*command);
  command->callback([=, &noun, &status] {
    const auto body = form->Document();
    const auto answer = body ? Ask(*output, false, "PATCH", Path(noun, *id), {}, *body)
                             : Result<ApiAnswer>(body.error());
    status = answer ? Show(*answer, *output, &noun, "updated") : Fail(answer.error());
  });
}

void AddShow(CLI::App& app, const Noun& noun, int& status) {
  auto* command = app.add_subcommand("show", "Show one");
  auto id = std::make_shared<std::string>();
  command->add_option("which", *id, "Its id, or another name it is found by")->required();
  auto output = AddOutput(*command);
  command->callback([=, &noun, &status] {
    const auto answer = Ask(*output, false, "GET", Path(noun, *id), {}, nullptr);
    status = answer ? Show(*answer, *output, &noun, "") : Fail(answer.error());
  });
}

void AddDelete(CLI::App& app, const Noun& noun, int& status) {
  auto* command = app.add_subcommand("delete", "Remove one, with all that belongs to it");
  auto id = std::make_shared<std::string>();
  command->add_option("which", *id, "Its id, or another name it is found by")->required();
  auto output = AddOutput(*command);
  command->callback([=, &noun, &status] {
    const auto answer = Ask(*output, false, "DELETE", Path(noun, *id), {}, nullptr);
    status = answer ? Show(*answer, *output, &noun, "deleted") : Fail(answer.error());
  });
}

struct ListOptions {
  std::int64_t limit = 100;
  bool all = false;
  std::vector<std::string> where;
  std::map<std::string, std::string> related;
};

// Every page by cursor, joined into one document.
Result<ApiAnswer> AskAll(const Output& output, const std::string& path, http::Query query) {
  json::array joined;
  std::string cursor;
  for (;;) {
    http::Query page = query;
    page.push_back({"page[cursor]", cursor});
    page.push_back({"page[size]", "100"});
    LK_ASSIGN(ApiAnswer answer, Ask(output, false, "GET", path, page, nullptr));
    auto* document = answer.document.if_object();
    auto* data = document ? document->if_contains("data") : nullptr;
    if (!answer.ok() || !data || !data->is_array()) return answer;
    const std::size_t size = data->get_array().size();
    for (auto& item : data->get_array()) joined.push_back(std::move(item));
    if (size == 100) {
      cursor = std::string(joined.back().at("id").as_string());
      continue;
    }
    answer.document = json::object{{"data", std::move(joined)}};
    answer.body = base::WriteJson(answer.document);
    return answer;
  }
}

void AddList(CLI::App& app, const Noun& noun, int& status) {
  auto* command = app.add_subcommand("list", "List them, newest first");
  auto options = std::make_shared<ListOptions>();
  command->add_option("--limit", options->limit, "At most this many, up to 100");
  command->add_flag("--all", options->all, "Every one, however many");
  command->add_option("--where", options->where, "Only those with name=value, as the API filters")
      ->type_name("name=value")
      ->allow_extra_args(false);
  for (const Relationship& relationship : noun.resource().relationships)
    if (!relationship.column.empty() && relationship.name != "account" &&
        relationship.name != "environment" && !relationship.target.empty())
      command
          ->add_option("--" + FlagName(relationship.name),
                       options->related[core::ToCamel(relationship.name)],
                       "Only those of this " + std::string(relationship.name))
          ->type_name("id");
  auto output = AddOutput(*command);
  command->callback([=, &noun, &status] {
    http::Query query;
    for (const auto& [name, value] : options->related)
      if (!value.empty()) query.push_back({name, value});
    for (const std::string& text : options->where) {
      const auto equals = text.find('=');
      if (equals == text.npos) {
        status = Fail(Error{Errc::kConfigInvalid, "--where takes name=value, not " + text});
        return;
      }
      query.push_back({text.substr(0, equals), text.substr(equals + 1)});
    }
    if (!options->all) query.push_back({"limit", std::to_string(options->limit)});
    const auto answer = options->all ? AskAll(*output, Path(noun, ""), query)
                                     : Ask(*output, false, "GET", Path(noun, ""), query, nullptr);
    status = answer ? Show(*answer, *output, &noun, "") : Fail(answer.error());
  });
}

void AddAction(CLI::App& app, const Noun& noun, const Action& action, int& status) {
  auto* command = app.add_subcommand(std::string(action.verb), std::string(action.help));
  auto id = std::make_shared<std::string>();
  command->add_option("which", *id, "Its id, or another name it is found by")->required();
  auto linked = std::make_shared<std::vector<std::string>>();
  if (!action.linked.empty())
    command->add_option(std::string(action.linked), *linked, "Id")
        ->required()
        ->expected(1, action.one_linked ? 1 : 100);
  auto form = std::make_shared<MetaForm>(*command, action.parameters);
  auto file = std::make_shared<std::string>();
  if (action.writes_file)
    command->add_option("--output", *file, "Write the file here instead of printing it");
  auto output = AddOutput(*command);
  command->callback([=, &noun, &action, &status] {
    auto meta = form->Body();
    if (!meta) {
      status = Fail(meta.error());
      return;
    }
    json::value body(nullptr);
    if (!meta->as_object().empty()) body = json::object{{"meta", *meta}};
    json::array links;
    for (const std::string& other : *linked)
      links.push_back(json::object{{"type", action.linked}, {"id", other}});
    if (action.one_linked)
      body = json::object{{"data", links.front()}};
    else if (!links.empty())
      body = json::object{{"data", std::move(links)}};
    const auto answer = Ask(*output, false, action.method, Path(noun, *id, action.path), {}, body);
    if (!answer)
      status = Fail(answer.error());
    else if (action.verb == "validate")
      status = ShowVerdict(*answer, *output);
    else if (!file->empty() && answer->ok())
      status = SaveCertificate(*answer, *file);
    else
      status = Show(*answer, *output, &noun, action.done);
  });
}

// `machines takeover` and its undo (decision 27).
void AddTakeover(CLI::App& app, const Noun& noun, int& status) {
  auto* command = app.add_subcommand("takeover", "Give a device the seat of another one");
  auto form = std::make_shared<Form>(*command, noun.resource(), true);
  auto release = std::make_shared<std::string>();
  command->add_option("--release", *release, "The machine that gives its seat, or idlest")
      ->required();
  auto output = AddOutput(*command);
  command->callback([=, &noun, &status] {
    auto body = form->Document();
    if (body) body->as_object().emplace("meta", json::object{{"release", *release}});
    const auto answer = body ? Ask(*output, false, "POST", "/machines/actions/takeover", {}, *body)
                             : Result<ApiAnswer>(body.error());
    status = answer ? Show(*answer, *output, &noun, "took over the seat") : Fail(answer.error());
  });
  auto* undo = app.add_subcommand("undo-takeover", "Give the seat back, within 72 hours");
  auto id = std::make_shared<std::string>();
  undo->add_option("takeover", *id, "The takeover's id, from meta.takeover")->required();
  auto undo_output = AddOutput(*undo);
  undo->callback([=, &noun, &status] {
    const auto answer = Ask(*undo_output, false, "POST", "/machines/actions/undo-takeover", {},
                            json::object{{"meta", {{"id", *id}}}});
    status =
        answer ? Show(*answer, *undo_output, &noun, "has its seat back") : Fail(answer.error());
  });
}

void AddNoun(CLI::App& app, const Noun& noun, int& status) {
  auto* command = app.add_subcommand(std::string(noun.name), std::string(noun.help));
  command->require_subcommand(1);
  command->group("Resources of the API");
  AddCreate(*command, noun, status);
  AddList(*command, noun, status);
  AddShow(*command, noun, status);
  if (noun.can_update) AddUpdate(*command, noun, status);
  AddDelete(*command, noun, status);
  for (const Action& action : noun.actions) AddAction(*command, noun, action, status);
  if (noun.name == "machines") AddTakeover(*command, noun, status);
}

void AddValidateKey(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("validate-key", "Ask whether a license key is valid now");
  command->group("Resources of the API");
  command->footer("Exit status 0: valid, 3: not valid, 1: could not ask.");
  auto key = std::make_shared<std::string>();
  command->add_option("key", *key, "The key")->required();
  auto form = std::make_shared<MetaForm>(*command, kScope);
  auto output = AddOutput(*command);
  command->callback([=, &status] {
    auto meta = form->Body();
    if (!meta) {
      status = Fail(meta.error());
      return;
    }
    meta->as_object().emplace("key", *key);
    const auto answer = Ask(*output, true, "POST", "/licenses/actions/validate-key", {},
                            json::object{{"meta", *meta}});
    status = answer ? ShowVerdict(*answer, *output) : Fail(answer.error());
  });
}

void AddWhoAmI(CLI::App& app, int& status) {
  auto* command = app.add_subcommand("whoami", "Show who the token belongs to");
  command->group("Resources of the API");
  auto output = AddOutput(*command);
  command->callback([=, &status] {
    const auto answer = Ask(*output, false, "GET", "/me", {}, nullptr);
    status = answer ? Show(*answer, *output, nullptr, "") : Fail(answer.error());
  });
}

}  // namespace

void AddAdminCommands(CLI::App& app, int& status) {
  for (const Noun& noun : Nouns()) AddNoun(app, noun, status);
  AddWhoAmI(app, status);
  AddValidateKey(app, status);
}

}  // namespace latchkey::app
