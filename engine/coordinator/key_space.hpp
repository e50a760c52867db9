#pragma once

#include "engine/coordinator/coordinator.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string_view>

namespace troupe {

/// A key as a key_space keeps it.
struct key_cell {
  std::string value;
  revision changed = 0;
  session_id under = session_id::none;
  bool operator==(const key_cell&) const = default;
};

/// Keys, revisions, sessions and the newest changes: a coordinator's rules
/// without its disk or network. A plain value.
class key_space {
public:
  /// How much of the past watches can ask for.
  struct bounds {
    std::size_t changes = 4096;
    std::size_t bytes = 4 * 1024 * 1024; // of keys and values
    bool operator==(const bounds&) const = default;
  };

  key_space() = default;
  explicit key_space(bounds most) : most_{most} {}

  /// Puts back what was kept before, one key at a time; then `restored` with
  /// the revision that stood. There is no past then to be watched.
  void restore(std::string key, key_cell cell);
  void restored(revision at);

  kept_range range(std::string_view prefix) const;

  /// Does all of it or nothing. Never `unknown`.
  txn_answer apply(const txn_request& what);

  session_id open_session();

  /// Erases what was put under the session and forgets it. Returns the keys.
  std::vector<std::string> end_session(session_id which);

  /// Erases keys whose session is unknown, as after `restore`, and returns
  /// them.
  std::vector<std::string> end_strays();

  /// Returns what changed after a revision, nothing where that is forgotten.
  std::optional<std::vector<key_change>>
  changes_after(std::string_view prefix, revision after) const;

  /// Forgets changes up to a revision.
  void compact(revision upto);

  revision at() const { return at_; }

  /// Returns the cell, nullptr where there is no such key. Good until the
  /// next change.
  const key_cell* find(const std::string& key) const;

  bool operator==(const key_space&) const = default;

private:
  bool holds(const expectation& what) const;
  txn_answer conflict(const txn_request& what) const;
  std::vector<std::string> erase_under(const std::set<session_id>& ended);
  void put(const put_value& what, session_id under, revision at);
  bool erase(const std::string& key, revision at);
  void note(key_change what);
  void forget_oldest();

  bounds most_;
  revision at_ = 1; // as etcd: an empty one stands at 1
  std::map<std::string, key_cell> cells_;
  std::set<session_id> sessions_;
  std::int64_t last_session_ = 0;
  std::deque<key_change> past_; // all after `forgotten_`
  std::size_t past_bytes_ = 0;
  revision forgotten_ = 1;
};

} // namespace troupe
