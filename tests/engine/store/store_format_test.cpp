#include "engine/base/bytes.hpp"
#include "engine/store/checkpoint_piece.hpp"
#include "engine/store/entry_codec.hpp"
#include "engine/store/replica_mark.hpp"
#include "engine/store/store_keys.hpp"
#include "engine/store/store_membership.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

// Reads the worked bytes out of docs/store_format.md and decodes them.

using namespace troupe;

namespace {

std::string bytes_of(const std::string& line) {
  auto in = std::istringstream{line.substr(0, line.find('#'))};
  auto bytes = std::string{};
  for (auto word = std::string{}; in >> word;)
    bytes += static_cast<char>(std::stoi(word, nullptr, 16));
  return bytes;
}

std::map<std::string, std::string> read_blocks() {
  auto root = std::filesystem::path{__FILE__}.parent_path() / "../../..";
  auto in = std::ifstream{root / "docs/store_format.md"};
  auto blocks = std::map<std::string, std::string>{};
  auto open = std::string{};
  for (auto line = std::string{}; std::getline(in, line);) {
    if (line.starts_with("```"))
      open = line.starts_with("```hex ") ? line.substr(7) : "";
    else if (!open.empty())
      blocks[open] += bytes_of(line);
  }
  return blocks;
}

const std::string& worked(const std::string& name) {
  static const auto blocks = read_blocks();
  INFO("docs/store_format.md: the block '" << name << "'");
  REQUIRE(blocks.contains(name));
  return blocks.at(name);
}

std::string whole(const encoded_entry& entry) {
  return entry.head
         + std::string{entry.body ? entry.body->bytes() : std::string_view{}};
}

const auto failed_at = time_point{duration{1'767'323'045'678}};
const auto due = failed_at + std::chrono::seconds{1};
const auto attempt = failed_attempt{failed_at, "timeout", "30 s"};

} // namespace

TEST_CASE("store_format: the worked batch is two messages", "[store]") {
  auto decoded = batch::decode(worked("batch"));
  REQUIRE(decoded.has_value());
  const auto& messages = **decoded;
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].exchange() == "shop");
  CHECK(messages[0].routing_key() == "k1");
  CHECK(messages[0].encoded_properties() == "");
  CHECK(messages[0].body() == "hello");
  CHECK(messages[1].exchange() == "");
  CHECK(messages[1].routing_key() == "k2");
  CHECK(messages[1].body() == "hi");
}

TEST_CASE(
  "store_format: the worked publish entry is read and written", "[store]") {
  auto decoded = decode(worked("publish"));
  REQUIRE(decoded.has_value());
  const auto& entry = std::get<publish_entry>(*decoded);
  CHECK(entry.queue == queue_id{7});
  CHECK(entry.first == (position{3} << 56 | 17));
  CHECK(entry.published_at == failed_at);
  CHECK(entry.publisher == "orders.in");
  CHECK(entry.last_sequence == 42);
  CHECK(entry.messages->bytes() == worked("batch"));
  CHECK(whole(encode(*decoded)) == worked("publish"));
}

TEST_CASE(
  "store_format: the worked settle entry is read and written", "[store]") {
  auto decoded = decode(worked("settle"));
  REQUIRE(decoded.has_value());
  const auto& entry = std::get<settle_entry>(*decoded);
  CHECK(entry.queue == queue_id{7});
  CHECK(entry.settled == std::vector{position_run{17, 2}});
  CHECK(entry.retries == std::vector{retry_record{19, due, attempt}});
  REQUIRE(entry.emits.size() == 1);
  CHECK(entry.emits[0].output == "charge");
  CHECK(entry.emits[0].sequences == std::vector<std::uint64_t>{5, 6});
  CHECK(entry.emits[0].messages->bytes() == worked("batch"));
  CHECK(
    entry.changes
    == std::vector{
      state_change{"charge", "anna", "total", "12"},
      state_change{"charge", "anna", "open", std::nullopt}});
  CHECK(whole(encode(*decoded)) == worked("settle"));
}

