// notes: a small command-line notebook, licensed with liblatchkey.
//
// What the license changes: adding and editing need full access. Reading, searching, exporting,
// tagging lists and deleting one's own notes work always: losing access never loses work.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <latchkey/client.hpp>
#include <map>
#include <sstream>

#include "notebook.h"

namespace {

namespace fs = std::filesystem;
using latchkey::sdk::Access;
using latchkey::sdk::Client;
using latchkey::sdk::Options;
using latchkey::sdk::Rows;

constexpr int kDone = 0;  // also in every soft state: offline, grace, notices
constexpr int kNotDone = 1;
constexpr int kUsage = 2;

constexpr std::string_view kHelp = R"(notes: a notebook for the command line

  notes add TEXT...          a new note (or from standard input, without TEXT)
  notes list [#TAG]          all notes, or those with a tag
  notes show ID              one note
  notes search WORDS...      notes with all these words
  notes edit ID              change a note with $EDITOR
  notes tag ID TAG...        add tags to a note
  notes delete ID            remove a note
  notes export [FILE]        all notes as one Markdown text

  notes activate KEY [--anyway]   use your license key on this device
  notes license [--json]          your license, in words
  notes refresh                   ask the license server now
  notes devices                   who uses the license
  notes takeover ID|idlest        move the seat of another device here
  notes deactivate                free the seat of this device

Notes are plain files in $XDG_DATA_HOME/notes. The license server is set by NOTES_SERVER, NOTES_PUBLIC_KEY and
NOTES_PRODUCT, or by a file $XDG_CONFIG_HOME/notes/license.conf with lines server=, public_key=, product=.
Who sells the app may add NOTES_PORTAL (portal=), its license page, and NOTES_SUPPORT (support=), where to ask
for help: https:// addresses, or mailto: for help.
)";

constexpr std::string_view kExampleSettings = R"(. For example:
  export NOTES_SERVER=http://127.0.0.1:8090
  export NOTES_PUBLIC_KEY=...   # the public key, 64 characters, that `latchkey init` printed
  export NOTES_PRODUCT=...      # the id that `latchkey products list` shows
Until then your notes can be read, searched and exported.
)";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

fs::path XdgFolder(const char* variable, const char* below_home) {
  if (const std::string folder = Environment(variable); !folder.empty() && folder.front() == '/')
    return folder;
  return fs::path(Environment("HOME")) / below_home;
}

// server=, public_key=, product= from the file; the environment goes first.
std::map<std::string, std::string> Settings() {
  std::map<std::string, std::string> out;
  std::ifstream in(XdgFolder("XDG_CONFIG_HOME", ".config") / "notes" / "license.conf");
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == line.npos) continue;
    std::string value = line.substr(equals + 1);
    while (!value.empty() && (value.back() == '\r' || value.back() == ' ')) value.pop_back();
    out[line.substr(0, equals)] = value;
  }
  for (const auto& [name, variable] :
       {std::pair{"server", "NOTES_SERVER"}, std::pair{"public_key", "NOTES_PUBLIC_KEY"},
        std::pair{"product", "NOTES_PRODUCT"}, std::pair{"device", "NOTES_DEVICE_NAME"},
        std::pair{"ca_file", "NOTES_CA_FILE"}, std::pair{"portal", "NOTES_PORTAL"},
        std::pair{"support", "NOTES_SUPPORT"}})
    if (std::string value = Environment(variable); !value.empty()) out[name] = value;
  return out;
}

std::string Locale() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
    if (std::string value = Environment(name); !value.empty())
      return value == "C" || value == "POSIX" ? "en" : value;
  return "en";
}

