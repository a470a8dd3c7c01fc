// The request reader gives one verdict for one text, however the bytes arrive, and never more than
// was sent.
#include <cstdint>
#include <cstdlib>

#include "http/request_reader.h"

namespace {

using latchkey::http::Limits;
using latchkey::http::Request;
using latchkey::http::RequestReader;
using State = RequestReader::State;

struct Outcome {
  State state = State::kNeedMore;
  int status = 0;
  std::size_t rest = 0;
  bool keep_alive = false;
  bool in_body = false;
  Request request;
};

void Require(bool condition) {
  if (!condition) std::abort();
}

Outcome Read(std::string_view bytes, std::size_t step) {
  Limits limits;
  limits.head_bytes = 512;
  limits.body_bytes = 1024;
  RequestReader reader(limits);
  std::string pending;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string_view piece = bytes.substr(at, step);
    at += piece.size();
    pending.append(piece);
    const auto progress = reader.Feed(pending);
    Require(progress.consumed <= pending.size());
    pending.erase(0, progress.consumed);
    if (progress.state == State::kNeedMore) {
      Require(pending.size() <= limits.head_bytes);
      continue;
    }
    Outcome outcome{progress.state, progress.status,        pending.size() + bytes.size() - at,
                    false,          reader.head_complete(), {}};
    if (progress.state == State::kComplete) {
      outcome.keep_alive = reader.keep_alive();
      outcome.request = reader.Take();
      Require(outcome.request.body.size() <= limits.body_bytes);
    }
    return outcome;
  }
  return {};
}

void RequireClean(const Request& request) {
  const auto clean = [](std::string_view text) {
    for (const char c : text)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
    return true;
  };
  Require(!request.method.empty() && clean(request.method) && clean(request.target));
  for (const auto& header : request.headers) Require(clean(header.name) && clean(header.value));
  Require(!Has(request.headers, "Content-Length") || !Has(request.headers, "Transfer-Encoding"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = Read(bytes, size + 1);
  const Outcome dripped = Read(bytes, 1);
  Require(whole.state == dripped.state);
  // Chunk lines and trailers are read once they are complete: one that is both faulty and too long
  // is refused for whichever is seen first.
  if (whole.state == State::kRefused)
    Require(whole.status == dripped.status || (whole.in_body && dripped.in_body));
  if (whole.state != State::kComplete) return 0;
  Require(whole.rest == dripped.rest && whole.keep_alive == dripped.keep_alive);
  Require(whole.request.target == dripped.request.target);
  Require(whole.request.body == dripped.request.body);
  Require(whole.request.headers.size() == dripped.request.headers.size());
  RequireClean(whole.request);
  return 0;
}
