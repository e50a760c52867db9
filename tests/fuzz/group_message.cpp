// Any bytes over a link: what reads as a replica's message is written the same.

#include "engine/cluster/replica_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t n) {
  auto bytes = std::string_view{reinterpret_cast<const char*>(data), n};
  auto read = troupe::cluster::decode_group_message(bytes);
  if (read && troupe::cluster::encode(*read) != bytes) std::abort();
  return 0;
}
