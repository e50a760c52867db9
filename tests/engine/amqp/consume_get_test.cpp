#include "tests/engine/amqp/queue_rig.hpp"

#include <vector>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using runs = std::vector<position_run>;

TEST_CASE("consume: get takes one message", "[amqp]") {
  auto rig = with_queue();
  auto run = loan_of_one();
  run.at = 77;
  run.redelivered = true;
  rig.next_got = amqp::got{run, 9};
  rig.send(1, basic_get{.queue = "q"});
  auto came = rig.next_content<basic_get_ok>(1);
  CHECK(
    std::get<basic_get_ok>(came.what) == basic_get_ok{1, true, "ex", "key", 9});
  CHECK(came.body == "body");
  rig.send(1, basic_ack{1, false});
  auto told = rig.take_notices<settling>();
  CHECK(told.at(0).what.at(0).acked == runs{{77, 1}});
  // The next one is by the same getter.
  auto number = std::get<get>(rig.asked.back()).consumer;
  rig.send(1, basic_get{.queue = "q"});
  rig.next<basic_get_empty>(1);
  CHECK(std::get<get>(rig.asked.back()).consumer == number);
}

TEST_CASE("consume: get without acks leaves nothing to settle", "[amqp]") {
  auto rig = with_queue();
  auto run = loan_of_one();
  rig.next_got = amqp::got{run, 0};
  rig.send(1, basic_get{.queue = "q", .no_ack = true});
  CHECK(std::get<get>(rig.asked.back()).no_ack);
  rig.next_content<basic_get_ok>(1);
  rig.send(1, basic_ack{1, false});
  rig.channel_closed(406);
}
