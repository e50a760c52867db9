#include "engine/source/batch_cutter.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace troupe;

namespace {

batch_cutter cutter_of(record_kind kind, input_key key = {}) {
  return {record_cutter{kind, 1'000'000}, {}, std::move(key)};
}

/// The sizes of the batches that an input comes to.
std::vector<std::size_t> sizes_of(std::string_view input) {
  auto cutter = cutter_of(record_kind::lines);
  auto sizes = std::vector<std::size_t>{};
  for (;;) {
    auto made = cutter.cut(input).value();
    if (!made.messages) break;
    CHECK(made.first_number + made.messages->size() - 1 == made.after.number);
    sizes.push_back(made.messages->size());
  }
  return sizes;
}

std::string lines(std::size_t count, std::size_t size) {
  auto all = std::string{};
  for (std::size_t i = 0; i < count; ++i) all += std::string(size, 'x') + '\n';
  return all;
}

} // namespace

TEST_CASE("batch_cutter: a batch is full at 256 messages", "[source]") {
  CHECK(sizes_of(lines(600, 3)) == std::vector<std::size_t>{256, 256, 88});
}

TEST_CASE("batch_cutter: a batch is full at 64 KiB", "[source]") {
  auto sizes = sizes_of(lines(10, 20'000));
  CHECK(sizes == std::vector<std::size_t>{4, 4, 2});
}

TEST_CASE("batch_cutter: a large message is alone", "[source]") {
  auto input = lines(2, 3) + lines(2, batch::most_bytes + 1) + lines(2, 3);
  CHECK(sizes_of(input) == std::vector<std::size_t>{2, 1, 1, 2});
}

TEST_CASE("batch_cutter: says where each batch ends", "[source]") {
  auto cutter = cutter_of(record_kind::lines);
  auto input = std::string_view{"one\ntwo\nthree"};
  auto made = cutter.cut(input).value();
  REQUIRE(made.messages);
  CHECK(made.messages->size() == 2);
  CHECK((*made.messages)[1].body() == "two");
  CHECK(made.first_number == 1);
  CHECK((made.after == source_place{8, 2}));
  CHECK_FALSE(cutter.cut(input).value().messages);
  made = cutter.finish().value();
  REQUIRE(made.messages);
  CHECK(made.first_number == 3);
  CHECK((made.after == source_place{13, 3}));
  CHECK_FALSE(cutter.finish().value().messages);
}

TEST_CASE("batch_cutter: the key becomes the routing key", "[source]") {
  auto key = [](const message& m, std::string& scratch) -> std::string_view {
    scratch = "k-" + std::string{m.body().substr(0, 1)};
    return scratch;
  };
  auto cutter = cutter_of(record_kind::lines, key);
  auto input = std::string_view{"abc\nxyz\n"};
  auto made = cutter.cut(input).value();
  REQUIRE(made.messages);
  CHECK((*made.messages)[0].routing_key() == "k-a");
  CHECK((*made.messages)[1].routing_key() == "k-x");
}

TEST_CASE("batch_cutter: what is before a fault comes first", "[source]") {
  auto cutter = cutter_of(record_kind::json);
  auto input = std::string_view{"[1,2,oops,3]"};
  auto made = cutter.cut(input);
  REQUIRE(made.has_value());
  CHECK(made->messages->size() == 2);
  CHECK((made->after == source_place{4, 2}));
  CHECK(cutter.cut(input).has_error());
  CHECK(cutter.finish().has_error());
}
