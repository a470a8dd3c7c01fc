// The reference of `make bench`: the listener with the least possible work behind it. Every request
// is answered with 1500 bytes of JSON; with --sign the answer carries its SHA-256 digest and an
// Ed25519 signature, as a signed validation does.
//
//   http_echo [--port N] [--threads N] [--sign] [--certificate FILE --key FILE]
//
// Prints the port, serves until its standard input ends, then drains and prints the requests
// answered.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "crypto/signature.h"
#include "http/server.h"

namespace {

namespace base = latchkey::base;
namespace crypto = latchkey::crypto;
namespace http = latchkey::http;

struct Arguments {
  http::ServerOptions options;
  bool sign = false;
};

Arguments Parse(int count, char** values) {
  Arguments arguments;
  arguments.options.threads = 1;
  http::TlsFiles files;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    const bool with_value = i + 1 < count;
    if (name == "--sign") {
      arguments.sign = true;
    } else if (name == "--port" && with_value) {
      arguments.options.port = static_cast<std::uint16_t>(std::atoi(values[++i]));
    } else if (name == "--threads" && with_value) {
      arguments.options.threads = static_cast<unsigned>(std::atoi(values[++i]));
    } else if (name == "--certificate" && with_value) {
      files.certificate_chain = values[++i];
    } else if (name == "--key" && with_value) {
      files.private_key = values[++i];
    } else {
      std::fprintf(stderr, "unknown argument: %s\n", values[i]);
      std::exit(2);
    }
  }
  if (!files.certificate_chain.empty()) arguments.options.tls = files;
  return arguments;
}

std::string MakeBody() {
  std::string body = R"({"data":{"id":"00000000-0000-7000-8000-000000000000","padding":")";
  body.append(1500 - body.size() - 3, 'x');
  return body + "\"}}";
}

}  // namespace

int main(int count, char** values) {
  const Arguments arguments = Parse(count, values);
  const std::string body = MakeBody();
  const auto key = crypto::Ed25519PrivateKey::Generate(base::SystemRandom());
  const auto answer = [&](http::Request request, http::Responder respond) {
    http::Response response{
        200, {{"Content-Type", "application/vnd.api+json; charset=utf-8"}}, body};
    if (arguments.sign) {
      const std::string digest = "sha-256=" + base::Base64(crypto::Sha256(response.body));
      const std::string text = "(request-target): post " + request.target +
                               "\nhost: " + std::string(Find(request.headers, "Host")) +
                               "\ndate: Thu, 01 Jan 1970 00:00:00 GMT\ndigest: " + digest;
      response.headers.push_back({"Digest", digest});
      response.headers.push_back({"Keygen-Signature", base::Base64(key.Sign(base::AsBytes(text)))});
    }
    respond(std::move(response));
  };
  auto server = http::Server::Start(arguments.options, answer, [](int status) {
    return http::Response{status, {}, {}};
  });
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().detail.c_str());
    return 1;
  }
  std::printf("%u\n", static_cast<unsigned>((*server)->port()));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  (*server)->Drain(std::chrono::seconds(5));
  std::printf("%llu\n", static_cast<unsigned long long>((*server)->statistics().requests));
  return 0;
}
