#include "tests/engine/amqp/queue_rig.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using strings = std::vector<std::string>;
using runs = std::vector<position_run>;

TEST_CASE("consume: a prefetch is for consumers to come", "[amqp]") {
  auto rig = with_queue();
  rig.consume("q", "a");
  CHECK(last_subscription(rig).credit == 0);
  rig.send(1, basic_qos{0, 5, false});
  rig.next<basic_qos_ok>(1);
  CHECK(rig.take_notices<credit_change>().empty());
  rig.consume("q", "b");
  CHECK(last_subscription(rig).credit == 5);
}

TEST_CASE("consume: Celery's prefetch reaches live ones", "[amqp]") {
  auto rig = with_queue(field_table{{{"product", {std::string{"py-amqp"}}}}});
  auto number = rig.consume("q", "a");
  rig.send(1, basic_qos{0, 5, false});
  rig.next<basic_qos_ok>(1);
  auto changes = rig.take_notices<credit_change>();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].consumer == number);
  CHECK(changes[0].credit == 5);
}

TEST_CASE("consume: a global prefetch holds for the channel", "[amqp]") {
  auto rig = with_queue();
  auto one = rig.consume("q", "a");
  auto two = rig.consume("q", "b");
  rig.send(1, basic_qos{0, 3, true});
  rig.next<basic_qos_ok>(1);
  CHECK(rig.take_notices<credit_change>().size() == 2);
  rig.deliver(one, {"1", "2"}, 1);
  rig.deliver(two, {"3", "4", "5"}, 3);
  CHECK(bodies(rig) == strings{"1", "2", "3"});
  CHECK(unseen(rig) == runs{{4, 2}});
  auto pauses = rig.take_notices<pausing>();
  REQUIRE(pauses.size() == 2);
  CHECK(pauses[0].is_paused);
  CHECK(pauses[1].is_paused);
  rig.send(1, basic_ack{1, false});
  CHECK_FALSE(rig.take_notices<pausing>().at(0).is_paused);
  rig.deliver(two, {"4"}, 4);
  CHECK(bodies(rig) == strings{"4"});
  CHECK(rig.take_notices<pausing>().at(0).is_paused);
}

TEST_CASE("consume: who comes to a full channel waits", "[amqp]") {
  auto rig = with_queue();
  rig.send(1, basic_qos{0, 1, true});
  rig.next<basic_qos_ok>(1);
  auto one = rig.consume("q", "a");
  rig.deliver(one, {"1"}, 1);
  rig.next<basic_deliver>(1);
  rig.send(1, basic_consume{.queue = "q", .consumer_tag = "b"});
  CHECK(std::get<amqp::subscribe>(rig.asked.back()).is_paused);
}

TEST_CASE("consume: the limit may be lifted", "[amqp]") {
  auto rig = with_queue();
  auto one = rig.consume("q", "a");
  rig.send(1, basic_qos{0, 1, true});
  rig.deliver(one, {"1", "2", "3"});
  CHECK(bodies(rig) == strings{"1"});
  rig.notices.clear();
  rig.send(1, basic_qos{0, 0, true});
  CHECK_FALSE(rig.take_notices<pausing>().at(0).is_paused);
  rig.deliver(one, {"2", "3"}, 2);
  rig.inbox.pop_front(); // qos-ok
  CHECK(bodies(rig) == strings{"2", "3"});
}

TEST_CASE("consume: a prefetch in bytes is not known", "[amqp]") {
  auto rig = with_queue();
  rig.send(1, basic_qos{1000, 1, false});
  CHECK(
    rig.connection_closed(540) == "NOT_IMPLEMENTED - prefetch_size!=0 (1000)");
}
