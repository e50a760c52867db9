#include "engine/amqp/topology_codec.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string>

using namespace troupe;
using namespace troupe::topology_frames;

namespace {

const auto odd = std::string{"\0\xff\r\n\"", 5};

field_table table() {
  return {{{"x-max-length", {std::int64_t{7}}}, {odd, {std::string{odd}}}}};
}

std::vector<question> questions() {
  return {
    amqp::open_vhost{"/"},
    amqp::declare_exchange{
      "/", "x", "topic", false, true, false, true, table()},
    amqp::delete_exchange{"/", odd, true},
    amqp::change_binding{"/", "x", "q", false, true, "k.#", table()},
    amqp::declare_queue{"/", "q", false, true, false, true, table()},
    amqp::declare_queue{"/", "q", true, false, true, false, {}},
    amqp::delete_queue{"v", "q", false, true},
    amqp::purge_queue{"v", odd},
    connection_gone{},
    queue_unused{queue_id{~std::uint64_t{0}}, false},
    queue_gone{queue_id{7}},
  };
}

std::vector<topology_record> records() {
  return {{"/", "queue/q", odd}, {odd, "binding/", std::nullopt}, {"", "", ""}};
}

/// Makes one frame of every kind.
std::vector<topology_frames::frame> frames() {
  auto made = std::vector<topology_frames::frame>{};
  auto number = std::uint64_t{0x1122334455667788};
  for (auto& x : questions())
    made.push_back(ask{++number, number << 8, number % 2 == 0, std::move(x)});
  made.push_back(topology_frames::answer{1, 2, amqp::done{"q", 3, 4}});
  made.push_back(topology_frames::answer{
    ~number, 0, amqp::refused{amqp::reply_code::precondition_failed, odd}});
  for (auto part : {update::part::change, update::part::only})
    made.push_back(update{5, 6, part, records()});
  made.push_back(update{5, 6, update::part::last, {}});
  made.push_back(want{9});
  return made;
}

std::string bytes_of(std::initializer_list<int> all) {
  auto made = std::string{};
  for (auto x : all) made += static_cast<char>(x);
  return made;
}

} // namespace

TEST_CASE("topology_codec: what is written is read", "[amqp]") {
  for (const auto& x : frames()) {
    auto read = decode(encode(x));
    REQUIRE(read.has_value());
    REQUIRE(read->index() == x.index());
    CHECK(encode(*read) == encode(x));
  }
}

TEST_CASE("topology_codec: fields come to their places", "[amqp]") {
  auto asked = amqp::change_binding{"v", "s", "d", false, true, "k", table()};
  auto read = decode(encode(ask{1, 2, true, asked})).value();
  const auto& got = std::get<ask>(read);
  CHECK(got.number == 1);
  CHECK(got.connection == 2);
  CHECK(got.is_server_named);
  const auto& what = std::get<amqp::change_binding>(got.what);
  CHECK(what.vhost == "v");
  CHECK(what.source == "s");
  CHECK(what.destination == "d");
  CHECK_FALSE(what.to_queue);
  CHECK(what.adds);
  CHECK(what.routing_key == "k");
  CHECK(what.arguments == table());

  read = decode(encode(update{5, 6, update::part::middle, records()})).value();
  CHECK(std::get<update>(read).epoch == 5);
  CHECK(std::get<update>(read).version == 6);
  CHECK(std::get<update>(read).what == update::part::middle);
  CHECK(std::get<update>(read).records == records());

  read = decode(encode(topology_frames::answer{
                  7, 8, amqp::refused{amqp::reply_code::not_found, "no"}}))
           .value();
  CHECK(std::get<topology_frames::answer>(read).version == 8);
  CHECK(
    std::get<amqp::refused>(std::get<topology_frames::answer>(read).what).code
    == amqp::reply_code::not_found);
}

