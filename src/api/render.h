#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/call.h"
#include "base/json.h"
#include "core/resource.h"

namespace latchkey::api {

// A record as one request sees it: stored attributes come from the record, the rest from the
// overrides of api/views.h.
class View {
 public:
  View(const core::Resource& resource, const core::Record& record, const void* object)
      : resource_(resource), record_(record), object_(object) {}
  virtual ~View() = default;

  const core::Resource& resource() const { return resource_; }
  const core::Record& record() const { return record_; }

  // Views override this for attributes that are computed or marked `viewed`.
  virtual core::Value Get(const core::Attribute& attribute) const {
    return attribute.get ? attribute.get(object_) : core::Value{};
  }
  virtual bool Shows(const core::Attribute& attribute) const { return attribute.shown; }
  // Writes the value straight when it returns true: long lists are slow as a tree.
  virtual bool Write(const core::Attribute&, base::JsonWriter&) const { return false; }
  // Where the record is at home, below the account: "/policies/<id>".
  virtual std::string Path() const;
  virtual std::optional<Linkage> LinkageOf(const core::Relationship& relationship) const;
  // Writes ,"meta":{…} content of a relationship when it returns true.
  virtual bool WriteMeta(const core::Relationship&, base::JsonWriter&) const { return false; }
  // Resource-level meta (accounts only).
  virtual bool WriteOwnMeta(base::JsonWriter&) const { return false; }

 protected:
  const core::Resource& resource_;
  const core::Record& record_;
  const void* object_;
};

template <class T>
class RecordView : public View {
 public:
  explicit RecordView(const T& object)
      : View(core::ResourceOf<T>(), object, &object), typed_(object) {}

 protected:
  const T& typed_;
};

struct RenderOptions {
  std::string account_path;            // "/v1/accounts/0d5f…"
  bool nested_metadata_snake = false;  // versions ≤ 1.4
  // Included to-many relationships also get linkage (machines.md §6.8).
  std::map<std::string, std::vector<Linkage>, std::less<>> linkage{};
};
inline bool NestedMetadataIsSnake(const Call& call) { return call.version <= "1.4"; }
RenderOptions RenderOptionsOf(const Call& call);

// One resource object (conventions.md §1.6): id, type, attributes, relationships, links.self.
void WriteResource(base::JsonWriter& out, const View& view, const RenderOptions& options);
void WriteValue(base::JsonWriter& out, const core::Attribute& attribute, const core::Value& value,
                bool nested_metadata_snake);

// {"data":…}, with optional `meta` written by the caller as a complete JSON object text.
Reply DocumentReply(const Call& call, const View& view, int status = 200,
                    std::string_view meta = {});
// The same as 201 with Location (absolute, account-scoped).
Reply CreatedReply(const Call& call, const View& view);
// {"data":null,…}
Reply NullReply(std::string_view meta = {});
inline Reply EmptyReply() { return Reply{.status = 204, .body = {}}; }

}  // namespace latchkey::api
