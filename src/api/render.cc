#include "api/render.h"

#include "core/naming.h"

namespace latchkey::api {
namespace {

void WriteLinkage(base::JsonWriter& out, const Linkage& linkage) {
  out.BeginObject().Key("type").String(linkage.type).Key("id").Id(linkage.id).EndObject();
}

std::string SelfPath(const View& view, const RenderOptions& options) {
  return options.account_path + view.Path();
}

void WriteRelationship(base::JsonWriter& out, const View& view,
                       const core::Relationship& relationship, const std::string& self,
                       const RenderOptions& options) {
  out.Key(core::ToCamel(relationship.name)).BeginObject();
  const std::optional<Linkage> linkage = relationship.form == core::Relationship::Form::kToOne
                                             ? view.LinkageOf(relationship)
                                             : std::nullopt;
  out.Key("links").BeginObject().Key("related");
  if (relationship.name == "account") {
    out.String(options.account_path);
  } else if (!relationship.own_link) {  // the target's own address, null without a target
    if (linkage)
      out.String(options.account_path + "/" + linkage->type + "/" + linkage->id.ToString());
    else
      out.Null();
  } else {
    std::string name(relationship.name);
    std::replace(name.begin(), name.end(), '_', '-');
    out.String(self + "/" + name);
  }
  out.EndObject();
  if (relationship.form == core::Relationship::Form::kToOne) {
    out.Key("data");
    if (linkage)
      WriteLinkage(out, *linkage);
    else
      out.Null();
  } else if (const auto it = options.linkage.find(relationship.name); it != options.linkage.end()) {
    out.Key("data").BeginArray();
    for (const Linkage& item : it->second) WriteLinkage(out, item);
    out.EndArray();
  }
  base::JsonWriter meta;
  if (view.WriteMeta(relationship, meta)) out.Key("meta").Raw(meta.text());
  out.EndObject();
}

}  // namespace

std::string View::Path() const {
  std::string path;
  if (resource_.type == "accounts") return path;
  path += '/';
  path += resource_.type;
  path += '/';
  record_.id.AppendTo(path);
  return path;
}

std::optional<Linkage> View::LinkageOf(const core::Relationship& relationship) const {
  if (!relationship.get) return std::nullopt;
  const auto id = relationship.get(object_);
  if (!id) return std::nullopt;
  return Linkage{std::string(relationship.target), *id};
}

RenderOptions RenderOptionsOf(const Call& call) {
  return {.account_path = call.account_path(),
          .nested_metadata_snake = NestedMetadataIsSnake(call)};
}

void WriteValue(base::JsonWriter& out, const core::Attribute& attribute, const core::Value& value,
                bool nested_metadata_snake) {
  struct Visitor {
    base::JsonWriter& out;
    const core::Attribute& attribute;
    bool nested_snake;
    void operator()(std::monostate) const { out.Null(); }
    void operator()(bool v) const { out.Bool(v); }
    void operator()(std::int64_t v) const { out.Int(v); }
    void operator()(const std::string& v) const { out.String(v); }
    void operator()(TimePoint v) const { out.Time(v); }
    void operator()(const Uuid& v) const { out.Id(v); }
    void operator()(const Bytes&) const { out.Null(); }  // never on the wire
    void operator()(const json::value& v) const {
      if (attribute.kind != core::Kind::kMetadata)
        out.Tree(v);
      else if (v.as_object().empty())
        out.BeginObject().EndObject();
      else
        out.Tree(core::EmitMetadata(v.as_object(), nested_snake));
    }
  };
  std::visit(Visitor{out, attribute, nested_metadata_snake}, value);
}

namespace {

void WriteAttribute(base::JsonWriter& out, const View& view, const core::Attribute& attribute,
                    const RenderOptions& options) {
  if (!view.Shows(attribute)) return;
  out.Key(core::ToCamel(attribute.name));
  if (view.Write(attribute, out)) return;
  WriteValue(out, attribute, view.Get(attribute), options.nested_metadata_snake);
}

}  // namespace

void WriteResource(base::JsonWriter& out, const View& view, const RenderOptions& options) {
  const core::Resource& resource = view.resource();
  const std::string self = SelfPath(view, options);
  out.BeginObject().Key("id").Id(view.record().id).Key("type").String(resource.type);
  out.Key("attributes").BeginObject();
  const auto last = [&](const core::Attribute& attribute) {
    return resource.metadata_last && attribute.kind == core::Kind::kMetadata;
  };
  for (const core::Attribute& attribute : resource.attributes)
    if (!last(attribute)) WriteAttribute(out, view, attribute, options);
  out.Key("created").Time(view.record().created).Key("updated").Time(view.record().updated);
  for (const core::Attribute& attribute : resource.attributes)
    if (last(attribute)) WriteAttribute(out, view, attribute, options);
  out.EndObject();
  out.Key("relationships").BeginObject();
  for (const core::Relationship& relationship : resource.relationships)
    WriteRelationship(out, view, relationship, self, options);
  out.EndObject();
  out.Key("links").BeginObject().Key("self").String(self).EndObject();
  base::JsonWriter meta;
  if (view.WriteOwnMeta(meta)) out.Key("meta").Raw(meta.text());
  out.EndObject();
}

Reply DocumentReply(const Call& call, const View& view, int status, std::string_view meta) {
  base::JsonWriter out;
  out.Reserve(4096);  // a license with its permissions
  out.BeginObject().Key("data");
  WriteResource(out, view, RenderOptionsOf(call));
  if (!meta.empty()) out.Key("meta").Raw(meta);
  out.EndObject();
  return {.status = status, .body = out.Take()};
}

Reply CreatedReply(const Call& call, const View& view) {
  Reply reply = DocumentReply(call, view, 201);
  std::string location = call.request.tls ? "https://" : "http://";
  location += call.header("Host");
  location += SelfPath(view, RenderOptionsOf(call));
  reply.headers.push_back({"Location", std::move(location)});
  return reply;
}

Reply NullReply(std::string_view meta) {
  base::JsonWriter out;
  out.BeginObject().Key("data").Null();
  if (!meta.empty()) out.Key("meta").Raw(meta);
  out.EndObject();
  return {.status = 200, .body = out.Take()};
}

}  // namespace latchkey::api
