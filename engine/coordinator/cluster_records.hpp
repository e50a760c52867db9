#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/cluster/group_record.hpp"
#include "engine/cluster/ring_plan.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// What a cluster keeps at its coordinator: keys and their JSON. Decoders take
// any text; fields that they do not know are left alone, so that later
// versions may add some. What does not fit is `corrupt`, with the key.

namespace troupe {

/// A value is not looked into where it has more bytes.
constexpr std::size_t most_record_bytes = 64 * 1024;

/// Members that one list of a group's record may name.
constexpr std::size_t most_listed_members = 32;

/// Bytes in a name, address or id.
constexpr std::size_t most_field_bytes = 255;

/// A node as it registers, under a session: a hint to others.
struct node_record {
  cluster::member_id id{};
  std::string addr_repl;         // host:port of the peer links
  std::string addr_ctl;          // host:port of the control interface
  std::uint64_t incarnation = 0; // counts the node's starts
  cluster::store_id store;
  std::uint32_t protocol_min = 0; // feature levels that its program knows
  std::uint32_t protocol_max = 0;
  cluster::member_state state = cluster::member_state::up;
  std::string run = {}; // of its program, as its host tells runs apart
  bool operator==(const node_record&) const = default;
};

/// What a cluster was made with. All but the feature level stays for good.
struct cluster_meta {
  std::uint32_t schema = 1; // of all these records
  std::uint32_t slots = 0;
  std::uint32_t groups = 0;
  std::uint32_t replicas = 0;
  std::uint32_t feature_level = 0;
  std::string cluster_id;
  bool operator==(const cluster_meta&) const = default;
};

// -- keys

/// Returns "/troupe/<cluster>/", the prefix of all keys. Fails with
/// `bad_input` where the name is empty, too long or has other characters than
/// letters, digits, '-', '_' and '.'.
result<std::string> cluster_prefix(std::string_view cluster);

// The prefix of these is what `cluster_prefix` returned.
std::string cluster_meta_key(std::string_view prefix);
std::string controller_key(std::string_view prefix);
std::string node_key(std::string_view prefix, std::string_view name);
std::string group_key(std::string_view prefix, group_id group);
std::string nodes_prefix(std::string_view prefix);
std::string groups_prefix(std::string_view prefix);

/// Returns the node's name in a key under `nodes_prefix`. Fails with
/// `corrupt`.
result<std::string>
parse_node_key(std::string_view prefix, std::string_view key);

/// Returns the group of a key under `groups_prefix`. Fails with `corrupt`.
result<group_id> parse_group_key(std::string_view prefix, std::string_view key);

// -- values; `key` is for the error's text

std::string encode(const cluster::group_record& record);
std::string encode(const node_record& record);
std::string encode(const cluster_meta& meta);

result<cluster::group_record>
decode_group(std::string_view key, std::string_view text);
result<node_record> decode_node(std::string_view key, std::string_view text);
result<cluster_meta> decode_meta(std::string_view key, std::string_view text);

} // namespace troupe
