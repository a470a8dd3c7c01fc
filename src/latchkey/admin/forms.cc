#include "latchkey/admin/forms.h"

#include "core/naming.h"
#include "latchkey/attribute_text.h"

namespace latchkey::app {

using core::Attribute;
using core::Relationship;
using Type = Parameter::Type;

DocumentForm::DocumentForm(CLI::App& command, const core::Resource& resource, bool create)
    : resource_(resource) {
  // What is never shown is a secret, and has no place on a command line that others can list.
  for (const Attribute& attribute : resource.attributes)
    if (attribute.shown && !(create ? attribute.create : attribute.update).empty())
      AddAttribute(command, attribute, create && attribute.required);
  for (const Relationship& relationship : resource.relationships)
    if (create && !relationship.create.empty()) AddRelationship(command, relationship);
}

void DocumentForm::AddAttribute(CLI::App& command, const Attribute& attribute, bool required) {
  Field& field = *fields_.emplace_back(std::make_unique<Field>());
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
    field.option->required(required);
  }
  field.option->group("Attributes");
}

void DocumentForm::AddRelationship(CLI::App& command, const Relationship& relationship) {
  Field& field = *fields_.emplace_back(std::make_unique<Field>());
  field.relationship = &relationship;
  field.texts.resize(1);
  field.option = command.add_option("--" + FlagName(relationship.name), field.texts[0],
                                    "Its " + std::string(relationship.name));
  field.option->type_name("id")->required(relationship.required)->group("Relationships");
}

Result<json::object> DocumentForm::Document() const {
  json::object attributes, relationships;
  for (const auto& field : fields_) {
    if (field->option->count() == 0) continue;
    if (field->attribute) {
      LK_ASSIGN(auto value, AttributeValue(*field->attribute, field->texts));
      attributes.emplace(core::ToCamel(field->attribute->name), std::move(value));
    } else {
      relationships.emplace(
          core::ToCamel(field->relationship->name),
          json::object{{"data", {{"type", field->relationship->target}, {"id", field->texts[0]}}}});
    }
  }
  json::object data{{"type", resource_.type}};
  if (!attributes.empty()) data.emplace("attributes", std::move(attributes));
  if (!relationships.empty()) data.emplace("relationships", std::move(relationships));
  return json::object{{"data", std::move(data)}};
}

MetaForm::MetaForm(CLI::App& command, std::span<const Parameter> parameters) {
  for (const Parameter& parameter : parameters) {
    Field& field = *fields_.emplace_back(std::make_unique<Field>());
    field.parameter = &parameter;
    const std::string name = (parameter.positional ? "" : "--") + std::string(parameter.flag);
    const std::string help(parameter.help);
    field.option = parameter.type == Type::kFlag ? command.add_flag(name, help)
                                                 : command.add_option(name, field.text, help);
    field.option->required(parameter.required);
  }
}

Result<json::object> MetaForm::Meta() const {
  json::object meta, scope;
  for (const auto& field : fields_) {
    if (field->option->count() == 0) continue;
    LK_ASSIGN(auto value, ValueOf(*field));
    (field->parameter->place == Parameter::Place::kScope ? scope : meta)
        .emplace(field->parameter->member, std::move(value));
  }
  if (!scope.empty()) meta.emplace("scope", std::move(scope));
  return meta;
}

Result<json::value> MetaForm::ValueOf(const Field& field) {
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
      if (field.text == "null") return json::value(nullptr);
      const auto span = ParseSpan(field.text);
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

}  // namespace latchkey::app
