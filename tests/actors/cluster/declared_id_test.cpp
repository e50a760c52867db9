#include "actors/cluster/declared_id.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

TEST_CASE("declared_id: whatever is drawn, it is told from other numbers") {
  for (auto random :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{12345},
        ~std::uint64_t{0}})
    CHECK(is_declared(declared_id(random)));
  CHECK(declared_id(2) != declared_id(4));
  for (auto other :
       {std::uint64_t{0}, std::uint64_t{2}, (std::uint64_t{1} << 60) | 1,
        std::uint64_t{1} << 61, std::uint64_t{1} << 63,
        (std::uint64_t{1} << 63) | (std::uint64_t{1} << 60)})
    CHECK_FALSE(is_declared(queue_id{other}));
}
