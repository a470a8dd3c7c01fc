#include "latchkey/log.h"

#include <unistd.h>

#include <cerrno>

#include "base/json.h"
#include "http/client_address.h"

namespace latchkey::app {
namespace {

constexpr std::size_t kMostWaiting = 8 * 1024 * 1024;

std::string_view WordOf(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kInfo:
      return "info";
  }
  return "info";
}

std::string RequestJson(const api::AccessLogEntry& entry) {
  base::JsonWriter out;
  out.Reserve(320);
  out.BeginObject();
  out.Key("time").Time(entry.at).Key("level").String(entry.status >= 500 ? "warn" : "info");
  out.Key("method").String(entry.method).Key("route").String(entry.route);
  out.Key("status").Int(entry.status).Key("micros").Int(entry.micros);
  if (!entry.code.empty()) out.Key("code").String(entry.code);
  out.Key("network").String(NetworkOf(entry.peer));
  if (!entry.account.empty()) out.Key("account").String(entry.account);
  out.Key("request").Id(entry.request_id);
  out.EndObject();
  std::string line = out.Take();
  line += '\n';
  return line;
}

std::string RequestText(const api::AccessLogEntry& entry) {
  std::string line = base::FormatTime(entry.at);
  line += ' ' + entry.method + ' ' + entry.route + ' ' + std::to_string(entry.status) + ' ' +
          std::to_string(entry.micros) + "us " + (entry.code.empty() ? "-" : entry.code) + ' ' +
          NetworkOf(entry.peer) + ' ' + entry.request_id.ToString() + '\n';
  return line;
}

}  // namespace

std::string NetworkOf(const std::string& address) {
  const auto parsed = http::Address::Parse(address);
  if (!parsed) return "-";
  if (parsed->IsLoopback()) return address;
  const std::string text = parsed->ToString();
  if (const auto dot = text.rfind('.'); text.find(':') == text.npos && dot != text.npos)
    return text.substr(0, dot) + ".0";
  std::string out;
  int groups = 0;
  for (const char c : text) {
    if (c == ':' && out.ends_with(':')) return out + ':';
    if (c == ':' && ++groups == 3) break;
    out += c;
  }
  return out + "::";
}

Log::Log(LogFormat format, LogLevel level, int descriptor)
    : format_(format), level_(level), descriptor_(descriptor), thread_([this] { Run(); }) {}

Log::~Log() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Log::Request(const api::AccessLogEntry& entry) {
  if ((entry.status >= 500 ? LogLevel::kWarn : LogLevel::kInfo) > level_) return;
  // Methods are logged as sent: nothing that breaks the line.
  if (format_ == LogFormat::kJson) return Add(RequestJson(entry));
  Add(RequestText(entry));
}

void Log::Notice(LogLevel level, std::string_view text) {
  if (level > level_) return;
  const TimePoint now = base::SystemNow();
  if (format_ == LogFormat::kText)
    return Add(base::FormatTime(now) + ' ' + std::string(WordOf(level)) + ": " + std::string(text) +
               '\n');
  base::JsonWriter out;
  out.BeginObject().Key("time").Time(now).Key("level").String(WordOf(level));
  out.Key("text").String(text).EndObject();
  Add(out.Take() + "\n");
}

void Log::Add(std::string line) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() + line.size() > kMostWaiting) {
    ++dropped_;
    return;
  }
  waiting_ += line;
}

void Log::Flush() {
  std::unique_lock lock(mutex_);
  wake_.notify_one();
  written_.wait(lock, [this] { return waiting_.empty() && !writing_; });
}

void Log::Run() {
  std::unique_lock lock(mutex_);
  while (!closing_ || !waiting_.empty()) {
    if (!closing_) wake_.wait_for(lock, std::chrono::milliseconds(200));
    if (waiting_.empty()) {
      written_.notify_all();
      continue;
    }
    std::string text = std::exchange(waiting_, {});
    writing_ = true;
    lock.unlock();
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t size = write(descriptor_, rest.data(), rest.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) break;  // whoever read the log is gone; serving goes on
      rest.remove_prefix(static_cast<std::size_t>(size));
    }
    lock.lock();
    writing_ = false;
    written_.notify_all();
  }
}

}  // namespace latchkey::app
