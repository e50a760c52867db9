#include "engine/ring/slot_map.hpp"

#include "engine/base/stable_hash.hpp"

namespace troupe {

slot_id slot_of(std::string_view key) noexcept {
  return slot_id{static_cast<std::uint16_t>(stable_hash(key) % slots)};
}

group_id group_of(std::string_view queue, std::uint16_t partition) noexcept {
  return group_id{
    static_cast<std::uint8_t>((stable_hash(queue) + partition) % groups)};
}

} // namespace troupe
