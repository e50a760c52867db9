#include "engine/base/bytes.hpp"
#include "engine/base/crc32c.hpp"
#include "engine/store/entry_codec.hpp"
#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

std::string whole(const log_entry& entry) {
  auto made = encode(entry);
  return made.head
         + std::string{made.body ? made.body->bytes() : std::string_view{}};
}

/// Gives changed bytes the checksum that fits them.
std::string with_crc(std::string value) {
  auto sum = crc32c(std::string_view{value}.substr(4));
  std::memcpy(value.data(), &sum, sizeof sum);
  return value;
}

log_entry settled() {
  auto made = settle_entry{};
  made.queue = queue_id{7};
  made.settled = {{17, 2}, {30, 1}};
  made.retries = {{19, time_point{duration{-5}}, {{}, "timeout", ""}}};
  made.emits.push_back({"charge", {5}, published(1, "emitted").messages});
  made.changes = {{"charge", "anna", "total", ""}, {"charge", "", "x", {}}};
  return made;
}

log_entry checkpoint() {
  auto made = checkpoint_entry{};
  made.queue = queue_id{7};
  made.next = 20;
  made.attempts[19] = {{{}, "timeout", "30 s"}, {{}, "exception", "no"}};
  made.attempts[25] = {};
  made.waiting[19] = time_point{duration{5}};
  made.publishers = {{"a", 1}, {"b", ~std::uint64_t{0}}};
  return made;
}

log_entry expiring() {
  auto made = publish_entry{published(3, "hello", 4)};
  made.is_delayed = true;
  return made;
}

log_entry requeued() {
  auto made = settle_entry{};
  made.queue = queue_id{7};
  made.requeued = {{17, 2}};
  return made;
}

log_entry counting_checkpoint() {
  auto made = std::get<checkpoint_entry>(checkpoint());
  made.lent_to = 12;
  made.deliveries = {{3, 1}, {4, 7}};
  made.seen = {{"b", time_point{duration{5}}}, {"a", time_point{duration{9}}}};
  return made;
}

log_entry erasing_checkpoint() {
  auto made = std::get<checkpoint_entry>(counting_checkpoint());
  made.erases = {17, 4};
  return made;
}

std::vector<log_entry> all_kinds() {
  return {
    published(3, "hello", 4),
    settled(),
    checkpoint(),
    expiring(),
    requeued(),
    counting_checkpoint(),
    erasing_checkpoint()};
}

} // namespace

TEST_CASE("entry_codec: every kind comes back as it was", "[store]") {
  for (const auto& entry : all_kinds()) {
    auto bytes = whole(entry);
    auto decoded = decode(bytes);
    REQUIRE(decoded.has_value());
    CHECK(decoded->index() == entry.index());
    CHECK(whole(*decoded) == bytes);
  }
}

TEST_CASE("entry_codec: kinds with more fields keep them", "[store]") {
  auto published = decode(whole(expiring()));
  REQUIRE(published.has_value());
  CHECK(std::get<publish_entry>(*published).is_delayed);
  CHECK_FALSE(std::get<publish_entry>(*published).has_expirations);
  auto settled = decode(whole(requeued()));
  REQUIRE(settled.has_value());
  CHECK(
    std::get<settle_entry>(*settled).requeued
    == std::vector{position_run{17, 2}});
  auto stood = decode(whole(counting_checkpoint()));
  REQUIRE(stood.has_value());
  const auto& entry = std::get<checkpoint_entry>(*stood);
  CHECK(entry.lent_to == 12);
  CHECK(entry.deliveries.at(4) == 7);
  CHECK(entry.seen.at(1).first == "a");
}

TEST_CASE("entry_codec: an entry says its epoch and what it brings about") {
  CHECK(epoch_of(whole(settled())) == single_node_epoch);
  auto made = encode(erasing_checkpoint(), 7);
  CHECK(epoch_of(made.head) == 7);
  auto effects = effects_of(made.head).value();
  CHECK(effects.erases == std::vector<log_index>{17, 4});
  CHECK(effects.changes.empty());
  effects = effects_of(whole(settled())).value();
  CHECK(effects.erases.empty());
  CHECK(effects.changes == std::get<settle_entry>(settled()).changes);
  CHECK_FALSE(effects.changes.empty());
  CHECK(effects_of(whole(published(3, "hello"))).value().changes.empty());
  CHECK(effects_of("").error().code == errc::corrupt);
}

TEST_CASE("entry_codec: an entry may only begin an epoch") {
  auto made = encode_noop(9);
  CHECK(is_noop(made.head));
  CHECK(epoch_of(made.head) == 9);
  CHECK(unseal(std::string_view{made.head}).has_value());
  CHECK(decode(made.head).error().code == errc::corrupt);
  CHECK(effects_of(made.head).value().erases.empty());
  CHECK_FALSE(is_noop(whole(settled())));
  CHECK_FALSE(is_noop(""));
}