TEST_CASE(
  "topology_codec: frames have the bytes that are written down", "[amqp]") {
  auto asked = ask{2, 3, false, amqp::delete_queue{"/", "q", true, false}};
  CHECK(encode(asked) == bytes_of({1, 0, 2,    0, 0, 0, 0, 0,    0, 0, 3,
                                   0, 0, 0,    0, 0, 0, 0, 0,    5, 1, 0,
                                   0, 0, 0x2f, 1, 0, 0, 0, 0x71, 1, 0}));
  auto told =
    update{4, 5, update::part::change, {{"/", "queue/q", std::nullopt}}};
  CHECK(
    encode(told)
    == bytes_of({1, 2, 4,    0,    0,    0,    0,    0,    0,    0,
                 5, 0, 0,    0,    0,    0,    0,    0,    0,    1,
                 0, 0, 0,    1,    0,    0,    0,    0x2f, 7,    0,
                 0, 0, 0x71, 0x75, 0x65, 0x75, 0x65, 0x2f, 0x71, 0}));
}

TEST_CASE("topology_codec: what is cut short or goes on is refused", "[amqp]") {
  for (const auto& x : frames()) {
    auto bytes = encode(x);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      auto read = decode(bytes.substr(0, cut));
      REQUIRE(read.has_error());
      CHECK(read.error().code == errc::corrupt);
    }
    CHECK(decode(bytes + "x").has_error());
    bytes[0] = 2;
    CHECK(decode(bytes).error().code == errc::newer_format);
  }
}

TEST_CASE(
  "topology_codec: a flipped bit is read as what it says, or refused",
  "[amqp]") {
  auto refused = 0;
  for (const auto& x : frames()) {
    auto bytes = encode(x);
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      auto flipped = bytes;
      flipped[i / 8] ^= static_cast<char>(1 << i % 8);
      auto read = decode(flipped);
      refused += read.has_error();
      if (!read) continue;
      auto again = encode(*read);
      std::replace(flipped.begin(), flipped.end(), 'L', 'l'); // one type
      std::replace(again.begin(), again.end(), 'L', 'l');
      CHECK(again == flipped);
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("topology_codec: any bytes are read or refused", "[amqp]") {
  auto random = std::mt19937{3};
  auto all = frames();
  auto refused = 0;
  for (auto i = 0; i < 20'000; ++i) {
    auto bytes = encode(all[random() % all.size()]);
    for (auto n = random() % 4; n-- > 0;)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % 8 == 0 ? random() % bytes.size() : bytes.size());
    refused += decode(bytes).has_error();
  }
  CHECK(refused > 1000);
}

TEST_CASE(
  "topology_codec: a count that is announced takes no memory", "[amqp]") {
  auto bytes = encode(update{1, 1, update::part::only, {}});
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\xff");
  CHECK(decode(bytes).has_error());
}

TEST_CASE("topology_codec: a whole is cut into parts that say so", "[amqp]") {
  using part = update::part;
  auto empty = cut_whole(1, 2, {});
  REQUIRE(empty.size() == 1);
  CHECK(empty[0].what == part::only);
  CHECK(empty[0].version == 2);

  auto all = std::vector<topology_record>{};
  for (auto i = 0; i < 10; ++i)
    all.push_back({"/", std::to_string(i), std::string(100, 'v')});
  CHECK(cut_whole(1, 2, all).size() == 1);
  auto parts = cut_whole(1, 2, all, 300);
  REQUIRE(parts.size() == 5);
  CHECK(parts.front().what == part::first);
  CHECK(parts.back().what == part::last);
  auto joined = std::vector<topology_record>{};
  for (auto& x : parts) {
    CHECK(x.records.size() == 2);
    joined.insert(joined.end(), x.records.begin(), x.records.end());
  }
  CHECK(parts[1].what == part::middle);
  CHECK(joined == all);
  CHECK(cut_whole(1, 2, all, 1).size() == 10); // a record goes whole
}

TEST_CASE(
  "topology_codec: only what a topology decides is a question", "[amqp]") {
  CHECK(to_question(amqp::open_vhost{"/"}));
  CHECK(to_question(amqp::purge_queue{"/", "q"}));
  CHECK_FALSE(to_question(amqp::login{}));
  CHECK_FALSE(to_question(amqp::get{}));
}
