#pragma once

#include <mutex>
#include <vector>

#include "store/database.h"

namespace latchkey::bench {

// One statement of a write as it went to the store.
struct Statement {
  std::string sql;
  std::vector<store::Param> params;
  bool query = false;
};
using RecordedWrite = std::vector<Statement>;

// Notes the statements that go to another session.
class RecordingSession final : public store::Session {
 public:
  RecordingSession(store::Session& inner, RecordedWrite& write) : inner_(inner), write_(write) {}
  Result<void> Query(std::string_view sql, std::span<const store::Param> params,
                     const std::function<void(const store::Row&)>& each) override {
    write_.push_back({std::string(sql), {params.begin(), params.end()}, true});
    return inner_.Query(sql, params, each);
  }
  Result<std::int64_t> Execute(std::string_view sql,
                               std::span<const store::Param> params) override {
    write_.push_back({std::string(sql), {params.begin(), params.end()}, false});
    return inner_.Execute(sql, params);
  }
  bool writable() const override { return inner_.writable(); }
  void Announce(store::Announcement announcement) override {
    inner_.Announce(std::move(announcement));
  }

 private:
  store::Session& inner_;
  RecordedWrite& write_;
};

// A database that notes the statements of each successful write on their way to another one.
class RecordingDatabase final : public store::Database {
 public:
  explicit RecordingDatabase(store::Database& inner) : inner_(inner) {}

  bool Read(std::function<void(store::Session&)> work) override {
    return inner_.Read(std::move(work));
  }
  void Write(Work work, Done done) override;
  void Observe(std::function<void(std::span<const store::Announcement>)> observer) override {
    inner_.Observe(std::move(observer));
  }
  Result<void> Backup(const std::string& path) override { return inner_.Backup(path); }
  Result<void> CheckIntegrity() override { return inner_.CheckIntegrity(); }
  Statistics statistics() const override { return inner_.statistics(); }
  const store::Dialect& dialect() const override { return inner_.dialect(); }

  std::vector<RecordedWrite> Take();

 private:
  store::Database& inner_;
  std::mutex mutex_;
  std::vector<RecordedWrite> writes_;
};

}  // namespace latchkey::bench
