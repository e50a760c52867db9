#include "engine/net/outgoing.hpp"

#include <catch2/catch.hpp>

using troupe::outgoing;

namespace {

std::string front_of(const outgoing& x) {
  auto out = std::string{};
  for (const auto& piece : x.front())
    out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  return out;
}

} // namespace

TEST_CASE("outgoing: small pieces become one") {
  auto x = outgoing{};
  x.add("one ");
  x.add("two ");
  x.add("");
  x.add("three");
  CHECK(x.front().size() == 1);
  CHECK(front_of(x) == "one two three");
}

TEST_CASE("outgoing: large pieces are not copied") {
  auto x = outgoing{};
  auto large = std::string(100'000, 'x');
  const auto* bytes = large.data();
  x.add("small");
  x.add(std::move(large));
  CHECK(x.front().size() == 2);
  CHECK(x.front()[1].iov_base == bytes);
}

TEST_CASE("outgoing: drops from the front, across pieces") {
  auto x = outgoing{};
  x.add(std::string(5000, 'a'));
  x.add(std::string(5000, 'b'));
  x.drop(4999);
  CHECK(front_of(x) == "a" + std::string(5000, 'b'));
  x.drop(2);
  CHECK(front_of(x) == std::string(4999, 'b'));
  x.drop(4999);
  CHECK(x.is_empty());
}

TEST_CASE("outgoing: what is partly written stays as it is") {
  auto x = outgoing{};
  x.add("abc");
  x.drop(1);
  auto more = outgoing{};
  more.add("def");
  x.take(more);
  CHECK(more.is_empty());
  CHECK(x.front().size() == 2);
  CHECK(front_of(x) == "bcdef");
}

TEST_CASE("outgoing: lists no more pieces than one write takes") {
  auto x = outgoing{};
  for (auto i = 0; i < 100; ++i) x.add(std::string(5000, 'x'));
  CHECK(x.front().size() == outgoing::most_pieces);
}
