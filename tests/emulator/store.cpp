// SPDX-License-Identifier: Apache-2.0
#include "store.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <stdexcept>

namespace emulator {
namespace {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

[[noreturn]] void fail(sqlite3* database, const char* activity) {
  throw std::runtime_error(fmt::format("{}: {}", activity, sqlite3_errmsg(database)));
}

Statement prepare(sqlite3* database, const char* text) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database, text, -1, &raw, nullptr) != SQLITE_OK) fail(database, text);
  return Statement(raw);
}

std::string column(sqlite3_stmt* statement, int index) {
  const void* bytes = sqlite3_column_blob(statement, index);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
  return bytes == nullptr ? "" : std::string(static_cast<const char*>(bytes), size);
}

}  // namespace

void Store::Close::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

Store::Store(const std::string& file) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open(file.c_str(), &raw);
  database_.reset(raw);
  if (opened != SQLITE_OK) {
    throw std::runtime_error(
        fmt::format("cannot open the state file {}: {}", file, sqlite3_errstr(opened)));
  }
  // The write-ahead log keeps every finished change when the process is killed. A power cut may
  // cost the newest ones, which is enough for a test double.
  execute("PRAGMA journal_mode=WAL");
  execute("PRAGMA synchronous=NORMAL");
  execute(
      "CREATE TABLE IF NOT EXISTS documents("
      "kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(kind, id))");
  read_all();
}

const json* Store::find(const std::string& kind, const std::string& id) const {
  const Documents& documents = all(kind);
  const auto found = documents.find(id);
  return found == documents.end() ? nullptr : &found->second;
}

const Store::Documents& Store::all(const std::string& kind) const {
  static const Documents kNone;
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? kNone : found->second;
}

void Store::put(const std::string& kind, const std::string& id, json document) {
  change("INSERT OR REPLACE INTO documents(kind, id, body) VALUES(?, ?, ?)",
         {kind, id, document.dump()});
  kinds_[kind][id] = std::move(document);
  changes_[kind].push_back(id);
}

bool Store::remove(const std::string& kind, const std::string& id) {
  Documents& documents = kinds_[kind];
  const auto found = documents.find(id);
  if (found == documents.end()) return false;
  change("DELETE FROM documents WHERE kind = ? AND id = ?", {kind, id});
  documents.erase(found);
  changes_[kind].push_back(id);
  return true;
}

const std::vector<std::string>& Store::changes(const std::string& kind) const {
  static const std::vector<std::string> kNone;
  const auto found = changes_.find(kind);
  return found == changes_.end() ? kNone : found->second;
}

void Store::execute(const char* statement) {
  if (sqlite3_exec(database_.get(), statement, nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail(database_.get(), statement);
  }
}

void Store::change(const char* statement, std::initializer_list<std::string> values) {
  const Statement prepared = prepare(database_.get(), statement);
  int index = 0;
  for (const std::string& value : values) {
    sqlite3_bind_text(prepared.get(), ++index, value.data(), static_cast<int>(value.size()),
                      SQLITE_TRANSIENT);
  }
  if (sqlite3_step(prepared.get()) != SQLITE_DONE) fail(database_.get(), "writing the state");
}

void Store::read_all() {
  const Statement rows = prepare(database_.get(), "SELECT kind, id, body FROM documents");
  while (sqlite3_step(rows.get()) == SQLITE_ROW) {
    const std::string kind = column(rows.get(), 0);
    const std::string id = column(rows.get(), 1);
    kinds_[kind][id] = json::parse(column(rows.get(), 2));
    changes_[kind].push_back(id);
  }
}

}  // namespace emulator
