// Says where keys lie: `bench_placement QUEUE PARTITIONS KEYS` prints, for each
// group with any, how many of the order keys "key-0", "key-1" ... lie there.
// One partition and one key tell the group of a client's queue in vhost "/".

#include "engine/ring/slot_map.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

int main(int argc, char** argv) {
  auto partitions = argc == 4 ? std::atoi(argv[2]) : 0;
  auto keys = argc == 4 ? std::atoi(argv[3]) : 0;
  if (partitions < 1 || partitions > troupe::slots || keys < 1) {
    std::fprintf(stderr, "usage: %s QUEUE PARTITIONS KEYS\n", argv[0]);
    return 64;
  }
  auto found = std::map<int, int>{};
  for (int i = 0; i < keys; ++i) {
    auto slot = troupe::slot_of("key-" + std::to_string(i));
    auto partition =
      troupe::partition_of(slot, static_cast<std::uint16_t>(partitions));
    ++found[static_cast<int>(troupe::group_of(argv[1], partition))];
  }
  for (auto [group, count] : found) std::printf("%d\t%d\n", group, count);
}
