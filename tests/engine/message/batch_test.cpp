#include "engine/message/batch.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using namespace troupe;

namespace {

/// A batch of three, one of them empty.
batch_ptr small_batch() {
  auto builder = batch_builder{};
  builder.add({"shop", "order.new", "set", "body one"});
  builder.add(message{});
  builder.add({"", "refund", "", std::string_view{"\0\xff", 2}});
  return builder.take();
}

bool equal(const message& a, const message& b) {
  return a.exchange() == b.exchange() && a.routing_key() == b.routing_key()
         && a.encoded_properties() == b.encoded_properties()
         && a.body() == b.body();
}

/// Reads every byte that the messages claim to have.
std::size_t read_all(const batch& from) {
  auto sum = std::size_t{0};
  for (std::size_t i = 0; i < from.size(); ++i) {
    auto each = from[i];
    for (auto text :
         {each.exchange(), each.routing_key(), each.encoded_properties(),
          each.body()})
      for (auto c : text) sum += static_cast<unsigned char>(c) + 1u;
  }
  return sum;
}

bool batch_decodes(std::string bytes) {
  return batch::decode(std::move(bytes)).has_value();
}

} // namespace

TEST_CASE("batch: messages come out as they went in", "[message]") {
  auto made = small_batch();
  REQUIRE(made->size() == 3);
  CHECK(equal((*made)[0], {"shop", "order.new", "set", "body one"}));
  CHECK(equal((*made)[1], {}));
  CHECK(equal((*made)[2], {"", "refund", "", std::string_view{"\0\xff", 2}}));
}

TEST_CASE("batch: decoding gives the same messages", "[message]") {
  auto made = small_batch();
  auto read = batch::decode(std::string{made->bytes()}).value();
  REQUIRE(read->size() == made->size());
  CHECK(read->bytes() == made->bytes());
  for (std::size_t i = 0; i < made->size(); ++i)
    CHECK(equal((*read)[i], (*made)[i]));
}

TEST_CASE("batch: a shortened or lengthened one is refused", "[message]") {
  auto bytes = std::string{small_batch()->bytes()};
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto read = batch::decode(bytes.substr(0, size));
    REQUIRE(read.has_error());
    CHECK(read.error().code == errc::corrupt);
  }
  CHECK_FALSE(batch_decodes(bytes + '\0'));
  CHECK_FALSE(batch_decodes('\0' + bytes));
}

TEST_CASE("batch: a flipped bit in a length is refused or safe", "[message]") {
  auto bytes = std::string{small_batch()->bytes()};
  auto table = bytes.size() - 4 - 3 * 4;
  auto refused = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    auto read = batch::decode(flipped);
    refused += !read;
    if (read) CHECK(read_all(**read) > 0);
    // How many there are and where the last ends leave no choice at all.
    auto is_fixed = bit / 8 >= table + 2 * 4;
    if (is_fixed) CHECK(read.has_error());
  }
  CHECK(refused >= 64);
}

TEST_CASE("batch: an end before its start is refused", "[message]") {
  auto bytes = std::string{small_batch()->bytes()};
  auto table = bytes.size() - 4 - 3 * 4;
  auto swapped = bytes.substr(0, table) + bytes.substr(table + 4, 4)
                 + bytes.substr(table, 4) + bytes.substr(table + 8);
  CHECK_FALSE(batch_decodes(swapped));
}

TEST_CASE("batch: random bytes are refused or safe", "[message]") {
  auto random = std::mt19937{11};
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = std::string(random() % 64, '\0');
    // Small numbers make lengths that nearly fit.
    for (auto& c : bytes) c = static_cast<char>(random() % (i % 2 ? 256 : 8));
    if (auto read = batch::decode(bytes)) {
      CHECK((*read)->size() > 0);
      read_all(**read);
    }
  }
}

TEST_CASE("batch: a large message travels alone", "[message]") {
  auto builder = batch_builder{};
  auto body = std::string(3 * batch::most_bytes, 'x');
  CHECK_FALSE(builder.is_full());
  builder.add({"", "big", "", body});
  CHECK(builder.is_full());
  auto made = builder.take();
  REQUIRE(made->size() == 1);
  CHECK((*made)[0].body() == body);
  auto read = batch::decode(std::string{made->bytes()}).value();
  CHECK((*read)[0].body() == body);
}

TEST_CASE("batch: is cut after 256 messages or 64 KiB", "[message]") {
  auto builder = batch_builder{};
  for (int i = 0; i < 255; ++i) builder.add(message{});
  CHECK_FALSE(builder.is_full());
  builder.add(message{});
  CHECK(builder.is_full());
  CHECK(builder.take()->size() == 256);
  CHECK_FALSE(builder.is_full());
}

TEST_CASE("batch: names over 255 bytes are cut", "[message]") {
  auto builder = batch_builder{};
  auto name = std::string(300, 'n');
  builder.add({name, name, name, name});
  auto made = builder.take();
  CHECK((*made)[0].exchange() == name.substr(0, 255));
  CHECK((*made)[0].routing_key() == name.substr(0, 255));
  CHECK((*made)[0].encoded_properties() == name);
  CHECK((*made)[0].body() == name);
}

TEST_CASE("batch: messages of another are taken as they are", "[message]") {
  auto from = small_batch();
  auto builder = batch_builder{};
  builder.add(*from, 2);
  builder.add(*from, 0);
  auto made = builder.take();
  REQUIRE(made->size() == 2);
  CHECK(equal((*made)[0], (*from)[2]));
  CHECK(equal((*made)[1], (*from)[0]));
}

TEST_CASE("batch: a builder starts anew after take", "[message]") {
  auto builder = batch_builder{};
  CHECK(builder.take() == nullptr);
  builder.add({"", "a", "", "1"});
  CHECK(builder.take()->size() == 1);
  CHECK(builder.empty());
  builder.add({"", "b", "", "2"});
  CHECK((*builder.take())[0].routing_key() == "b");
}

TEST_CASE("batch: knows what a run of messages takes up") {
  auto builder = batch_builder{};
  builder.add(message{"x", "k", "", "one"});
  builder.add(message{"", "", "", ""});
  builder.add(message{"", "key", "", "three"});
  auto made = builder.take();
  CHECK(made->bytes(0, 1) == 6 + 5);
  CHECK(made->bytes(1, 1) == 6);
  CHECK(made->bytes(1, 2) == 6 + 6 + 8);
  CHECK(made->bytes(0, 3) == 11 + 6 + 14);
  CHECK(made->bytes(2, 0) == 0);
}