// A short program: nothing happens behind its back, it asks when told to, or after its work when
// due.
bool OpenClient(Client& client) {
  const auto settings = Settings();
  const auto value = [&](const char* name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string() : found->second;
  };
  std::string missing;
  for (const auto& [name, variable] :
       {std::pair{"server", "NOTES_SERVER"}, std::pair{"public_key", "NOTES_PUBLIC_KEY"},
        std::pair{"product", "NOTES_PRODUCT"}})
    if (value(name).empty()) missing += (missing.empty() ? "" : ", ") + std::string(variable);
  if (!missing.empty()) {
    std::cerr << "notes: "
              << (value("server").empty() ? "No license server is set" : "A setting is missing")
              << ": please set " << missing << kExampleSettings;
    return false;
  }
  Options options;
  options.Set(LK_OPTION_SERVER_URL, value("server"))
      .Set(LK_OPTION_PUBLIC_KEY, value("public_key"))
      .Set(LK_OPTION_PRODUCT_ID, value("product"))
      .Set(LK_OPTION_VENDOR_ID, "latchkey-examples")
      .Set(LK_OPTION_APP_NAME, "Notes")
      .Set(LK_OPTION_APP_VERSION, "1.0")
      .Set(LK_OPTION_LOCALE, Locale())
      .Set(LK_OPTION_DEVICE_NAME, value("device"))
      .Set(LK_OPTION_CA_FILE, value("ca_file"))
      .Set(LK_OPTION_PORTAL_URL, value("portal"))
      .Set(LK_OPTION_SUPPORT_URL, value("support"))
      .Set(LK_OPTION_BACKGROUND, false);
  Rows problem;
  const lk_status status = client.Open(options, &problem);
  if (status == LK_OK) return true;
  std::cerr << "notes: the license settings cannot be used: "
            << (problem.size() > 0 ? problem.Get("body") : std::string_view(lk_status_name(status)))
            << "\n"
            << "See `notes help` for the settings. Your notes stay readable.\n";
  return false;
}

// What a person can do here for an action of the library: a command to type or an address to open.
// Empty: nothing in this app, so that it is not offered at all.
std::string WayTo(std::string_view action, std::string_view link) {
  if (!link.empty()) return std::string(link);
  if (action == "enter_key") return "notes activate KEY";
  if (action == "retry" || action == "fix_network") return "notes refresh";
  if (action == "release_device")
    return "notes devices, then notes takeover ID (or: notes takeover idlest)";
  if (action == "open_portal" || action == "renew")
    return "by the link in the message that brought your license key";
  if (action == "contact_support") return "answer the message that brought your license key";
  if (action == "fix_clock") return "in the settings of this computer";
  if (action == "wait") return "nothing needs to be done";
  return {};
}

void Say(const Rows& rows, std::size_t row, std::ostream& out) {
  out << rows.Get("title", row) << "\n";
  if (!rows.Get("body", row).empty()) out << rows.Get("body", row) << "\n";
  if (!rows.Get("suggestion", row).empty())
    out << "Did you mean " << rows.Get("suggestion", row) << " ?\n";
  std::istringstream actions{std::string(rows.Get("actions", row))},
      labels{std::string(rows.Get("labels", row))}, links{std::string(rows.Get("links", row))};
  std::string action, label, link;
  while (std::getline(actions, action, ',') && std::getline(labels, label)) {
    if (!std::getline(links, link)) link.clear();
    if (const std::string way = WayTo(action, link); !way.empty())
      out << "  -> " << label << ": " << way << "\n";
  }
}

void Explain(const Client& client, std::ostream& out, bool only_first) {
  const Rows rows = client.Explain();
  for (std::size_t row = 0; row < rows.size() && (row == 0 || !only_first); ++row)
    Say(rows, row, out);
}

// One notice per cause per day, on stderr.
void Remind(const Client& client) {
  const Rows rows = client.Explain();
  const std::string code(rows.Get("code"));
  if (code.empty() || code == "OK" || code == "NOT_ACTIVATED") return;
  const fs::path folder = XdgFolder("XDG_STATE_HOME", ".local/state") / "notes";
  const fs::path mark = folder / "last-notice";
  const std::string today = code + " " + std::to_string(std::time(nullptr) / 86400);
  std::string last;
  if (std::ifstream in(mark); in) std::getline(in, last);
  if (last == today) return;
  std::cerr << "\n";
  Say(rows, 0, std::cerr);
  std::error_code failed;
  fs::create_directories(folder, failed);
  std::ofstream(mark) << today << "\n";
}

bool MayWrite(const Client& client) {
  if (client && client.Check() == Access::kFull) return true;
  if (!client) return false;
  std::cerr << "Nothing was changed. Reading, searching and exporting your notes work as always.\n";
  Explain(client, std::cerr, true);
  return false;
}

std::optional<int> ParseId(std::string_view text) {
  int id = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failed != std::errc() || end != text.data() + text.size() || id < 1) return std::nullopt;
  return id;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

int Failed(const std::string& sentence) {
  std::cerr << "notes: " << sentence << "\n";
  return kNotDone;
}

void List(const std::vector<notes::Note>& found) {
  for (const notes::Note& note : found) {
    std::cout << note.id << "\t" << note.Title();
    for (const std::string& tag : note.Tags()) std::cout << "  #" << tag;
    std::cout << "\n";
  }
  if (found.empty()) std::cout << "No notes.\n";
}

