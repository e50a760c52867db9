#pragma once

#include "engine/coordinator/coordinator.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What goes to etcd's JSON gateway (etcd 3.4, /v3/...) and what comes back.
// Nothing here believes what it reads: any text is taken, and an answer that
// does not fit the question is an error.

namespace troupe {

// -- requests

std::string range_json(const std::string& prefix);
std::string txn_json(const txn_request& what);
std::string watch_json(const std::string& prefix, revision after);
std::string grant_json(std::chrono::seconds ttl);
std::string lease_json(session_id lease);
std::string member_json(std::uint64_t member);
std::string new_member_json(const std::string& peer_url);

// -- answers

/// Who answered, and where it stands. 0 where it was not said.
struct etcd_header {
  std::uint64_t cluster = 0;
  std::uint64_t member = 0;
  revision at = 0;
  bool operator==(const etcd_header&) const = default;
};

struct etcd_range {
  etcd_header header;
  kept_range range;
};

struct etcd_txn {
  etcd_header header;
  txn_answer answer;
};

/// One line of a watch's stream.
struct etcd_watch_line {
  enum class kind : std::uint8_t {
    nothing, // a sign of life, or that the watch has begun
    changes,
    forgotten, // the past asked for was compacted
    ended,     // by etcd, or by what it could not do: begin again elsewhere
  };
  kind what = kind::nothing;
  etcd_header header;
  std::vector<key_change> changes;
  std::string why; // of an end
};

struct etcd_lease {
  etcd_header header;
  session_id id{};
  std::chrono::seconds ttl{}; // 0: it has ended
};

struct etcd_listed_member {
  std::uint64_t id = 0;
  std::string name; // empty: it was added to a cluster, and never started
  std::vector<std::string> peer_urls;
  std::vector<std::string> client_urls; // empty: it was never heard of
  bool operator==(const etcd_listed_member&) const = default;
};

struct etcd_members {
  etcd_header header;
  std::vector<etcd_listed_member> members;
};

/// What etcd says instead of an answer; codes are those of gRPC.
struct etcd_failure {
  int code = 2; // unknown
  std::string message;

  /// True if nothing was done, for sure, and would not be elsewhere.
  bool is_refusal() const;

  /// True if nothing was done since nobody leads: worth another try.
  bool is_leaderless() const;
};

result<etcd_range>
parse_range(std::string_view json, const std::string& prefix);
result<etcd_txn> parse_txn(std::string_view json, const txn_request& asked);
result<etcd_watch_line> parse_watch_line(
  std::string_view json, const std::string& prefix, revision after);

/// Reads an answer to grant or, within `result`, to keepalive.
result<etcd_lease> parse_lease(std::string_view json);
result<etcd_members> parse_members(std::string_view json);

/// Takes anything; what is no JSON becomes the message, shortened.
etcd_failure parse_failure(std::string_view text);

} // namespace troupe
