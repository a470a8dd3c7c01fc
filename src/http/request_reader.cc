#include "http/request_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>

#include "http/text.h"

namespace latchkey::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

constexpr std::size_t kMaxHeaders = 256;
constexpr std::size_t kMaxBlankLines = 8;  // before the request line, RFC 9112 §2.2

std::string Copy(beast::string_view text) { return std::string(text.data(), text.size()); }

// uri-host [ ":" port ] with the characters of RFC 3986 §3.2.2; no user information.
bool IsHost(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("-._~!$&'()*+,;=:[]%").find(c) != std::string_view::npos);
  });
}

// Finds the end of the head, byte by byte as it arrives, and refuses what the parser would
// tolerate.
class HeadScanner {
 public:
  enum class Outcome { kNeedMore, kFound, kRefused };

  Outcome Scan(std::string_view bytes) {
    while (at_ < bytes.size()) {
      const auto c = static_cast<unsigned char>(bytes[at_]);
      if (c > ' ' && c != 0x7f) {
        ++at_;
        continue;
      }
      if (c == '\r') {
        if (at_ + 1 == bytes.size()) return Outcome::kNeedMore;
        if (bytes[at_ + 1] != '\n') return Outcome::kRefused;
        const bool empty_line = at_ == line_;
        at_ += 2;
        line_ = at_;
        if (empty_line) return Outcome::kFound;
        continue;
      }
      if (c != ' ' && c != '\t') return Outcome::kRefused;
      if (at_ == line_) return Outcome::kRefused;  // obs-fold, or a blank before the method
      ++at_;
    }
    return Outcome::kNeedMore;
  }

  std::size_t position() const { return at_; }

 private:
  std::size_t at_ = 0;
  std::size_t line_ = 0;
};

}  // namespace

