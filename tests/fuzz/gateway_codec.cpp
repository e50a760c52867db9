// Any bytes over a link: what reads as a frame between a gateway and a shard is
// written the same.
// sources: engine/gateway/shard_codec.cpp

#include "engine/gateway/shard_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace troupe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t n) {
  auto bytes = std::string_view{reinterpret_cast<const char*>(data), n};
  if (auto read = gateway::decode_shard_frame(bytes))
    if (gateway::encode(*read) != bytes) std::abort();
  if (auto read = gateway::decode_reply_frame(bytes))
    if (gateway::encode(*read) != bytes) std::abort();
  return 0;
}
