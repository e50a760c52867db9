#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// The small truth that all members agree on: keys with values, and a count of
// changes. What decides safety is `txn` alone, by what it expects of revisions.

namespace troupe {

/// Counts the changes that a coordinator has made, from 1. All that one txn
/// changes has one revision. 0 stands for "never".
using revision = std::int64_t;

/// A session's number at its coordinator.
enum class session_id : std::int64_t { none = 0 };

/// A key as it stands.
struct kept_value {
  std::string key;
  std::string value;
  revision changed = 0; // the last change
  bool operator==(const kept_value&) const = default;
};

/// What stood under a prefix at one revision, by key.
struct kept_range {
  revision at = 0;
  std::vector<kept_value> values;
  bool operator==(const kept_range&) const = default;
};

/// Holds if the key's last change is `changed`; 0: if there is no such key.
struct expectation {
  std::string key;
  revision changed = 0;
  bool operator==(const expectation&) const = default;
};

struct put_value {
  std::string key;
  std::string value;
  bool operator==(const put_value&) const = default;
};

/// What is to become true together, if all expectations hold. A key may be in
/// only one of `puts` and `erases`, once; erasing what is not there is fine.
struct txn_request {
  std::vector<expectation> expects;
  std::vector<put_value> puts;
  std::vector<std::string> erases;
  /// What is put vanishes with this session, until it is put again without.
  session_id under = session_id::none;
  bool operator==(const txn_request&) const = default;
};

enum class txn_outcome : std::uint8_t {
  done,
  conflict, // nothing changed: an expectation does not hold
  /// Done or not, now or a little later: read again before deciding. The same
  /// expectations may be sent again, since they hold at most once.
  unknown,
  refused, // nothing changed: `why` says what to do
};

/// Returns the outcome's own name.
std::string to_string(txn_outcome outcome);

struct txn_answer {
  txn_outcome outcome = txn_outcome::unknown;
  /// With `done` the revision of what was changed, with `conflict` the one
  /// that `current` was read at.
  revision at = 0;
  std::vector<kept_value> current; // of expected keys, those that are there
  std::string why;                 // with `unknown` and `refused`
  bool operator==(const txn_answer&) const = default;
};

/// One key's change. No value: it was erased.
struct key_change {
  std::string key;
  std::optional<std::string> value;
  revision at = 0;
  bool operator==(const key_change&) const = default;
};

/// Changes in the order of their revisions, each revision whole, each told
/// once. With `is_resync` none: some were missed, and the watch is over; read
/// the range again and watch from there.
struct watch_notice {
  bool is_resync = false;
  std::vector<key_change> changes;
  std::string why; // of a resync
  bool operator==(const watch_notice&) const = default;
};

/// A watch under way: letting go of it ends it.
class watching {
public:
  virtual ~watching() = default;
};

/// A sign of life that others see by the keys put under it. A hint and no
/// more: they may vanish early, while the session's holder is well, and late.
/// Letting go of it ends it, if the coordinator can be reached.
class session {
public:
  virtual ~session() = default;
  virtual session_id id() const = 0;
};

struct session_events {
  std::function<void(result<std::unique_ptr<session>>)> on_open;
  /// Tells once that the session has ended by itself, not by being let go.
  /// Its keys are gone or will be; open another. May be left out.
  std::function<void(std::string why)> on_lost;
};

/// What a coordinator takes. More is refused, everywhere alike.
struct coordinator_limits {
  static constexpr std::size_t most_expects = 128;
  static constexpr std::size_t most_writes = 128; // puts and erases
  static constexpr std::size_t most_key_bytes = 1024;
  static constexpr std::size_t most_txn_bytes = 1024 * 1024; // keys and values
  static constexpr std::size_t most_requests = 1024;         // not yet answered
  static constexpr std::size_t most_watches = 64;
  static constexpr std::size_t most_sessions = 64;
};

/// Why everything that is asked of a closed coordinator is refused.
constexpr auto closed_text = "the coordinator is closed; open it anew";

/// Keeps the truth. No call blocks, and every call may come from any thread
/// unless the implementation says otherwise. Callbacks come one at a time, on
/// a thread of the implementation's, never within a call. Each request is
/// answered once, by its deadline at the latest, which the implementation's
/// options set.
class coordinator {
public:
  /// Closes, if that was not done, and drops callbacks that would still come.
  virtual ~coordinator() = default;

  /// Reads all keys that begin with `prefix`: at least as new as every txn
  /// that was answered before the call, to whomever.
  virtual void
  range(std::string prefix, std::function<void(result<kept_range>)> done) = 0;

  virtual void txn(txn_request what, std::function<void(txn_answer)> done) = 0;

  /// Tells what changes under `prefix` after the revision `after`: usually
  /// that of the range read before. Outages are bridged; where that cannot be
  /// the notice is a resync. After the watch was let go `on_change` may be
  /// called only where another thread had begun that already.
  virtual std::unique_ptr<watching> watch(
    std::string prefix,
    revision after,
    std::function<void(watch_notice)> on_change) = 0;

  /// Opens a session that is kept alive by itself. `ttl` is how long it
  /// outlives a holder that is gone, at least; it may be rounded up.
  virtual void open_session(duration ttl, session_events events) = 0;

  /// Ends all of it. What is not answered is answered now, a txn as `unknown`;
  /// watches fall silent and sessions are ended without `on_lost`. Calls from
  /// then on are answered as refused. To be called before the destructor where
  /// answers must come.
  virtual void close() = 0;
};

/// Says what is wrong with a request, `errc::none` if nothing. Every
/// implementation asks this first.
error check(const txn_request& what);

/// Does the same for a prefix; the empty one means all keys.
error check_prefix(const std::string& prefix);

/// An answer of a txn that was not done.
txn_answer refused_txn(std::string why);
txn_answer unknown_txn(std::string why);

} // namespace troupe
