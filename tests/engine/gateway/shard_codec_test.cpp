#include "engine/gateway/names_only.hpp"
#include "tests/engine/gateway/frame_maker.hpp"
#include "tests/engine/gateway/frame_text.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::size_t rounds = 100; // of every kind
constexpr std::size_t kinds = 14;

/// Calls `check(bytes, text, decode)` with frames of all kinds.
template <class Check>
void for_frames(std::size_t times, Check check) {
  auto make = frame_maker{5};
  for (std::size_t i = 0; i < times * kinds; ++i) {
    auto request = make.request(i);
    check(
      gateway::encode(request), frame_text::of(request),
      [](std::string_view x) { return gateway::decode_shard_frame(x); });
    auto reply = make.reply(i);
    check(
      gateway::encode(reply), frame_text::of(reply),
      [](std::string_view x) { return gateway::decode_reply_frame(x); });
  }
}

std::string encoded(gateway::shard_request what) {
  return gateway::encode(
    gateway::shard_frame{"/:q", group_id{3}, 8, std::move(what)});
}

bool is_corrupt(const std::string& bytes) {
  auto read = gateway::decode_shard_frame(bytes);
  return !read && read.error().code == errc::corrupt;
}

/// Changes the bytes where `from` stands, once, and returns them.
std::string replaced(std::string in, std::string_view from, std::string to) {
  auto at = in.find(from);
  REQUIRE(at != std::string::npos);
  return in.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("shard_codec: every frame comes back as it was") {
  for_frames(rounds, [](const auto& bytes, const auto& text, auto decode) {
    auto back = decode(bytes);
    REQUIRE(back.has_value());
    REQUIRE(frame_text::of(*back) == text);
    REQUIRE(gateway::encode(*back) == bytes);
  });
}

TEST_CASE("shard_codec: what is cut short or too long is refused") {
  for_frames(10, [](const auto& bytes, const auto&, auto decode) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      REQUIRE(decode(std::string_view{bytes}.substr(0, i)).has_error());
    REQUIRE(decode(bytes + 'x').has_error());
  });
}

TEST_CASE("shard_codec: a flipped bit is refused or read as another frame") {
  for_frames(5, [](const auto& bytes, const auto&, auto decode) {
    for (std::size_t i = 0; i < bytes.size() * 8; i += 3) {
      auto odd = bytes;
      odd[i / 8] = static_cast<char>(odd[i / 8] ^ (1 << i % 8));
      if (auto back = decode(odd)) REQUIRE(gateway::encode(*back) == odd);
    }
  });
}

TEST_CASE("shard_codec: random bytes are refused or read as they are") {
  auto random = std::minstd_rand{3};
  for (int i = 0; i < 20000; ++i) {
    auto bytes = std::string(random() % 150, '\0');
    for (auto& x : bytes) x = static_cast<char>(random() % 5);
    if (auto back = gateway::decode_shard_frame(bytes))
      REQUIRE(gateway::encode(*back) == bytes);
    if (auto back = gateway::decode_reply_frame(bytes))
      REQUIRE(gateway::encode(*back) == bytes);
  }
}

TEST_CASE("shard_codec: a frame is laid out byte for byte as described") {
  using namespace std::string_literals;
  auto frame = gateway::shard_frame{
    "/:q", group_id{5}, 9, gateway::shard_request{gateway::grant{2, 300}}, 7};
  CHECK(
    gateway::encode(frame, "\2")
    == "\2" // what the link's message begins with
       "\3\0\0\0/:q\5"
       "\x9\0\0\0\0\0\0\0"             // the session
       "\7\0\0\0\0\0\0\0"              // its seventh frame
       "\2\5"                          // a request, grant
       "\2\0\0\0\0\0\0\0\x2c\1\0\0"s); // the consumer, its credit
}

TEST_CASE("shard_codec: a loan takes along only what is lent") {
  auto all = batch_of({"one", std::string(5000, 'x'), "three"});
  auto run = loaned_run{all, 2, 1, 77, {}};
  auto bytes = gateway::encode(gateway::reply_frame{
    "/:q", group_id{0}, 1, gateway::shard_reply{gateway::deliver{4, {run}}}});
  CHECK(bytes.size() < 200);
  auto back = gateway::decode_reply_frame(bytes);
  auto& got = std::get<gateway::deliver>(
    std::get<gateway::shard_reply>(back.value().what));
  CHECK(got.runs.at(0)[0].body() == "three");
  CHECK(got.runs.at(0).bytes() == run.bytes());
}