TEST_CASE("entry_codec: times before 1970 come back", "[store]") {
  auto decoded = decode(whole(settled()));
  REQUIRE(decoded.has_value());
  const auto& retry = std::get<settle_entry>(*decoded).retries.at(0);
  CHECK(retry.not_before == time_point{duration{-5}});
}

TEST_CASE("entry_codec: a published batch is shared, not copied", "[store]") {
  auto entry = published(3, "hello");
  auto made = encode(entry);
  CHECK(made.body == entry.messages);
  CHECK(made.size() == whole(entry).size());
}

TEST_CASE("entry_codec: one changed byte anywhere is noticed", "[store]") {
  for (const auto& entry : all_kinds()) {
    auto sound = whole(entry);
    for (std::size_t i = 0; i < sound.size(); ++i) {
      auto bytes = sound;
      bytes[i] = static_cast<char>(bytes[i] ^ 1);
      auto decoded = decode(bytes);
      REQUIRE_FALSE(decoded.has_value());
      CHECK(decoded.error().code == errc::corrupt);
    }
  }
}

TEST_CASE(
  "entry_codec: shortened or lengthened entries are refused even if "
  "their checksum fits",
  "[store]") {
  for (const auto& entry : all_kinds()) {
    auto sound = whole(entry);
    for (std::size_t size = 4; size < sound.size(); ++size)
      CHECK_FALSE(decode(with_crc(sound.substr(0, size))).has_value());
    CHECK_FALSE(decode(with_crc(sound + '\0')).has_value());
  }
}

TEST_CASE(
  "entry_codec: values too short for a checksum are refused", "[store]") {
  for (std::size_t size = 0; size < 4; ++size)
    CHECK_FALSE(decode(std::string(size, '\0')).has_value());
}

TEST_CASE("entry_codec: an unknown kind is refused", "[store]") {
  auto bytes = whole(checkpoint());
  bytes[12] = 7;
  CHECK_FALSE(decode(with_crc(bytes)).has_value());
  bytes[12] = 0;
  CHECK_FALSE(decode(with_crc(bytes)).has_value());
}

TEST_CASE("entry_codec: an announced count takes no memory", "[store]") {
  auto bytes = std::string(4, '\0');
  put(bytes, std::uint64_t{1});
  put(bytes, std::uint8_t{2}); // settle
  put(bytes, std::uint64_t{7});
  put(bytes, ~std::uint32_t{0}); // runs
  CHECK_FALSE(decode(with_crc(bytes)).has_value());
}

TEST_CASE("entry_codec: map keys out of order are refused", "[store]") {
  auto bytes = whole(checkpoint());
  // The last two are ("a", 1) and ("b", max): name the second "a" too.
  bytes[bytes.size() - 9] = 'a';
  CHECK_FALSE(decode(with_crc(bytes)).has_value());
}

TEST_CASE("entry_codec: random bytes never do harm", "[store]") {
  auto random = std::mt19937{20260102};
  auto accepted = 0;
  for (int round = 0; round < 6000; ++round) {
    auto bytes = std::string{};
    if (round % 2 == 0) {
      bytes.resize(random() % 200 + 4);
      for (auto& c : bytes) c = static_cast<char>(random());
      if (bytes.size() > 12) bytes[12] = static_cast<char>(random() % 7);
    } else {
      bytes = whole(all_kinds()[random() % 6]);
      for (int i = 0; i < 3; ++i)
        bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    auto decoded = decode(with_crc(bytes));
    if (!decoded) {
      CHECK(decoded.error().code == errc::corrupt);
      continue;
    }
    ++accepted;
    // What was accepted can be written and read again.
    CHECK(decode(whole(*decoded)).has_value());
  }
  CHECK(accepted > 100);
}

TEST_CASE("entry_codec: a queue's record must be whole", "[store]") {
  auto sound = encode(queue_record{"orders", queue_id{7}, 16});
  CHECK(decode_queue_record(sound).has_value());
  for (std::size_t size = 0; size < sound.size(); ++size) {
    auto bytes = sound.substr(0, size);
    CHECK_FALSE(
      decode_queue_record(size < 4 ? bytes : with_crc(bytes)).has_value());
  }
  CHECK_FALSE(decode_queue_record(with_crc(sound + '\0')).has_value());
}

TEST_CASE("entry_codec: what no queue has says nothing beyond its effects") {
  auto whole = [](const log_entry& x) { return encode(x, 3).head; };
  auto change = settle_entry{};
  change.queue = no_queue;
  CHECK(effects_of(whole(change)).value().is_spent);
  change.queue = queue_id{1};
  CHECK_FALSE(effects_of(whole(change)).value().is_spent);
  auto erasing = checkpoint_entry{};
  erasing.queue = no_queue;
  erasing.erases = {1};
  CHECK(effects_of(whole(erasing)).value().is_spent);
  erasing.queue = queue_id{1};
  CHECK_FALSE(effects_of(whole(erasing)).value().is_spent);
}
