#include "http/response_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "http/text.h"

namespace latchkey::http {
namespace {

// Reason phrases have no meaning (RFC 9112 §4); these are for people with a terminal.
std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

// Looked up: every byte of every header is asked about.
using CharTable = std::array<bool, 256>;
constexpr CharTable kTokenChars = [] {
  CharTable table{};
  for (int c = 0; c < 256; ++c) table[c] = IsTokenChar(static_cast<char>(c));
  return table;
}();
bool IsToken(std::string_view text) {
  bool all = !text.empty();
  for (const char c : text) all = all && kTokenChars[static_cast<unsigned char>(c)];
  return all;
}

bool IsValueChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

// Eight bytes at a time while all of them are plain: neither below a blank nor 0x7f.
bool IsValue(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  while (text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    // Bytes from 0x80 on are plain; the others have no high bit, so no sum carries into the next.
    const std::uint64_t low = word & ~kHigh;
    const std::uint64_t control = ~(low + (0x80 - 0x20) * kOnes);  // high bit where below 0x20
    const std::uint64_t deleted = low + kOnes;                     // high bit where 0x7f
    if (((control | deleted) & ~word & kHigh) != 0) break;
    text.remove_prefix(8);
  }
  return std::all_of(text.begin(), text.end(), IsValueChar);
}

bool IsOurs(std::string_view name) {
  return EqualsAnyCase(name, "content-length") || EqualsAnyCase(name, "transfer-encoding") ||
         EqualsAnyCase(name, "connection");
}

void AppendNumber(std::string& out, std::size_t number) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool IsSendable(const Response& response) {
  if (response.status < 200 || response.status > 999) return false;
  return std::all_of(response.headers.begin(), response.headers.end(), [](const Header& header) {
    return IsToken(header.name) && IsValue(header.value);
  });
}

std::string WriteResponse(const Response& response, const WriteOptions& options) {
  const bool bodiless = response.status == 204 || response.status == 304;
  const bool with_body = !bodiless && !options.head_only;
  std::size_t size = 160 + (with_body ? response.body.size() : 0);
  for (const Header& header : response.headers)
    size += header.name.size() + header.value.size() + 4;
  std::string out;
  out.reserve(size);

  out.append("HTTP/1.1 ");
  AppendNumber(out, static_cast<std::size_t>(response.status));
  out.append(" ").append(Reason(response.status)).append("\r\n");
  bool dated = false;
  for (const Header& header : response.headers) {
    if (IsOurs(header.name)) continue;
    dated = dated || EqualsAnyCase(header.name, "date");
    AppendHeader(out, header.name, header.value);
  }
  if (!dated) AppendHeader(out, "Date", options.date);
  if (!bodiless) {
    out.append("Content-Length: ");
    AppendNumber(out, response.body.size());
    out.append("\r\n");
  }
  if (!options.keep_alive)
    AppendHeader(out, "Connection", "close");
  else if (options.http10)
    AppendHeader(out, "Connection", "keep-alive");
  out.append("\r\n");
  if (with_body) out.append(response.body);
  return out;
}

}  // namespace latchkey::http
