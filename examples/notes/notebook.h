#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace notes {

// One note: a text file `ID.md` whose first line is the title. Tags are words that start with '#'.
struct Note {
  int id = 0;
  std::string text;
  std::string Title() const;
  std::vector<std::string> Tags() const;
};

// A folder of plain files that belong to their owner: any editor opens them, license or not.
class Notebook {
 public:
  explicit Notebook(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::vector<Note> All() const;  // by id
  std::optional<Note> Find(int id) const;
  std::vector<Note> Search(std::string_view words) const;  // all words, in any case
  // Each answers with a sentence about what went wrong, or nothing.
  std::optional<std::string> Add(std::string text, int& id);
  std::optional<std::string> Save(const Note& note);
  std::optional<std::string> Delete(int id);

  std::filesystem::path PathOf(int id) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace notes
