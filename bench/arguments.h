#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace latchkey::bench {

// `--name value` pairs of a measuring program. Ends it with a sentence when something is missing.
class Arguments {
 public:
  Arguments(int count, char** values) {
    for (int i = 1; i < count; i += 2) {
      const std::string_view name = values[i];
      if (!name.starts_with("--") || i + 1 >= count) Stop("odd argument", name);
      values_[std::string(name.substr(2))] = values[i + 1];
    }
  }
  std::string Text(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) Stop("missing --", name);
    return found->second;
  }
  std::string Text(const std::string& name, const std::string& fallback) const {
    return values_.contains(name) ? Text(name) : fallback;
  }
  bool Has(const std::string& name) const { return values_.contains(name); }
  std::uint64_t Number(const std::string& name) const { return std::stoull(Text(name)); }
  std::uint64_t Number(const std::string& name, std::uint64_t fallback) const {
    return values_.contains(name) ? Number(name) : fallback;
  }

 private:
  [[noreturn]] static void Stop(std::string_view what, std::string_view name) {
    std::fprintf(stderr, "%.*s%.*s\n", static_cast<int>(what.size()), what.data(),
                 static_cast<int>(name.size()), name.data());
    std::exit(2);
  }
  std::map<std::string, std::string> values_;
};

}  // namespace latchkey::bench