TEST_CASE(
  "store_format: the worked checkpoint is read and written", "[store]") {
  auto decoded = decode(worked("checkpoint"));
  REQUIRE(decoded.has_value());
  const auto& entry = std::get<checkpoint_entry>(*decoded);
  CHECK(entry.queue == queue_id{7});
  CHECK(entry.next == 20);
  CHECK(entry.next_sequence == 7);
  CHECK(entry.settled == std::vector{position_run{17, 2}});
  CHECK(
    entry.attempts
    == std::map<position, std::vector<failed_attempt>>{{19, {attempt}}});
  CHECK(entry.waiting == std::map<position, time_point>{{19, due}});
  CHECK(
    entry.publishers
    == std::map<std::string, std::uint64_t>{{"orders.in", 42}});
  CHECK(whole(encode(*decoded)) == worked("checkpoint"));
}

TEST_CASE(
  "store_format: the worked entries with more are read and written",
  "[store]") {
  auto published = decode(worked("publish_more"));
  REQUIRE(published.has_value());
  CHECK(std::get<publish_entry>(*published).has_expirations);
  CHECK_FALSE(std::get<publish_entry>(*published).is_delayed);
  CHECK((*std::get<publish_entry>(*published).messages)[0].body() == "hi");
  CHECK(whole(encode(*published)) == worked("publish_more"));
  auto settled = decode(worked("settle_more"));
  REQUIRE(settled.has_value());
  CHECK(
    std::get<settle_entry>(*settled).requeued
    == std::vector{position_run{17, 2}});
  CHECK(whole(encode(*settled)) == worked("settle_more"));
  auto stood = decode(worked("checkpoint_more"));
  REQUIRE(stood.has_value());
  const auto& entry = std::get<checkpoint_entry>(*stood);
  CHECK(entry.lent_to == 19);
  CHECK(entry.deliveries == std::map<position, std::uint32_t>{{17, 2}});
  CHECK(entry.seen.at(0) == std::pair{std::string{"a1"}, failed_at});
  CHECK(whole(encode(*stood)) == worked("checkpoint_more"));
}

TEST_CASE("store_format: the worked keys are read and written", "[store]") {
  CHECK(parse_log_key(worked("log_key")) == log_place{group_id{5}, 258});
  CHECK(log_key({group_id{5}, 258}) == worked("log_key"));
  CHECK(
    parse_state_key(worked("state_key"))
    == state_place{group_id{5}, "charge", "anna", "total"});
  CHECK(
    state_key(group_id{5}, "charge", "anna", "total") == worked("state_key"));
  CHECK(meta_key::last_index(group_id{5}) == worked("last_index_key"));
}

TEST_CASE("store_format: the worked piece is read and written", "[store]") {
  auto of = checkpoint_id{group_id{5}, 3, 258, 9};
  auto read = decode_piece(worked("piece"));
  REQUIRE(read.has_value());
  CHECK(read->head == piece_head{of, 0, true});
  REQUIRE(read->items.size() == 3);
  auto applied = decode_applied_mark(read->items[0].value).value();
  CHECK(applied == applied_mark{258, {}});
  CHECK(read->items[1].index == 258);
  CHECK(is_noop(read->items[1].value));
  CHECK("\5" + std::string{read->items[2].key} == worked("state_key"));
  CHECK(read->items[2].value == worked("state_value"));
  auto made = piece_writer{of, 0};
  for (const auto& x : read->items) made.add(x);
  CHECK(made.finish(true) == worked("piece"));
  auto kept = decode_kept_checkpoint(worked("kept_checkpoint")).value();
  CHECK(kept == kept_checkpoint{3, 258, 9, 1, true, 0, {}, 0, 0});
  CHECK(encode(kept) == worked("kept_checkpoint"));
}

TEST_CASE("store_format: the worked values are read and written", "[store]") {
  CHECK(unseal(worked("state_value")).value() == "12");
  CHECK(seal("12") == worked("state_value"));
  auto record = queue_record{"orders", queue_id{7}, 16};
  CHECK(decode_queue_record(worked("queue_record")).value() == record);
  CHECK(encode(record) == worked("queue_record"));
  auto index = std::string{};
  put(index, log_index{258});
  CHECK(seal(index) == worked("last_index_value"));
  auto format = std::string{};
  put(format, std::uint32_t{1});
  CHECK(seal(format) == worked("format"));
  auto of = store_membership{"c1", "orders", "n2", 2, 3, ""};
  CHECK(decode_store_membership(worked("member_of")).value() == of);
  CHECK(encode(of) == worked("member_of"));
}
