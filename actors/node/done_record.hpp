#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace troupe {

/// Says at the coordinator that all work is done, for the runs of members that
/// took part: one that starts again has other work.
struct done_record {
  std::map<std::string, std::uint64_t> runs; // incarnations, by member
  std::string failure; // why no more can be done; empty: all is done
  bool operator==(const done_record&) const = default;

  bool holds_for(const std::string& member, std::uint64_t incarnation) const {
    auto found = runs.find(member);
    return found != runs.end() && found->second == incarnation;
  }
};

/// Returns the key of the record, under what `cluster_prefix` returned.
std::string done_key(std::string_view prefix);

/// Returns the record as JSON. Of a long failure the beginning is kept.
std::string encode(const done_record& record);

/// Takes any text. Fails with `corrupt`, naming the key.
result<done_record> decode_done(std::string_view key, std::string_view text);

} // namespace troupe
