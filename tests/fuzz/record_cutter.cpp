// Cuts any bytes as any format, once whole and once in chunks: both must find
// the same records and the same fault. Then goes on behind each record.

#include "tests/engine/source/cutting.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <span>

using namespace troupe;
using namespace troupe::test;

namespace {

void demand(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "not so: " << what << '\n';
  std::abort();
}

void go_on_behind(
  const cutting& whole,
  std::size_t i,
  record_kind kind,
  std::string_view input,
  std::uint64_t limit) {
  const auto& x = whole.records[i];
  auto rest = cut_from(kind, input, {x.end, x.number}, limit);
  demand(rest.fault == whole.fault, "the same fault after a restart");
  demand(
    std::ranges::equal(rest.records, std::span{whole.records}.subspan(i + 1)),
    "the same records after a restart");
}

} // namespace

/// The first three bytes choose the format, the longest record and the chunks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, size_t size) {
  if (size < 3) return 0;
  auto kind = static_cast<record_kind>(bytes[0] & 3);
  auto limit = std::uint64_t{bytes[1]} * 4;
  auto chunks = std::minstd_rand{bytes[2] + 1u};
  auto input =
    std::string_view{reinterpret_cast<const char*>(bytes) + 3, size - 3};
  auto whole = cut_whole(kind, input, limit);
  auto longest = 1 + chunks() % 32;
  auto parts = cut_in_chunks(
    record_cutter{kind, limit}, input, [&] { return 1 + chunks() % longest; });
  demand(parts == whole, "the same records and fault in chunks");
  auto step = 1 + whole.records.size() / 8;
  for (std::size_t i = 0; i < whole.records.size(); i += step)
    go_on_behind(whole, i, kind, input, limit);
  return 0;
}
