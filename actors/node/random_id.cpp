#include "actors/node/random_id.hpp"

#include "engine/cluster/group_record.hpp"

#include <cstdint>
#include <random>

namespace troupe {

std::string random_id() {
  auto random = std::random_device{};
  auto made = cluster::store_id{};
  made.high = (std::uint64_t{random()} << 32) | random();
  made.low = (std::uint64_t{random()} << 32) | random();
  return to_string(made);
}

} // namespace troupe
