#include "engine/delivery/dead_letter.hpp"
#include "engine/message/properties.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

namespace {

const auto died_at = time_point{std::chrono::seconds{7}};

/// A message and what owns its bytes.
struct letter {
  batch_ptr of;
  message operator*() const { return (*of)[0]; }
  properties read() const {
    return decode_properties((**this).encoded_properties()).value();
  }
};

letter made(const properties& from) {
  auto list = encode(from);
  auto builder = batch_builder{};
  builder.add({"shop", "key", list, "body"});
  return {builder.take()};
}

letter died(
  const letter& alive,
  const std::string& queue,
  death_reason why,
  const dead_letter_rule& rule = {"out", "dlx", {}, true},
  bool was_delayed = false) {
  auto builder = batch_builder{};
  add_dead_letter(builder, *alive, rule, {queue, why, died_at, was_delayed});
  return {builder.take()};
}

field_value text(const char* value) { return field_value{std::string{value}}; }

field_array texts(std::initializer_list<const char*> values) {
  auto all = field_array{};
  for (auto* x : values) all.values.push_back(text(x));
  return all;
}

field_value header(const letter& of, const std::string& name) {
  auto all = of.read();
  for (const auto& x : all.headers->fields)
    if (x.name == name) return x.value;
  return {};
}

properties with_copies() {
  auto set = properties{};
  set.expiration = "5000";
  set.content_type = "text/plain";
  set.headers = field_table{
    {{"CC", field_value{texts({"c1", "c2"})}},
     {"BCC", field_value{texts({"secret"})}},
     {"mine", text("stays")}}};
  return set;
}

} // namespace

TEST_CASE("own_dead_letter: says what RabbitMQ says of a death") {
  auto dead = died(made(with_copies()), "orders", death_reason::expired);
  CHECK((*dead).exchange() == "dlx");
  CHECK((*dead).routing_key() == "key");
  CHECK((*dead).body() == "body");
  auto expected = field_table{
    {{"count", field_value{std::int64_t{1}}},
     {"reason", text("expired")},
     {"queue", text("orders")},
     {"time", field_value{field_time{7}}},
     {"exchange", text("shop")},
     {"routing-keys", field_value{texts({"key", "c1", "c2"})}},
     {"original-expiration", text("5000")}}};
  CHECK(
    header(dead, "x-death")
    == field_value{field_array{{field_value{expected}}}});
  for (auto* which : {"first", "last"}) {
    auto prefix = "x-" + std::string{which} + "-death-";
    CHECK(header(dead, prefix + "reason") == text("expired"));
    CHECK(header(dead, prefix + "queue") == text("orders"));
    CHECK(header(dead, prefix + "exchange") == text("shop"));
  }
}

TEST_CASE("own_dead_letter: keeps what is the sender's, not what is spent") {
  auto dead = died(made(with_copies()), "orders", death_reason::expired);
  auto now = dead.read();
  CHECK_FALSE(now.expiration.has_value());
  CHECK(now.content_type == "text/plain");
  CHECK(header(dead, "mine") == text("stays"));
  CHECK(header(dead, "CC") == field_value{texts({"c1", "c2"})});
  CHECK(header(dead, "BCC") == field_value{});
}

TEST_CASE("own_dead_letter: a key of the rule's takes the place of all") {
  auto rule = dead_letter_rule{"out", "dlx", "new", true};
  auto dead = died(made(with_copies()), "orders", death_reason::maxlen, rule);
  CHECK((*dead).routing_key() == "new");
  CHECK(header(dead, "CC") == field_value{});
}

TEST_CASE("own_dead_letter: groups deaths by queue and reason, newest first") {
  auto once = died(made({}), "a", death_reason::rejected);
  auto twice = died(once, "b", death_reason::expired);
  auto thrice = died(twice, "a", death_reason::rejected);
  auto deaths = std::get<field_array>(header(thrice, "x-death").value);
  REQUIRE(deaths.values.size() == 2);
  auto newest = std::get<field_table>(deaths.values[0].value);
  CHECK(newest.fields[0].value == field_value{std::int64_t{2}});
  CHECK(newest.fields[2].value == text("a"));
  CHECK(header(thrice, "x-first-death-queue") == text("a"));
  CHECK(header(thrice, "x-last-death-queue") == text("a"));
  CHECK(header(twice, "x-last-death-queue") == text("b"));
  // The exchange is the one it was published to last.
  CHECK(header(twice, "x-last-death-exchange") == text("dlx"));
}

TEST_CASE("own_dead_letter: a rule without marks takes only what was spent") {
  auto rule = dead_letter_rule{"out", "x", {}, false};
  auto set = with_copies();
  set.headers->fields.push_back({"x-delay", field_value{std::int32_t{5}}});
  auto delayed = died(made(set), "q", death_reason::expired, rule, true).read();
  CHECK(delayed.expiration == "5000");
  CHECK(*delayed.headers == *with_copies().headers);
  auto aged = died(made(set), "q", death_reason::expired, rule).read();
  CHECK_FALSE(aged.expiration.has_value());
  CHECK(*aged.headers == *set.headers);
}

TEST_CASE("own_dead_letter: damaged properties do no harm") {
  auto builder = batch_builder{};
  builder.add({"shop", "key", "\xff\xff damaged", "body"});
  auto dead = died({builder.take()}, "q", death_reason::rejected);
  CHECK((*dead).body() == "body");
  CHECK(header(dead, "x-first-death-queue") == text("q"));
}

TEST_CASE("own_dead_letter: a cycle is one that nobody rejected") {
  auto once = died(made({}), "a", death_reason::expired);
  auto twice = died(once, "b", death_reason::maxlen);
  CHECK(is_automatic_cycle(*twice, "a"));
  CHECK(is_automatic_cycle(*twice, "b"));
  CHECK_FALSE(is_automatic_cycle(*twice, "c"));
  auto rejected = died(once, "b", death_reason::rejected);
  CHECK_FALSE(is_automatic_cycle(*rejected, "a"));
  CHECK_FALSE(is_automatic_cycle(*rejected, "b"));
  auto onward = died(rejected, "c", death_reason::expired);
  CHECK(is_automatic_cycle(*onward, "c"));
  CHECK_FALSE(is_automatic_cycle(*onward, "a"));
  CHECK_FALSE(is_automatic_cycle(*made({}), "a"));
}

TEST_CASE("own_dead_letter: a forged x-death does no harm") {
  auto set = properties{};
  for (const auto& value :
       {text("none"), field_value{texts({"a", "b"})},
        field_value{field_array{{field_value{field_table{}}}}}}) {
    set.headers = field_table{{{"x-death", value}}};
    auto alive = made(set);
    CHECK_FALSE(is_automatic_cycle(*alive, "a"));
    auto dead = died(alive, "a", death_reason::expired);
    CHECK(is_automatic_cycle(*dead, "a"));
  }
}
