#include "latchkey/admin/verbs.h"

#include <iostream>
#include <map>

#include "core/naming.h"
#include "latchkey/admin/forms.h"
#include "latchkey/admin/output.h"
#include "latchkey/attribute_text.h"
#include "latchkey/terminal.h"

namespace latchkey::app {
namespace {

std::string Path(const Noun& noun, const std::string& id, std::string_view below = "") {
  return "/" + std::string(noun.name) + (id.empty() ? "" : "/" + http::PercentEncode(id)) +
         std::string(below);
}

// A command of a noun: what they all begin with.
struct Begun {
  CLI::App* command;
  std::shared_ptr<Conversation> talk;
};
Begun Begin(CLI::App& app, const Noun& noun, const char* verb, const char* help) {
  auto* command = app.add_subcommand(verb, help);
  return {command, std::make_shared<Conversation>(*command, std::string(noun.name) + " " + verb)};
}

std::shared_ptr<std::string> AddWhich(CLI::App& command) {
  auto id = std::make_shared<std::string>();
  command.add_option("which", *id, "Its id, or another name it is found by")->required();
  return id;
}

void AddCreate(CLI::App& app, const Noun& noun, int& status) {
  const auto [command, talk] = Begin(app, noun, "create", "Make one");
  auto form = std::make_shared<DocumentForm>(*command, noun.resource(), true);
  auto parents = std::make_shared<std::map<std::string_view, std::string>>();
  for (const Parent& parent : noun.parents)
    command->add_option("--" + std::string(parent.flag), (*parents)[parent.path],
                        "For this " + std::string(parent.flag) + " (else for yourself)");
  command->callback([=, talk = talk, &noun, &status] {
    const auto body = form->Document();
    if (!body) {
      status = talk->Refuse(body.error());
      return;
    }
    std::string path = Path(noun, "");
    for (const auto& [parent, id] : *parents)
      if (!id.empty()) path = "/" + std::string(parent) + "/" + http::PercentEncode(id) + path;
    status = talk->Show(talk->Ask("POST", path, {}, *body), &noun, "created", true);
    if (!noun.once.empty() && status == kOk && !talk->terse()) std::cout << noun.once << std::endl;
  });
}

void AddUpdate(CLI::App& app, const Noun& noun, int& status) {
  const auto [command, talk] = Begin(app, noun, "update", "Change one");
  const auto id = AddWhich(*command);
  auto form = std::make_shared<DocumentForm>(*command, noun.resource(), false);
  command->callback([=, talk = talk, &noun, &status] {
    const auto body = form->Document();
    status =
        body ? talk->Show(talk->Ask("PATCH", Path(noun, *id), {}, *body), &noun, "updated", true)
             : talk->Refuse(body.error());
  });
}

void AddShow(CLI::App& app, const Noun& noun, int& status) {
  const auto [command, talk] = Begin(app, noun, "show", "Show one");
  const auto id = AddWhich(*command);
  command->callback([=, talk = talk, &noun, &status] {
    status = talk->Show(talk->Ask("GET", Path(noun, *id)), &noun);
  });
}

void AddDelete(CLI::App& app, const Noun& noun, int& status) {
  const auto [command, talk] =
      Begin(app, noun, "delete", "Remove one, with all that belongs to it");
  const auto id = AddWhich(*command);
  command->callback([=, talk = talk, &noun, &status] {
    status = talk->Show(talk->Ask("DELETE", Path(noun, *id)), &noun, "deleted");
  });
}

struct ListOptions {
  std::int64_t limit = 100;
  bool all = false;
  std::vector<std::string> where;
  std::map<std::string, std::string> related;
};

// Every page by cursor, joined into one document.
Result<ApiAnswer> AskAll(const Conversation& talk, const std::string& path,
                         const http::Query& query) {
  json::array joined;
  std::string cursor;
  for (;;) {
    http::Query page = query;
    page.push_back({"page[cursor]", cursor});
    page.push_back({"page[size]", "100"});
    LK_ASSIGN(ApiAnswer answer, talk.Ask("GET", path, page));
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

Result<http::Query> QueryOf(const ListOptions& options) {
  http::Query query;
  for (const auto& [name, value] : options.related)
    if (!value.empty()) query.push_back({name, value});
  for (const std::string& text : options.where) {
    const auto equals = text.find('=');
    if (equals == text.npos)
      return Error{Errc::kConfigInvalid, "--where takes name=value, not " + text};
    query.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  if (!options.all) query.push_back({"limit", std::to_string(options.limit)});
  return query;
}

void AddList(CLI::App& app, const Noun& noun, int& status) {
  const auto [command, talk] = Begin(app, noun, "list", "List them, newest first");
  auto options = std::make_shared<ListOptions>();
  command->add_option("--limit", options->limit, "At most this many, up to 100");
  command->add_flag("--all", options->all, "Every one, however many");
  command->add_option("--where", options->where, "Only those with name=value, as the API filters")
      ->type_name("name=value")
      ->allow_extra_args(false);
  for (const core::Relationship& relationship : noun.resource().relationships)
    if (!relationship.column.empty() && relationship.name != "account" &&
        relationship.name != "environment" && !relationship.target.empty())
      command
          ->add_option("--" + FlagName(relationship.name),
                       options->related[core::ToCamel(relationship.name)],
                       "Only those of this " + std::string(relationship.name))
          ->type_name("id");
  command->callback([=, talk = talk, &noun, &status] {
    const auto query = QueryOf(*options);
    if (!query)
      status = talk->Refuse(query.error());
    else
      status = talk->Show(options->all ? AskAll(*talk, Path(noun, ""), *query)
                                       : talk->Ask("GET", Path(noun, ""), *query),
                          &noun);
  });
}

// What an action was given on the command line.
struct Given {
  std::shared_ptr<std::string> id;
  std::vector<std::string> linked;
  std::unique_ptr<DocumentForm> document;
  std::unique_ptr<MetaForm> meta;
  std::string file;
};

Result<json::value> BodyOf(const Action& action, const Given& given) {
  json::object body;
  if (given.document) {
    LK_ASSIGN(body, given.document->Document());
  }
  LK_ASSIGN(json::object meta, given.meta->Meta());
  if (!meta.empty()) body.emplace("meta", std::move(meta));
  json::array links;
  for (const std::string& other : given.linked)
    links.push_back(json::object{{"type", action.linked}, {"id", other}});
  if (action.one_linked)
    body.emplace("data", links.front());
  else if (!links.empty())
    body.emplace("data", std::move(links));
  return body.empty() ? json::value(nullptr) : json::value(std::move(body));
}

}  // namespace

void AddAction(CLI::App& app, const Noun* noun, const Action& action, int& status) {
  auto* command = app.add_subcommand(std::string(action.verb), std::string(action.help));
  if (!noun) command->group("Resources of the API");
  if (action.verdict) command->footer("Exit status 0: valid, 3: not valid, 1: could not ask.");
  auto given = std::make_shared<Given>();
  if (action.of == Action::Of::kOne) given->id = AddWhich(*command);
  if (!action.linked.empty())
    command->add_option(std::string(action.linked), given->linked, "Id")
        ->required()
        ->expected(1, action.one_linked ? 1 : 100);
  if (action.create_flags)
    given->document = std::make_unique<DocumentForm>(*command, noun->resource(), true);
  given->meta = std::make_unique<MetaForm>(*command, action.parameters);
  if (action.writes_file)
    command->add_option("--output", given->file, "Write the file here instead of printing it");
  auto talk = std::make_shared<Conversation>(
      *command, (noun ? std::string(noun->name) + " " : "") + std::string(action.verb),
      action.anonymous);
  command->callback([=, &action, &status] {
    const auto body = BodyOf(action, *given);
    if (!body) {
      status = talk->Refuse(body.error());
      return;
    }
    const std::string path = action.of == Action::Of::kAccount
                                 ? std::string(action.path)
                                 : Path(*noun, given->id ? *given->id : "", action.path);
    const auto answer = talk->Ask(action.method, path, {}, *body);
    if (action.verdict)
      status = talk->ShowVerdict(answer);
    else if (!given->file.empty())
      status = talk->SaveCertificate(answer, given->file);
    else
      status = talk->Show(answer, noun, action.done, action.create_flags);
  });
}

void AddNoun(CLI::App& app, const Noun& noun, int& status) {
  auto* command = app.add_subcommand(std::string(noun.name), std::string(noun.help));
  command->require_subcommand(1);
  command->group("Resources of the API");
  if (noun.verbs & kCanCreate) AddCreate(*command, noun, status);
  if (noun.verbs & kCanList) AddList(*command, noun, status);
  if (noun.verbs & kCanShow) AddShow(*command, noun, status);
  if (noun.verbs & kCanUpdate) AddUpdate(*command, noun, status);
  if (noun.verbs & kCanDelete) AddDelete(*command, noun, status);
  for (const Action& action : noun.actions) AddAction(*command, &noun, action, status);
}

}  // namespace latchkey::app
