#include "tests/bench/limits.hpp"
#include "tests/bench/measure.hpp"

using namespace troupe::bench;

namespace {

template <class Work>
double median_of(int repetitions, Work work) {
  auto all = std::vector<double>{};
  for (int i = 0; i < repetitions; ++i) all.push_back(work());
  return median(std::move(all));
}

} // namespace

int main(int argc, char** argv) {
  const auto asked = arguments{argc, argv};
  const auto folder = bench_folder{};
  constexpr std::size_t block = 64 * 1024;
  auto n = asked.repetitions;
  print({"memcpy", median_of(n, copied_bytes) / 1e9, "GB/s"});
  print({"XXH3 of 16 bytes", median_of(n, hashed_bytes) / 16e6, "M/s"});
  auto writes =
    median_of(n, [&] { return synced_writes(folder.path(), block); });
  print({"write + fdatasync of 64 KiB", writes, "1/s"});
  print({"write + fdatasync of 64 KiB", writes * block / 1e6, "MB/s"});
  auto single = median_of(n, [] { return hopped_messages(1); });
  auto batched = median_of(n, [] { return hopped_messages(256); });
  print({"one hop, 1 message each", single / 1e6, "M/s"});
  print({"one hop, 256 messages each", batched / 1e6, "M/s"});
}