// ---- commands on notes

int Add(notes::Notebook& book, const std::vector<std::string>& words) {
  std::string text = Joined(words);
  if (words.empty()) text.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (text.find_first_not_of(" \t\r\n") == text.npos) return Failed("an empty note is not kept.");
  int id = 0;
  if (auto trouble = book.Add(std::move(text), id)) return Failed(*trouble);
  std::cout << "Note " << id << " is saved.\n";
  return kDone;
}

int Edit(notes::Notebook& book, int id) {
  if (!book.Find(id)) return Failed("there is no note " + std::to_string(id) + ".");
  std::string editor = Environment("VISUAL");
  if (editor.empty()) editor = Environment("EDITOR");
  if (editor.empty()) editor = "vi";
  const std::string path = book.PathOf(id).string();
  const pid_t child = fork();
  if (child == 0) {
    // The editor may be a command with arguments; the path is passed as one, never pasted into it.
    execl("/bin/sh", "sh", "-c", (editor + " \"$1\"").c_str(), "notes", path.c_str(),
          static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
    return Failed("the editor (" + editor + ") did not end well; set EDITOR.");
  std::cout << "Note " << id << " is saved.\n";
  return kDone;
}

int Tag(notes::Notebook& book, int id, const std::vector<std::string>& tags) {
  auto note = book.Find(id);
  if (!note) return Failed("there is no note " + std::to_string(id) + ".");
  const auto present = note->Tags();
  std::string added;
  for (std::string tag : tags) {
    if (tag.starts_with('#')) tag.erase(0, 1);
    if (tag.empty() || tag.find_first_of(" \t\n#") != tag.npos) return Failed("a tag is one word.");
    if (std::find(present.begin(), present.end(), tag) == present.end())
      added += (added.empty() ? "#" : " #") + tag;
  }
  if (!added.empty()) {
    if (!note->text.empty() && note->text.back() != '\n') note->text += '\n';
    note->text += added + "\n";
    if (auto trouble = book.Save(*note)) return Failed(*trouble);
  }
  std::cout << "Note " << id << " is saved.\n";
  return kDone;
}

int Export(const notes::Notebook& book, const std::vector<std::string>& words) {
  std::ostringstream text;
  for (const notes::Note& note : book.All())
    text << "<!-- note " << note.id << " -->\n" << note.text << "\n";
  if (words.empty()) {
    std::cout << text.str();
    return kDone;
  }
  std::ofstream out(words[0], std::ios::binary);
  out << text.str();
  out.flush();
  if (!out) return Failed("the file " + words[0] + " cannot be written.");
  std::cout << "All notes are in " << words[0] << ".\n";
  return kDone;
}

// ---- commands on the license

int Report(const Client& client, lk_status status, std::string_view done) {
  if (status == LK_OK) {
    std::cout << done << "\n";
    const Rows facts = client.Facts();
    for (const char* field : {"takeover_text", "holder_text", "until_text", "next_check_text"})
      if (!facts.Get(field).empty()) std::cout << facts.Get(field) << "\n";
    return kDone;
  }
  // Soft states: nobody could be asked, or the answer leaves full access for now. Nothing is lost.
  const bool soft =
      status == LK_CANNOT_ASK || (status == LK_REFUSED && client.Check() == Access::kFull);
  Explain(client, soft ? std::cout : std::cerr, true);
  return soft ? kDone : kNotDone;
}

void PrintDevices(const Rows& devices) {
  for (std::size_t i = 0; i < devices.size(); ++i)
    std::cout << "  " << devices.Get("id", i) << "  " << devices.Get("text", i) << "\n";
  if (devices.size() == 0) std::cout << "No device uses this license.\n";
}

int Activate(Client& client, const std::vector<std::string>& words) {
  std::string key;
  std::uint32_t flags = 0;
  for (const std::string& word : words) {
    if (word == "--anyway")
      flags |= LK_TRY_ANYWAY;
    else
      key += (key.empty() ? "" : " ") + word;
  }
  const lk_status status = client.Activate(key, flags);
  const int result = Report(client, status, "Activated: everything is unlocked on this device.");
  if (status == LK_KEY_TYPO && (flags & LK_TRY_ANYWAY) == 0)
    std::cerr << "  -> If you are sure of it: notes activate KEY --anyway\n";
  if (status == LK_SEATS_FULL) {
    Rows devices;
    if (client.Devices(devices) == LK_OK) {
      std::cout << "These devices use the license:\n";
      PrintDevices(devices);
      std::cout
          << "To use one of these seats here: notes takeover ID (or: notes takeover idlest)\n";
    }
  }
  return result;
}

int License(const Client& client, const std::vector<std::string>& words) {
  if (!words.empty() && words[0] == "--json") {
    std::cout << "{\"facts\":" << client.Facts().Json()
              << ",\"messages\":" << client.Explain().Json() << "}\n";
    return kDone;
  }
  const Rows facts = client.Facts();
  std::cout << facts.Get("access_text") << "\n";
  for (const char* field :
       {"holder_text", "until_text", "next_check_text", "last_contact_text", "expiry_text"})
    if (!facts.Get(field).empty()) std::cout << facts.Get(field) << "\n";
  if (!facts.Get("features").empty()) std::cout << "Included: " << facts.Get("features") << "\n";
  std::cout << "This device: " << facts.Get("device_name") << "\n";
  const Rows messages = client.Explain();
  for (std::size_t row = 0; row < messages.size(); ++row)
    if (messages.Get("kind", row) != "status") Say(messages, row, std::cout);
  return kDone;
}

int ListDevices(Client& client) {
  Rows devices;
  const lk_status status = client.Devices(devices);
  if (status != LK_OK) return Report(client, status, {});
  PrintDevices(devices);
  return kDone;
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] == "help" || arguments[0] == "--help" ||
      arguments[0] == "-h") {
    std::cout << kHelp;
    return kDone;
  }
  const std::string& command = arguments[0];
  const std::vector<std::string> words(arguments.begin() + 1, arguments.end());
  notes::Notebook book(XdgFolder("XDG_DATA_HOME", ".local/share") / "notes");

  // What always works needs no license and no settings.
  if (command == "list") {
    std::vector<notes::Note> found = book.All();
    if (!words.empty()) {
      const std::string tag = words[0].starts_with('#') ? words[0].substr(1) : words[0];
      std::erase_if(found, [&](const notes::Note& note) {
        const auto tags = note.Tags();
        return std::find(tags.begin(), tags.end(), tag) == tags.end();
      });
    }
    List(found);
    return kDone;
  }
  if (command == "search" && !words.empty()) return List(book.Search(Joined(words))), kDone;
  if (command == "export" && words.size() <= 1) return Export(book, words);
  const std::optional<int> id = words.empty() ? std::nullopt : ParseId(words[0]);
  if (command == "show" && id) {
    const auto note = book.Find(*id);
    if (!note) return Failed("there is no note " + std::to_string(*id) + ".");
    std::cout << note->text;
    return kDone;
  }
  if (command == "delete" && id) {
    if (auto trouble = book.Delete(*id)) return Failed(*trouble);
    std::cout << "Note " << *id << " is deleted.\n";
    return kDone;
  }

  const bool writes =
      command == "add" || (command == "edit" && id) || (command == "tag" && id && words.size() > 1);
  const bool licenses = (command == "activate" && !words.empty()) || command == "license" ||
                        command == "refresh" || command == "devices" ||
                        (command == "takeover" && words.size() == 1) || command == "deactivate";
  if (!writes && !licenses) {
    std::cerr << "notes: this is not a command I know, or something is missing. See notes help.\n";
    return kUsage;
  }
  Client client;
  if (!OpenClient(client)) return kUsage;
  if (command == "activate") return Activate(client, words);
  if (command == "license") return License(client, words);
  if (command == "refresh") return Report(client, client.Refresh(), "Your license is up to date.");
  if (command == "devices") return ListDevices(client);
  if (command == "takeover")
    return Report(client, client.TakeOver(words[0]), "This device has a seat now.");
  if (command == "deactivate")
    return Report(client, client.Deactivate(), "The seat of this device is free again.");

  if (!MayWrite(client)) return kNotDone;
  const int result = command == "add" ? Add(book, words)
                     : command == "edit"
                         ? Edit(book, *id)
                         : Tag(book, *id, std::vector<std::string>(words.begin() + 1, words.end()));
  // The work is done; now there is time to ask, if it is due.
  if (client.Refresh(LK_IF_DUE) != LK_OK || client.Check() == Access::kFull) Remind(client);
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& trouble) {
    std::cerr << "notes: " << trouble.what() << "\n";
    return kNotDone;
  }
}
