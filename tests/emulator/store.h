// SPDX-License-Identifier: Apache-2.0
// The emulator's state: JSON documents by kind and identifier, held in memory and written through
// to one SQLite file, so that every change survives kill -9. Owned by World, used under its lock.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "json.h"

struct sqlite3;

namespace emulator {

class Store {
 public:
  using Documents = std::map<std::string, json>;

  // Opens or creates the file and reads all of it. Throws std::runtime_error with a sentence.
  explicit Store(const std::string& file);

  const json* find(const std::string& kind, const std::string& id) const;
  const Documents& all(const std::string& kind) const;
  void put(const std::string& kind, const std::string& id, json document);
  bool remove(const std::string& kind, const std::string& id);
  // The identifiers of a kind in the order in which they were put or removed, each as often as it
  // was: who remembers how far it has read need not look at all of them again.
  const std::vector<std::string>& changes(const std::string& kind) const;

 private:
  void execute(const char* statement);
  void change(const char* statement, std::initializer_list<std::string> values);
  void read_all();

  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::map<std::string, Documents> kinds_;
  std::map<std::string, std::vector<std::string>> changes_;
};

}  // namespace emulator