TEST_CASE("shard_codec: sequences must be one a message and rise") {
  auto what = publish{1, 0, "p", {41, 42}, batch_of({"a", "b"})};
  auto bytes = encoded(gateway::enqueue{{what}});
  CHECK_FALSE(is_corrupt(bytes));
  auto list = std::string{"\2\0\0\0\x29\0\0\0\0\0\0\0", 12};
  auto falls = std::string{"\2\0\0\0\x2b\0\0\0\0\0\0\0", 12};
  auto one = std::string{"\1\0\0\0", 4};
  CHECK(is_corrupt(replaced(bytes, list, falls)));
  CHECK(is_corrupt(replaced(bytes, list, one)));
}

TEST_CASE("shard_codec: settled positions are of the partition that is named") {
  auto what = settlement{};
  what.partition = 2;
  what.acked.push_back({partition_start(2) + 5, 3});
  auto acked = encoded(gateway::settle{1, {what}});
  CHECK_FALSE(is_corrupt(acked));
  auto named = std::string{"\1\0\0\0\2\0\1\0\0\0", 10};
  auto other = std::string{"\1\0\0\0\3\0\1\0\0\0", 10};
  CHECK(is_corrupt(replaced(acked, named, other)));
  auto run = std::string{"\5\0\0\0\0\0\0\2\3\0\0\0", 12};
  auto none = std::string{"\5\0\0\0\0\0\0\2\0\0\0\0", 12};
  auto across = std::string{"\xff\xff\xff\xff\xff\xff\xff\2\3\0\0\0", 12};
  CHECK(is_corrupt(replaced(acked, run, none)));
  CHECK(is_corrupt(replaced(acked, run, across)));
}

TEST_CASE("shard_codec: a wait that is no time is refused") {
  auto what = subscription{};
  what.retry.backoff.factor = 2.5;
  auto bytes = encoded(gateway::subscribe{1, what, false});
  CHECK_FALSE(is_corrupt(bytes));
  auto factor = std::string{"\0\0\0\0\0\0\4\x40", 8};
  auto infinite = std::string{"\0\0\0\0\0\0\xf0\x7f", 8};
  auto zero = std::string(8, '\0');
  CHECK(is_corrupt(replaced(bytes, factor, infinite)));
  CHECK(is_corrupt(replaced(bytes, factor, zero)));
}

TEST_CASE("shard_codec: no shard lets anyone in") {
  auto bytes = gateway::encode(gateway::reply_frame{
    "/:q", group_id{1}, 1,
    gateway::shard_reply{gateway::answered{7, amqp::done{}}}});
  auto done = std::string{"\7\0\0\0\0\0\0\0\0", 9};
  auto logged_in = std::string{"\7\0\0\0\0\0\0\0\1", 9};
  bytes = replaced(bytes, done, logged_in);
  bytes.resize(bytes.size() - 20); // the fields of done
  CHECK(gateway::decode_reply_frame(bytes).has_error());
}

TEST_CASE("shard_codec: a group that there is not is refused") {
  auto bytes = encoded(gateway::purge{1});
  bytes[7] = 63;
  CHECK_FALSE(is_corrupt(bytes));
  bytes[7] = 64;
  CHECK(is_corrupt(bytes));
}

TEST_CASE("names_only: a request for a partition that is not here shows") {
  auto is_here = [](std::uint16_t partition) { return partition < 2; };
  auto published = [&](std::uint16_t partition) {
    auto what = publish{1, partition, {}, {}, batch_of({"a"})};
    return gateway::names_only(gateway::enqueue{{what}}, is_here);
  };
  auto settled = [&](std::uint16_t partition) {
    auto what = settlement{};
    what.partition = partition;
    return gateway::names_only(gateway::settle{1, {what}}, is_here);
  };
  CHECK(published(1));
  CHECK_FALSE(published(2));
  CHECK(settled(1));
  CHECK_FALSE(settled(2));
  CHECK(gateway::names_only(gateway::purge{9}, is_here));
}
