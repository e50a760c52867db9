#pragma once

#include "engine/amqp/topology_codec.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// The records of a topology that members share, and how far one has followed
/// whom. The leader's is what it has told so far.
class topology_copy {
public:
  using name = std::pair<std::string, std::string>; // vhost, key
  using record_map = std::map<name, std::string>;

  enum class outcome : std::uint8_t {
    stale,   // of an earlier epoch, or known
    partial, // more of the whole is to come
    whole,   // all records are new
    changed, // see `steps`
    missed,  // something was lost: a whole is wanted
  };

  /// What one record changes.
  struct step {
    topology_record what;
    std::optional<std::string> before; // the value that it replaces or erases
    bool operator==(const step&) const = default;
  };

  struct followed {
    outcome what{};
    std::vector<step> steps; // only what makes a difference, in order
  };

  /// Takes records that are there by the configuration, on every member. They
  /// are never shared.
  void fix(const std::vector<topology_record>& configured);

  /// The latest epoch that was heard of.
  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t version() const { return version_; }
  /// Who sent the whole that is followed; 0: nobody, or this member leads.
  std::uint16_t source() const { return source_; }
  /// Says whether nothing is missing, as far as is known.
  bool is_whole() const { return is_whole_; }
  const record_map& records() const { return records_; }

  // -- following

  followed on_update(std::uint16_t from, topology_frames::update what);

  // -- leading

  /// Returns what a new leader begins with: durable things as stored, and
  /// things in memory as they were told.
  record_map beginning(const std::vector<topology_record>& stored) const;

  /// Leads from now on, with these.
  void lead(std::uint64_t epoch, const std::vector<topology_record>& all);

  /// Notes a change and returns it for the others.
  topology_frames::update change(std::vector<topology_record> records);

  /// Returns all there is, for the others.
  std::vector<topology_frames::update> whole() const;

private:
  /// A whole that has not come to its end.
  struct gathering {
    std::uint16_t from = 0;
    std::uint64_t version = 0;
    record_map records;
  };

  followed gather(std::uint16_t from, topology_frames::update& what);
  followed go_on(topology_frames::update& what);
  followed miss();
  std::optional<step> put(topology_record what);

  std::uint64_t epoch_ = 0;
  std::uint64_t version_ = 0;
  std::uint16_t source_ = 0;
  bool is_whole_ = false;
  record_map records_;
  std::optional<gathering> gathering_;
  std::set<name> fixed_;
};

} // namespace troupe
