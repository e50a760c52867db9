#include "actors/node/member_questions.hpp"
#include "tests/actors/node/short_way.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>

using namespace troupe;
using namespace troupe::test;
namespace json = boost::json;
using namespace std::chrono_literals;
using cluster::member_id;

namespace {

constexpr auto questioner = member_id{1};
constexpr auto questioned = member_id{2};

struct asking_pair {
  asking_pair() {
    there->to = here.get();
    here->to = there.get();
  }
  ~asking_pair() { answers.stop(); }

  /// Asks with a text, and returns what was answered.
  json::object answer_to(std::string_view text) {
    auto told = asks.ask(questioned, {{"text", text}}, 60s);
    REQUIRE(told.has_value());
    return *told;
  }

  /// Asks, and returns why there was no answer.
  std::string failure(std::chrono::milliseconds patience) {
    auto told = asks.ask(questioned, {}, patience);
    REQUIRE_FALSE(told.has_value());
    return told.error().detail;
  }

  std::shared_ptr<short_way> here = std::make_shared<short_way>(questioner);
  std::shared_ptr<short_way> there = std::make_shared<short_way>(questioned);
  member_questions asks{here};
  member_questions answers{there};
};

} // namespace

TEST_CASE("member_questions: an answer comes to who asked") {
  auto set = asking_pair{};
  set.answers.answer_by([](const json::object& asked) {
    return json::object{{"echo", asked.at("text")}};
  });
  CHECK(set.answer_to("one").at("echo").as_string() == "one");
}

TEST_CASE("member_questions: texts may be any bytes") {
  auto set = asking_pair{};
  set.answers.answer_by([](const json::object& asked) { return asked; });
  auto text = "\xff\x01\xc3";
  CHECK(set.answer_to(text).at("text").as_string() == text);
}

TEST_CASE("member_questions: one that is not reached is not waited for") {
  auto set = asking_pair{};
  set.here->to = nullptr;
  CHECK(set.failure(1h) == "it is not reached");
}

TEST_CASE("member_questions: a link that breaks ends the wait") {
  auto set = asking_pair{};
  auto asked = std::promise<void>{};
  set.answers.answer_by([&](const json::object&) {
    set.there->drops = true;
    set.asks.link_broke(questioned);
    asked.set_value();
    return json::object{};
  });
  CHECK(set.failure(1h) == "the link to it broke");
  asked.get_future().wait();
}

TEST_CASE("member_questions: no answer is waited for no longer than said") {
  auto set = asking_pair{};
  set.here->drops = true;
  CHECK(set.failure(1ms) == "it did not answer in time");
}

TEST_CASE("member_questions: an answer of another member is not heard") {
  auto set = asking_pair{};
  set.here->drops = true;
  auto told = std::async(
    std::launch::async, [&] { return set.asks.ask(questioned, {}, 50ms); });
  auto frame =
    json::serialize(json::object{{"number", 1}, {"what", json::object{}}});
  while (told.wait_for(0ms) != std::future_status::ready)
    set.here->hand_over(
      member_id{3}, static_cast<std::size_t>(message_kind::answer), frame);
  CHECK_FALSE(told.get().has_value());
}

TEST_CASE("member_questions: what is no question is left alone") {
  auto set = asking_pair{};
  auto heard = 0;
  set.answers.answer_by([&](const json::object&) {
    ++heard;
    return json::object{};
  });
  auto bytes = GENERATE(
    "", "{", "[]", "{}", R"({"number":1})", R"({"number":-1,"what":{}})",
    R"({"number":1,"what":[]})");
  for (auto kind : {message_kind::question, message_kind::answer})
    set.there->hand_over(questioner, static_cast<std::size_t>(kind), bytes);
  set.asks.ask(questioned, {}, 60s);
  CHECK(heard == 1);
}
