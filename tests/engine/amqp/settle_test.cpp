#include "tests/engine/amqp/connection_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;

namespace {

using runs = std::vector<position_run>;

/// A client that has messages 1 to 5, which stand at 101 to 105.
struct settling_rig : connection_rig {
  settling_rig() {
    open();
    declare("q");
    number = consume("q", "c");
    deliver(number, {"1", "2", "3", "4", "5"}, 101);
    inbox.clear();
  }

  settlement told() {
    auto all = take_notices<settling>();
    REQUIRE(all.size() == 1);
    CHECK(all[0].consumer == number);
    REQUIRE(all[0].what.size() == 1);
    return all[0].what[0];
  }

  /// Publishes to the exchange that settles.
  void wish(const field_table& headers) {
    auto set = properties{};
    set.headers = headers;
    publish(1, {.exchange = "amq.troupe.settle"}, "", encode(set));
  }

  consumer_number number = 0;
};

field_value text(const char* x) { return {std::string{x}}; }

} // namespace

TEST_CASE("settle: acks name messages by their place", "[amqp]") {
  auto rig = settling_rig{};
  auto bytes = std::string{};
  for (auto tag : {1, 2, 4})
    encode(bytes, 1, basic_ack{static_cast<std::uint64_t>(tag), false});
  rig.send_bytes(bytes);
  CHECK(rig.told().acked == runs{{101, 2}, {104, 1}});
}

TEST_CASE("settle: many at once", "[amqp]") {
  auto rig = settling_rig{};
  rig.send(1, basic_ack{2, true});
  CHECK(rig.told().acked == runs{{101, 2}});
  rig.send(1, basic_ack{4, true});
  CHECK(rig.told().acked == runs{{103, 2}});
  rig.send(1, basic_ack{0, true});
  CHECK(rig.told().acked == runs{{105, 1}});
  rig.send(1, basic_ack{0, true}); // of nothing
  CHECK(rig.is_silent());
}

TEST_CASE("settle: unknown tags close the channel", "[amqp]") {
  for (auto tag : {0ull, 6ull, 1ull << 40, ~0ull}) {
    auto rig = settling_rig{};
    rig.send(1, basic_ack{tag, false});
    CHECK(
      rig.channel_closed(406)
      == "PRECONDITION_FAILED - unknown delivery tag " + std::to_string(tag));
    CHECK(rig.failed_method == key_of<basic_ack>);
  }
  auto rig = settling_rig{};
  rig.send(1, basic_ack{2, false});
  rig.send(1, basic_ack{2, true});
  rig.channel_closed(406);
}

TEST_CASE("settle: tags are those of one channel", "[amqp]") {
  auto rig = settling_rig{};
  rig.open_channel(2);
  rig.send(2, basic_ack{1, false});
  rig.channel_closed(406, 2);
}

TEST_CASE("settle: nack and reject are told apart", "[amqp]") {
  auto rig = settling_rig{};
  rig.send(1, basic_nack{1, false, true});
  CHECK(rig.told().returned == runs{{101, 1}});
  rig.send(1, basic_reject{2, true});
  CHECK(rig.told().requeued == runs{{102, 1}});
  rig.send(1, basic_reject{3, false});
  CHECK(rig.told().rejected == runs{{103, 1}});
  rig.send(1, basic_nack{5, true, false});
  CHECK(rig.told().rejected == runs{{104, 2}});
}

TEST_CASE("settle: recover puts all back", "[amqp]") {
  auto rig = settling_rig{};
  rig.send(1, basic_ack{3, false});
  rig.told();
  rig.send(1, basic_recover{true});
  rig.next<basic_recover_ok>(1);
  CHECK(rig.told().returned == runs{{101, 2}, {104, 2}});
  rig.send(1, basic_recover_async{true});
  CHECK(rig.is_silent());
  rig.send(1, basic_recover{false});
  CHECK(rig.connection_closed(540) == "NOT_IMPLEMENTED - requeue=false");
}

TEST_CASE("settle: partitions are told apart", "[amqp]") {
  auto rig = connection_rig{};
  rig.open();
  rig.declare("q");
  auto number = rig.consume("q", "c");
  rig.deliver(number, {"a"}, partition_start(0) + 1);
  rig.deliver(number, {"b"}, partition_start(3) + 1);
  rig.send(1, basic_ack{0, true});
  auto all = rig.take_notices<settling>();
  REQUIRE(all.size() == 1);
  REQUIRE(all[0].what.size() == 2);
  CHECK(all[0].what[0].partition == 0);
  CHECK(all[0].what[1].partition == 3);
}

// -- by message

TEST_CASE("settle: a message may say more than AMQP can", "[amqp]") {
  auto rig = settling_rig{};
  auto tag = [](int n) { return field{"delivery-tag", {std::int64_t{n}}}; };
  rig.wish(
    {{tag(1),
      {"action", text("retry")},
      {"delay-ms", {std::int32_t{5000}}},
      {"reason", text("busy")}}});
  auto retry = rig.told().failed.at(0);
  CHECK(retry.at == 101);
  CHECK(retry.delay == 5s);
  CHECK(retry.why.error_class == "retry");
  CHECK(retry.why.text == "busy");
  CHECK(!retry.is_final);
  rig.wish(
    {{tag(2), {"action", text("dead-letter")}, {"reason", text("bad")}}});
  auto dead = rig.told().failed.at(0);
  CHECK(dead.is_final);
  CHECK(dead.why.error_class == "dead-letter");
  CHECK(dead.why.text == "bad");
  rig.wish({{tag(3), {"action", text("park")}}});
  CHECK(rig.told().failed.at(0).delay > 24h * 3000);
  rig.wish({{tag(4), {"action", text("extend")}}});
  CHECK(rig.take_notices<settling>().empty());
  CHECK(rig.is_silent());
}

TEST_CASE("settle: a message that settles is confirmed", "[amqp]") {
  auto rig = settling_rig{};
  rig.send(1, confirm_select{.nowait = true});
  rig.wish({{{"delivery-tag", {std::int64_t{1}}}, {"action", text("retry")}}});
  CHECK(rig.next<basic_ack>(1).delivery_tag == 1);
}

TEST_CASE("settle: a wish that makes no sense is refused", "[amqp]") {
  auto tag = field{"delivery-tag", {std::int64_t{1}}};
  for (const auto& headers :
       {field_table{}, field_table{{tag}},
        field_table{{tag, {"action", text("eat")}}},
        field_table{{{"delivery-tag", text("x")}, {"action", text("retry")}}},
        field_table{
          {tag, {"action", text("retry")}, {"delay-ms", {std::int64_t{-1}}}}},
        field_table{
          {{"delivery-tag", {std::int64_t{9}}}, {"action", text("retry")}}},
        field_table{
          {{"delivery-tag", {std::int64_t{9}}}, {"action", text("extend")}}}}) {
    auto rig = settling_rig{};
    rig.wish(headers);
    rig.channel_closed(406);
  }
}
