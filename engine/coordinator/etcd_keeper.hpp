#pragma once

#include "engine/base/backoff.hpp"
#include "engine/coordinator/etcd_arguments.hpp"
#include "engine/coordinator/etcd_codec.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe {

/// What is to be seen of this node's etcd.
struct etcd_view {
  bool is_running = false; // some process has its data open
  bool is_child = false;   // and this one has started it
  bool has_data = false;   // a log of etcd's is in the folder
  bool was_member = false; // it was, once: there was data before
  /// The members as others of them list them; nothing if nobody else answers.
  /// Only looked at where there is no data.
  std::optional<std::vector<etcd_listed_member>> listed = {};
  bool operator==(const etcd_view&) const = default;
};

/// What to do next.
struct etcd_order {
  enum class step : std::uint8_t {
    wait,
    adopt,  // it runs: watch over it
    start,  // with the data that is there, or as `beginning` says
    enlist, // have others take this one in, in place of `replaced` if not 0
  };
  step what = step::wait;
  etcd_beginning beginning = etcd_beginning::anew;
  std::vector<etcd_member> members = {};
  std::uint64_t replaced = 0;
  std::string why = {}; // for the log, empty if that would say nothing new
  bool operator==(const etcd_order&) const = default;
};

/// Decides what becomes of a node's etcd. Starts it where that is safe: a
/// member that lost its data never begins again as the one it was, since it
/// would vote again on what it has forgotten; others replace it.
///
/// What it cannot tell is a first start from one after the whole folder is
/// lost while nobody else answers: etcd then asks the others itself, and
/// refuses if one of them knows the member.
class etcd_keeper {
public:
  explicit etcd_keeper(etcd_settings settings, backoff retries = usual());

  /// Decides, at most once until what was ordered has succeeded or failed.
  etcd_order on_view(const etcd_view& view, time_point now);

  /// Takes note that the process ended, or that an order could not be carried
  /// out. `random` is from 0 to 1.
  void on_failed(time_point now, double random);

  /// Takes note that etcd answers, so that the next failure is a first one.
  void on_healthy() { failures_ = 0; }

  /// Returns how often it failed in a row.
  std::uint32_t failures() const { return failures_; }

  static backoff usual() {
    return {duration{200}, 2.0, std::chrono::seconds{30}, 0.2};
  }

  bool operator==(const etcd_keeper&) const = default;

private:
  etcd_order begin(const etcd_view& view);
  etcd_order join(const etcd_view& view);
  etcd_order wait(std::string why);
  std::vector<etcd_member>
  to_members(const std::vector<etcd_listed_member>& listed) const;

  etcd_settings settings_;
  backoff retries_;
  std::uint32_t failures_ = 0;
  time_point next_{}; // nothing is tried before
  bool is_adopted_ = false;
  std::string said_; // why it waits
};

} // namespace troupe
