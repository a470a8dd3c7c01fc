#include "http/message.h"

#include <algorithm>

namespace latchkey::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

const Header* FindHeader(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers)
    if (header.name.size() == name.size() &&
        std::equal(name.begin(), name.end(), header.name.begin(),
                   [](char a, char b) { return Lower(a) == Lower(b); }))
      return &header;
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
