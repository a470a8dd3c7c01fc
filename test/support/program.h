#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

// Other programs and files on disk, for tests that check us against independent code.
namespace latchkey::test {

struct ProgramRun {
  int status = -1;  // exit code
  std::string output;
};

// Runs a shell line; its complaints go to our stderr.
inline ProgramRun RunProgram(const std::string& line) {
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + line);
  ProgramRun run;
  std::array<char, 4096> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    run.output.append(buffer.data(), size);
  const int ended = pclose(pipe);
  run.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  return run;
}

// Required in CI (decision 29): there the tests fail instead of being skipped.
inline bool HasPythonCryptography() {
  if (const char* ci = std::getenv("CI"); ci != nullptr && *ci != '\0') return true;
  return RunProgram("python3 -c 'import cryptography' 2>/dev/null").status == 0;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "latchkey-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;  // a leftover in /tmp harms nobody
    std::filesystem::remove_all(path_, ignored);
  }
  std::string Write(const std::string& name, std::string_view text) const {
    const std::filesystem::path path = path_ / name;
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + path.string());
    return path.string();
  }

  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace latchkey::test
