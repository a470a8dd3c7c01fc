// Golden documents (test/golden/*.json): requests with the answers that they get, ids replaced by
// names. LATCHKEY_GOLDEN=write writes the answers as they are now; read the difference before
// committing it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "api/test_expect.h"

namespace latchkey::api {
namespace {

constexpr std::string_view kFolder = "test/golden";

void Indent(std::string& out, const json::value& value, std::size_t depth) {
  const std::string pad(2 * depth + 2, ' ');
  const std::string end(2 * depth, ' ');
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    std::size_t left = object->size();
    for (const auto& [name, member] : *object) {
      out += pad;
      base::AppendJsonString(out, name);
      out += ": ";
      Indent(out, member, depth + 1);
      out += --left ? ",\n" : "\n";
    }
    out += end + "}";
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += "[\n";
    for (std::size_t i = 0; i < array->size(); ++i) {
      out += pad;
      Indent(out, (*array)[i], depth + 1);
      out += i + 1 < array->size() ? ",\n" : "\n";
    }
    out += end + "]";
  } else {
    out += base::WriteJson(value);
  }
}

// Replaces what differs from run to run by names: ids by "{id:1}", "{id:2}" … in the order of their
// appearance, request ids, tokens, license keys and key material by what they are.
class Names {
 public:
  std::string Replace(std::string text) {
    static const std::regex kUuid(
        "[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}");
    static const std::regex kToken("\\b(admin|prod|activ|user)-[0-9a-f]{32,64}v3");
    static const std::regex kKey("\\b[0-9A-F]{6}-([0-9A-F]{6}-){4}V3\\b");
    static const std::regex kPublicKey("\"LS0tLS1CRUdJTi[^\"]*\"");
    static const std::regex kHexKey("\"ed25519\":\"[^\"]*\"");
    std::string out;
    std::smatch found;
    while (std::regex_search(text, found, kUuid)) {
      out += found.prefix();
      if (found[1] == "7") {
        out += "{request-id}";
      } else {
        const auto [it, added] = ids_.emplace(found.str(), ids_.size() + 1);
        out += "{id:" + std::to_string(it->second) + "}";
      }
      text = found.suffix();
    }
    out += text;
    out = Numbered(std::move(out), kToken, "token", tokens_);
    out = Numbered(std::move(out), kKey, "key", keys_);
    out = std::regex_replace(out, kPublicKey, "\"{public-key}\"");
    return std::regex_replace(out, kHexKey, "\"ed25519\":\"{public-key}\"");
  }
  // The other way, for requests.
  std::string Fill(std::string text) const {
    for (const auto& [kind, known] :
         {std::pair("id", &ids_), std::pair("token", &tokens_), std::pair("key", &keys_)})
      for (const auto& [value, number] : *known) {
        const std::string name = "{" + std::string(kind) + ":" + std::to_string(number) + "}";
        for (std::size_t at; (at = text.find(name)) != std::string::npos;)
          text.replace(at, name.size(), value);
      }
    return text;
  }

 private:
  using Known = std::map<std::string, std::size_t>;
  static std::string Numbered(std::string text, const std::regex& pattern, const std::string& kind,
                              Known& known) {
    std::string out;
    std::smatch found;
    while (std::regex_search(text, found, pattern)) {
      const auto [it, added] = known.emplace(found.str(), known.size() + 1);
      out += found.prefix().str() + "{" + kind + ":" + std::to_string(it->second) + "}";
      text = found.suffix();
    }
    return out + text;
  }
  Known ids_, tokens_, keys_;
};

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, AnswersAreAsWritten) {
  const std::string path = std::string(kFolder) + "/" + GetParam() + ".json";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  auto parsed = base::ParseJson(text.str());
  ASSERT_TRUE(parsed) << path;
  json::object file = parsed->as_object();
  const bool write = std::getenv("LATCHKEY_GOLDEN") != nullptr &&
                     std::string_view(std::getenv("LATCHKEY_GOLDEN")) == "write";
  TestServer server;
  Names names;
  names.Replace(server.account_id().ToString());  // always {id:1}
  for (json::value& step : file.at("exchanges").as_array()) {
    const json::object request = step.at("request").as_object();
    TestServer::Headers headers;
    bool authorized = false;
    if (const auto* given = request.if_contains("headers"))
      for (const auto& [name, value] : given->as_object()) {
        authorized = authorized || name == "Authorization";
        if (!value.is_null())
          headers.push_back({std::string(name), names.Fill(std::string(value.as_string()))});
      }
    if (!authorized) headers.push_back(server.AsAdmin().front());
    std::string body;
    if (const auto* given = request.if_contains("body"))
      body = given->is_string() ? std::string(given->as_string())
                                : names.Fill(base::WriteJson(*given));
    const Answer answer = server.Send(request.at("method").as_string(),
                                      names.Fill(std::string(request.at("path").as_string())),
                                      headers, std::string_view(body));
    if (answer.status != 404 || answer.Detail().find("endpoint") == std::string::npos) {
      EXPECT_TRUE(server.SignatureHolds(answer) || !http::Has(answer.headers, "Keygen-Signature"));
    }
    json::object response{{"status", answer.status}};
    json::object shown;
    for (const std::string_view name : {"Content-Type", "Location", "WWW-Authenticate"})
      if (http::Has(answer.headers, name))
        shown.emplace(name, names.Replace(std::string(answer.header(name))));
    if (!shown.empty()) response.emplace("headers", std::move(shown));
    if (!answer.body.empty())
      response.emplace("body", *base::ParseJson(names.Replace(answer.body)));
    if (write) {
      step.as_object()["response"] = std::move(response);
      continue;
    }
    std::string actual, expected;
    Indent(actual, response, 0);
    Indent(expected, step.at("response"), 0);
    EXPECT_EQ(actual, expected) << request.at("method") << " " << request.at("path");
  }
  if (!write) return;
  std::string out;
  Indent(out, file, 0);
  std::ofstream(path) << out << "\n";
}

std::vector<std::string> Files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Documents, Golden, testing::ValuesIn(Files()),
                         [](const testing::TestParamInfo<std::string>& file) {
                           std::string name = file.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace latchkey::api