// Beast's parser with our own storage: names and values as sent, body appended in place.
struct RequestReader::Parser final : beast::http::basic_parser<true> {
  explicit Parser(const Limits& limits) : head_limit(limits.head_bytes) {
    header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.head_bytes + 4, std::numeric_limits<std::uint32_t>::max())));
    body_limit(limits.body_bytes);
    eager(true);
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, ErrorCode&) override {
    request.method = Copy(method);
    request.target = Copy(target);
    http10 = version == 10;
  }
  void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}

  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     ErrorCode& error) override {
    if (head_done) return;  // a trailer
    if (request.headers.size() == kMaxHeaders) {
      error = beast::http::error::header_limit;
      return;
    }
    request.headers.push_back({Copy(name), Copy(value)});
  }

  // Framing and host (RFC 9112 §3.2, §6).
  void on_header_impl(ErrorCode& error) override {
    head_done = true;
    std::size_t lengths = 0, encodings = 0, hosts = 0;
    for (const Header& header : request.headers) {
      bool fits = true;
      if (EqualsAnyCase(header.name, "content-length")) {
        ++lengths;
        fits = !header.value.empty() && std::all_of(header.value.begin(), header.value.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
      } else if (EqualsAnyCase(header.name, "transfer-encoding")) {
        ++encodings;
        chunked = true;
        fits = EqualsAnyCase(header.value, "chunked") && !http10;
      } else if (EqualsAnyCase(header.name, "host")) {
        ++hosts;
        fits = IsHost(header.value);
      } else if (EqualsAnyCase(header.name, "expect")) {
        expects_continue = !http10 && EqualsAnyCase(header.value, "100-continue");
      }
      if (!fits) error = beast::http::error::bad_value;
    }
    if (lengths + encodings > 1 || hosts > 1 || (hosts == 0 && !http10))
      error = beast::http::error::bad_field;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    // Memory follows the bytes that came, not those announced.
    if (length) request.body.reserve(std::min<std::size_t>(*length, 16 * 1024));
  }
  std::size_t on_body_impl(beast::string_view body, ErrorCode&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view, ErrorCode&) override {
    chunk_left = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode&) override {
    chunk_left -= body.size();
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  static int Status(const ErrorCode& error) {
    if (error == beast::http::error::body_limit) return 413;
    if (error == beast::http::error::header_limit) return 431;
    return 400;
  }

  const std::size_t head_limit;
  HeadScanner scanner;
  std::size_t blank_lines = 0;
  bool head_found = false;
  bool head_done = false;
  bool begun = false;
  bool http10 = false;
  bool chunked = false;
  std::uint64_t chunk_left = 0;  // data of the chunk that is still to come
  std::size_t offered = 0;       // of a chunk's line and trailers: what the parser has seen
  std::size_t lines = 0;         // and how many lines that were
  bool expects_continue = false;
  Request request;
};

RequestReader::RequestReader(const Limits& limits) : parser_(std::make_unique<Parser>(limits)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

RequestReader::Progress RequestReader::Feed(std::string_view bytes) {
  Parser& parser = *parser_;
  std::size_t consumed = 0;
  const auto refuse = [&](int status) { return Progress{State::kRefused, consumed, status}; };
  if (!parser.head_found) {
    if (!parser.begun) {
      while (bytes.substr(consumed).starts_with("\r\n")) {
        if (++parser.blank_lines > kMaxBlankLines) return refuse(400);
        consumed += 2;
      }
      if (consumed == bytes.size() || bytes.substr(consumed) == "\r")
        return {State::kNeedMore, consumed, 0};
      parser.begun = true;
    }
    const std::string_view head = bytes.substr(consumed);
    const auto outcome = parser.scanner.Scan(head);
    const bool found = outcome == HeadScanner::Outcome::kFound;
    if (parser.scanner.position() + (found ? 0 : 1) > parser.head_limit) return refuse(431);
    if (outcome == HeadScanner::Outcome::kRefused) return refuse(400);
    if (outcome == HeadScanner::Outcome::kNeedMore) return {State::kNeedMore, consumed, 0};
    parser.head_found = true;
    // The parser sees the head alone: what follows must not decide how it is read.
    ErrorCode error;
    consumed += parser.put({head.data(), parser.scanner.position()}, error);
    if (error && error != beast::http::error::need_more) return refuse(Parser::Status(error));
    if (!parser.head_done) return refuse(400);
  }
  while (!parser.is_done()) {
    std::string_view piece = bytes.substr(consumed);
    const bool between_chunks = parser.chunked && parser.chunk_left == 0;
    if (between_chunks) {
      // The line of a chunk and the trailers: whole lines, one more at a time, within the limit.
      // The parser sees the same however the bytes arrived.
      piece = piece.substr(0, parser.head_limit + 1);
      const std::size_t end = piece.find("\r\n", parser.offered);
      if (end == std::string_view::npos && piece.size() <= parser.head_limit)
        return {State::kNeedMore, consumed, 0};
      if (end == std::string_view::npos || ++parser.lines > kMaxHeaders) return refuse(431);
      parser.offered = end + 2;
      piece = piece.substr(0, parser.offered);
    } else if (parser.chunked) {
      piece = piece.substr(0, parser.chunk_left);
    }
    ErrorCode error;
    const std::size_t used = parser.put({piece.data(), piece.size()}, error);
    consumed += used;
    if (error && error != beast::http::error::need_more) return refuse(Parser::Status(error));
    if (used > 0) parser.offered = parser.lines = 0;
    if (parser.is_done()) break;
    if (!between_chunks && (used == 0 || consumed == bytes.size()))
      return {State::kNeedMore, consumed, 0};
  }
  return {State::kComplete, consumed, 0};
}

bool RequestReader::begun() const { return parser_->begun; }
bool RequestReader::head_complete() const { return parser_->head_done; }
bool RequestReader::wants_continue() const {
  return parser_->expects_continue && !parser_->is_done() && parser_->request.body.empty();
}
bool RequestReader::keep_alive() const { return parser_->keep_alive(); }
bool RequestReader::http10() const { return parser_->http10; }
Request RequestReader::Take() { return std::move(parser_->request); }

}  // namespace latchkey::http
