#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/resource.h"
#include "latchkey/admin/table.h"

namespace latchkey::app {

// Flags for the attributes and relationships of a resource, made from core's table, and the
// document they give. Lives as long as the command.
class DocumentForm {
 public:
  DocumentForm(CLI::App& command, const core::Resource& resource, bool create);

  // {"data": {"type", "attributes", "relationships"}} of the flags that were given. kConfigInvalid
  // says what a flag takes.
  Result<json::object> Document() const;

 private:
  struct Field {
    const core::Attribute* attribute = nullptr;
    const core::Relationship* relationship = nullptr;
    std::vector<std::string> texts;
    CLI::Option* option = nullptr;
  };
  void AddAttribute(CLI::App& command, const core::Attribute& attribute, bool required);
  void AddRelationship(CLI::App& command, const core::Relationship& relationship);

  const core::Resource& resource_;
  std::vector<std::unique_ptr<Field>> fields_;
};

// Flags and words of an action, and the `meta` they give.
class MetaForm {
 public:
  MetaForm(CLI::App& command, std::span<const Parameter> parameters);

  Result<json::object> Meta() const;

 private:
  struct Field {
    const Parameter* parameter;
    std::string text;
    CLI::Option* option;
  };
  static Result<json::value> ValueOf(const Field& field);

  std::vector<std::unique_ptr<Field>> fields_;
};

}  // namespace latchkey::app
