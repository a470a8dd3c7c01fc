#include "latchkey/docs_pages.h"

#include "core/naming.h"
#include "latchkey/admin/table.h"
#include "latchkey/attribute_text.h"

namespace latchkey::app {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  return out;
}

std::string Page(std::string_view title, std::string_view body) {
  return "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta "
         "name=\"viewport\" content=\"width=device-width\"><title>" +
         Escaped(title) + "</title></head>\n<body>\n<h1>" + Escaped(title) + "</h1>\n" +
         std::string(body) + "</body>\n</html>\n";
}

std::string WhenSent(const core::Attribute& attribute) {
  if (attribute.create.empty() && attribute.update.empty()) return "set by the server";
  if (attribute.update.empty())
    return attribute.required ? "needed on create; not changed later" : "on create only";
  if (attribute.create.empty()) return "on update only";
  return attribute.required ? "needed on create; may be changed" : "on create and update";
}

std::string ResourcePage(const Noun& noun) {
  const core::Resource& resource = noun.resource();
  const std::string topic(noun.name);
  const std::string object = topic + "-object";
  std::string body =
      "<p>" + Escaped(noun.help) + ".</p>\n<h2 id=\"" + object + "\">The object</h2>\n<dl>\n";
  for (const core::Attribute& attribute : resource.attributes) {
    if (!attribute.shown && attribute.create.empty() && attribute.update.empty()) continue;
    const std::string name = core::ToCamel(attribute.name);
    body += "<dt id=\"" + object + "-attrs-" + name + "\"><code>" + name + "</code></dt><dd>" +
            Escaped(FlagType(attribute)) + "; " + WhenSent(attribute) + "</dd>\n";
  }
  body += "</dl>\n<h2>Relationships</h2>\n<dl>\n";
  for (const core::Relationship& relationship : resource.relationships) {
    const std::string name = core::ToCamel(relationship.name);
    body += "<dt id=\"" + object + "-relationships-" + name + "\"><code>" + name +
            "</code></dt><dd>" + Escaped(relationship.target) +
            (relationship.required ? "; needed on create" : "") + "</dd>\n";
  }
  return Page(topic, body + "</dl>\n");
}

std::string IndexPage(std::string_view base) {
  std::string body = "<ul>\n";
  const auto link = [&](std::string_view topic) {
    body += "<li><a href=\"" + std::string(base) + "/" + std::string(topic) + "/\">" +
            std::string(topic) + "</a></li>\n";
  };
  for (const Noun* noun : Nouns()) link(noun->name);
  link("authentication");
  link("versioning");
  return Page("Latchkey: the API", body + "</ul>\n");
}

constexpr std::string_view kAuthentication =
    "<p>Send one of these in the header <code>Authorization</code>:</p>\n<ul>\n"
    "<li><code>Bearer TOKEN</code>: a token of a person, a product or a license. <code>latchkey "
    "tokens create</code> makes one, <code>latchkey init</code> the first.</li>\n"
    "<li><code>License KEY</code>: a license key, where the policy's "
    "<code>authenticationStrategy</code> is LICENSE or MIXED.</li>\n"
    "<li><code>Basic</code> with e-mail address and password, for <code>POST /v1/tokens</code>, "
    "which gives a token.</li>\n</ul>\n"
    "<p>A token that expired or was revoked is refused until another one is made. A token that is "
    "fine but lacks a permission is answered 403.</p>\n";
constexpr std::string_view kVersioning =
    "<p>The header <code>Keygen-Version</code> names the version of the API that a program was "
    "written for, like <code>1.8</code>. Without it the account's own version applies. A version "
    "that is not supported is refused, so that nothing is misunderstood.</p>\n";

std::optional<std::string> TextOf(std::string_view topic, std::string_view base) {
  if (topic.empty()) return IndexPage(base);
  for (const Noun* noun : Nouns())
    if (noun->name == topic) return ResourcePage(*noun);
  if (topic == "authentication") return Page(topic, kAuthentication);
  if (topic == "versioning") return Page(topic, kVersioning);
  return std::nullopt;
}

}  // namespace

std::optional<http::Response> AnswerDocs(const http::Request& request, std::string_view base) {
  if (!base.starts_with('/')) return std::nullopt;
  while (base.ends_with('/')) base.remove_suffix(1);
  std::string_view path = request.target;
  path = path.substr(0, path.find('?'));
  if (base.empty() || !path.starts_with(base)) return std::nullopt;
  path.remove_prefix(base.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  http::Response response;
  response.headers = {
      {"Content-Type", "text/html; charset=utf-8"},
      {"Content-Security-Policy",
       "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"}};
  if (request.method != "GET" && request.method != "HEAD") {
    response.status = 405;
    response.headers.push_back({"Allow", "GET, HEAD"});
    response.body = Page("Pages are read with GET", "");
    return response;
  }
  auto text = TextOf(path, base);
  response.status = text ? 200 : 404;
  response.body = text ? std::move(*text)
                       : Page("There is no such page",
                              "<p><a href=\"" + std::string(base) + "/\">All pages</a></p>\n");
  return response;
}

}  // namespace latchkey::app
