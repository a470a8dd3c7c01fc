#include "notebook.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>

namespace notes {
namespace {

namespace fs = std::filesystem;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::vector<std::string> Words(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::optional<int> IdOf(const fs::path& path) {
  if (path.extension() != ".md") return std::nullopt;
  const std::string stem = path.stem().string();
  int id = 0;
  const auto [end, failed] = std::from_chars(stem.data(), stem.data() + stem.size(), id);
  if (failed != std::errc() || end != stem.data() + stem.size() || id < 1) return std::nullopt;
  return id;
}

}  // namespace

std::string Note::Title() const {
  std::string line = text.substr(0, text.find('\n'));
  while (!line.empty() && (line.front() == '#' || line.front() == ' ')) {
    // "# Heading" is a title; "#tag" alone stays.
    if (line.front() == '#' && line.size() > 1 && line[1] != ' ' && line[1] != '#') break;
    line.erase(0, 1);
  }
  return line.empty() ? "(empty)" : line;
}

std::vector<std::string> Note::Tags() const {
  std::vector<std::string> out;
  for (const std::string& word : Words(text))
    if (word.size() > 1 && word[0] == '#' && word[1] != '#' &&
        std::find(out.begin(), out.end(), word.substr(1)) == out.end())
      out.push_back(word.substr(1));
  return out;
}

fs::path Notebook::PathOf(int id) const { return folder_ / (std::to_string(id) + ".md"); }

std::optional<Note> Notebook::Find(int id) const {
  std::ifstream in(PathOf(id), std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return Note{id, text.str()};
}

std::vector<Note> Notebook::All() const {
  std::vector<Note> out;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_, failed))
    if (const auto id = IdOf(entry.path()))
      if (auto note = Find(*id)) out.push_back(std::move(*note));
  std::sort(out.begin(), out.end(), [](const Note& a, const Note& b) { return a.id < b.id; });
  return out;
}

std::vector<Note> Notebook::Search(std::string_view words) const {
  const std::vector<std::string> wanted = Words(Lower(words));
  std::vector<Note> out;
  for (Note& note : All()) {
    const std::string text = Lower(note.text);
    if (std::all_of(wanted.begin(), wanted.end(),
                    [&](const std::string& word) { return text.find(word) != text.npos; }))
      out.push_back(std::move(note));
  }
  return out;
}

std::optional<std::string> Notebook::Save(const Note& note) {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed)
    return "The folder " + folder_.string() + " cannot be made: " + failed.message() + ".";
  const fs::path path = PathOf(note.id), fresh = path.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::binary);
    out << note.text;
    if (!note.text.empty() && note.text.back() != '\n') out << '\n';
    out.flush();
    if (!out) return "The note cannot be written to " + fresh.string() + ".";
  }
  fs::rename(fresh, path, failed);
  if (failed) return "The note cannot be saved as " + path.string() + ": " + failed.message() + ".";
  return std::nullopt;
}

std::optional<std::string> Notebook::Add(std::string text, int& id) {
  const std::vector<Note> all = All();
  id = all.empty() ? 1 : all.back().id + 1;
  return Save({id, std::move(text)});
}

std::optional<std::string> Notebook::Delete(int id) {
  std::error_code failed;
  if (!fs::remove(PathOf(id), failed)) return "There is no note " + std::to_string(id) + ".";
  return std::nullopt;
}

}  // namespace notes
