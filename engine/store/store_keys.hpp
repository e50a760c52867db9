#pragma once

#include "engine/base/bytes.hpp"
#include "engine/base/id_text.hpp"

#include <optional>
#include <string>
#include <string_view>

// The keys of docs/store_format.md, made and read.

namespace troupe {

/// Place of an entry in the store.
struct log_place {
  group_id group{};
  log_index index = 0;
  bool operator==(const log_place&) const = default;
};

/// Returns "entry 3 of group 7".
inline std::string place_text(log_place place) {
  return "entry " + std::to_string(place.index) + " of "
         + group_text(place.group);
}

inline std::string group_key(group_id group) {
  return std::string(1, static_cast<char>(group));
}

/// A log key without a string of its own on the heap: it fits in place.
inline std::string log_key(log_place place) {
  auto key = group_key(place.group);
  put(key, __builtin_bswap64(place.index));
  return key;
}

/// Nothing where the bytes are no log key.
inline std::optional<log_place> parse_log_key(std::string_view key) {
  if (key.size() != 1 + sizeof(log_index)) return {};
  return log_place{
    group_id{static_cast<std::uint8_t>(key[0])},
    __builtin_bswap64(load<std::uint64_t>(key.data() + 1))};
}

/// What is under one handler, in one group.
inline std::string state_prefix(group_id group, std::string_view handler) {
  auto key = group_key(group);
  put_text(key, handler);
  return key;
}

inline std::string state_key(
  group_id group,
  std::string_view handler,
  std::string_view scope,
  std::string_view name) {
  auto key = state_prefix(group, handler);
  put_text(key, scope);
  return key.append(name);
}

/// Where a state value belongs; views into the key.
struct state_place {
  group_id group{};
  std::string_view handler;
  std::string_view scope;
  std::string_view name;
  bool operator==(const state_place&) const = default;
};

inline std::optional<state_place> parse_state_key(std::string_view key) {
  auto in = byte_reader{key};
  auto place = state_place{};
  place.group = group_id{in.take<std::uint8_t>()};
  place.handler = in.take_text();
  place.scope = in.take_text();
  place.name = in.rest();
  if (!in.ok()) return {};
  return place;
}

/// Where a piece of a checkpoint is kept aside.
inline std::string piece_key(group_id group, std::uint64_t number) {
  auto key = group_key(group);
  put(key, __builtin_bswap64(number));
  return key;
}

namespace meta_key {

constexpr std::string_view format = "format";
constexpr std::string_view store_id = "store_id";
constexpr std::string_view next_queue = "next_queue";
constexpr std::string_view member_of = "member_of";

inline std::string last_index(group_id group) {
  return "last_index/" + group_key(group);
}

inline std::string replica(group_id group) {
  return "replica/" + group_key(group);
}

inline std::string applied(group_id group) {
  return "applied/" + group_key(group);
}

inline std::string checkpoint(group_id group) {
  return "checkpoint/" + group_key(group);
}

} // namespace meta_key

} // namespace troupe
