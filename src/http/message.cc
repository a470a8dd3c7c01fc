#include "http/message.h"

#include "http/text.h"

namespace latchkey::http {
namespace {

const Header* FindHeader(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers)
    if (EqualsAnyCase(header.name, name)) return &header;
  return nullptr;
}

}  // namespace

std::string_view Find(const std::vector<Header>& headers, std::string_view name) {
  const Header* header = FindHeader(headers, name);
  return header ? std::string_view(header->value) : std::string_view();
}

bool Has(const std::vector<Header>& headers, std::string_view name) {
  return FindHeader(headers, name) != nullptr;
}

}  // namespace latchkey::http
