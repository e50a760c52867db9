#include "engine/supervision/supervision.hpp"
#include "tests/engine/supervision/supervision_play.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

TEST_CASE("supervision: independent children start at once", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_one), 3};
  play.start();
  CHECK(
    play.trace()
    == "[    0] begin\n"
       "[    0]   start 0\n"
       "[    0]   start 1\n"
       "[    0]   start 2\n");
}

TEST_CASE("supervision: dependent children start in turn", "[supervision]") {
  auto how = GENERATE(strategy::one_for_all, strategy::rest_for_one);
  auto play = supervision_play{policy_of(how), 2};
  play.start();
  play.wait(5ms);
  play.started(0);
  CHECK(
    play.trace()
    == "[    0] begin\n"
       "[    0]   start 0\n"
       "[    5] 0 runs\n"
       "[    5]   start 1\n");
}

TEST_CASE("supervision: one_for_one restarts the one", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_one), 3};
  play.start_all(3);
  play.trace();
  play.failed(1);
  play.wait(500ms);
  play.started(1);
  CHECK(
    play.trace()
    == "[    0] 1 fails\n"
       "[  100]   start 1\n"
       "[  500] 1 runs\n");
}

TEST_CASE("supervision: one_for_all restarts all of them", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_all), 3};
  play.start_all(3);
  play.trace();
  play.failed(1);
  play.wait(40ms);
  play.ended(2);
  play.wait(40ms);
  play.ended(0);
  play.wait(50ms);
  play.started(0);
  play.started(1);
  play.started(2);
  CHECK(
    play.trace()
    == "[    0] 1 fails\n"
       "[    0]   stop 2\n"
       "[   40] 2 ends\n"
       "[   40]   stop 0\n"
       "[   80] 0 ends\n"
       "[  100]   start 0\n"
       "[  130] 0 runs\n"
       "[  130]   start 1\n"
       "[  130] 1 runs\n"
       "[  130]   start 2\n"
       "[  130] 2 runs\n");
}

TEST_CASE(
  "supervision: siblings that are slow to stop are awaited", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_all), 2};
  play.start_all(2);
  play.trace();
  play.failed(0);
  play.wait(30s); // the backoff is long over
  CHECK(play.machine.is_alive(1));
  play.ended(1);
  CHECK(
    play.trace()
    == "[    0] 0 fails\n"
       "[    0]   stop 1\n"
       "[30000] 1 ends\n"
       "[30000]   start 0\n");
}

TEST_CASE("supervision: rest_for_one spares those before", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::rest_for_one), 4};
  play.start_all(4);
  play.trace();
  play.failed(1);
  play.ended(3);
  play.failed(2); // asked to stop: counts as such, however it ends
  play.wait(100ms);
  play.started(1);
  play.started(2);
  CHECK(
    play.trace()
    == "[    0] 1 fails\n"
       "[    0]   stop 3\n"
       "[    0] 3 ends\n"
       "[    0]   stop 2\n"
       "[    0] 2 fails\n"
       "[  100]   start 1\n"
       "[  100] 1 runs\n"
       "[  100]   start 2\n"
       "[  100] 2 runs\n"
       "[  100]   start 3\n");
  CHECK(play.machine.recent_failures() == 1);
}

TEST_CASE(
  "supervision: a failure further up widens the restart", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::rest_for_one), 3};
  play.start_all(3);
  play.trace();
  play.failed(1);
  play.failed(0);
  play.ended(2);
  play.wait(100ms);
  CHECK(
    play.trace()
    == "[    0] 1 fails\n"
       "[    0]   stop 2\n"
       "[    0] 0 fails\n"
       "[    0] 2 ends\n"
       "[  100]   start 0\n");
}

TEST_CASE(
  "supervision: waits grow with each failure in a row", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_one, 9), 1};
  play.start_all(1);
  play.trace();
  for (int i = 0; i < 3; ++i) {
    play.failed(0);
    play.wait(1s);
    play.started(0);
  }
  CHECK(
    play.trace()
    == "[    0] 0 fails\n"
       "[  100]   start 0\n"
       "[ 1000] 0 runs\n"
       "[ 1000] 0 fails\n"
       "[ 1200]   start 0\n"
       "[ 2000] 0 runs\n"
       "[ 2000] 0 fails\n"
       "[ 2400]   start 0\n"
       "[ 3000] 0 runs\n");
}

TEST_CASE(
  "supervision: a long run makes the next wait short again", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_one), 1};
  play.start_all(1);
  play.failed(0);
  play.wait(100ms);
  play.started(0);
  SECTION("less than ten times its wait is not enough") {
    play.wait(999ms);
    play.failed(0);
    CHECK(play.machine.next_due() == play.now + 200ms);
  }
  SECTION("ten times is") {
    play.wait(1s);
    play.failed(0);
    CHECK(play.machine.next_due() == play.now + 100ms);
  }
}

TEST_CASE("supervision: jitter shortens a wait", "[supervision]") {
  auto policy = policy_of(strategy::one_for_one);
  policy.backoff.jitter = 0.5;
  auto play = supervision_play{policy, 1};
  play.start_all(1);
  play.failed(0, 1.0);
  CHECK(play.machine.next_due() == play.now + 50ms);
}

TEST_CASE("supervision: too many failures make it give up", "[supervision]") {
  auto policy = policy_of(strategy::one_for_one, 1);
  policy.then = on_giving_up::escalate;
  auto play = supervision_play{policy, 3};
  play.start_all(3);
  play.trace();
  play.failed(1);
  play.failed(2);
  play.wait(1min); // the one that waited for its restart never gets it
  play.ended(0);
  CHECK(
    play.trace()
    == "[    0] 1 fails\n"
       "[    0] 2 fails\n"
       "[    0]   give up: escalate (child 2)\n"
       "[    0]   stop 0\n"
       "[60000] 0 ends\n"
       "[60000]   all stopped\n");
  CHECK(play.machine.has_given_up());
  CHECK(play.machine.is_stopped());
}

TEST_CASE(
  "supervision: failures far enough apart are forgiven", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_one, 1), 1};
  play.start_all(1);
  for (int i = 0; i < 5; ++i) {
    play.failed(0);
    play.wait(10s);
    play.started(0);
  }
  CHECK_FALSE(play.machine.has_given_up());
  play.failed(0);
  play.wait(9s + 999ms);
  play.started(0);
  play.failed(0);
  CHECK(play.machine.has_given_up());
}

TEST_CASE("supervision: no restarts allowed means none", "[supervision]") {
  auto policy = policy_of(strategy::one_for_one, 0);
  policy.then = on_giving_up::stop;
  auto play = supervision_play{policy, 1};
  play.start_all(1);
  play.trace();
  play.failed(0);
  CHECK(
    play.trace()
    == "[    0] 0 fails\n"
       "[    0]   give up: stop (child 0)\n"
       "[    0]   all stopped\n");
}

TEST_CASE("supervision: a normal exit is not restarted", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_all), 2};
  play.start_all(2);
  play.trace();
  play.ended(0);
  play.failed(1); // and is left out when all are
  play.wait(1s);
  play.started(1);
  play.ended(1);
  CHECK(
    play.trace()
    == "[    0] 0 ends\n"
       "[    0] 1 fails\n"
       "[  100]   start 1\n"
       "[ 1000] 1 runs\n"
       "[ 1000] 1 ends\n"
       "[ 1000]   all stopped\n");
}

TEST_CASE(
  "supervision: a stop request stops the last one first", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::rest_for_one), 2};
  play.start_all(2);
  play.trace();
  play.stop();
  play.wait(10ms);
  play.failed(1);
  play.stop(); // asking twice changes nothing
  play.ended(0);
  CHECK(
    play.trace()
    == "[    0] stop request\n"
       "[    0]   stop 1\n"
       "[   10] 1 fails\n"
       "[   10]   stop 0\n"
       "[   10] stop request\n"
       "[   10] 0 ends\n"
       "[   10]   all stopped\n");
}

TEST_CASE(
  "supervision: independent children are stopped together", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_one), 2};
  play.start();
  play.started(0);
  play.trace();
  play.stop();
  play.started(1); // too late to matter
  play.ended(0);
  play.ended(1);
  CHECK(
    play.trace()
    == "[    0] stop request\n"
       "[    0]   stop 1\n"
       "[    0]   stop 0\n"
       "[    0] 1 runs\n"
       "[    0] 0 ends\n"
       "[    0] 1 ends\n"
       "[    0]   all stopped\n");
}

TEST_CASE(
  "supervision: a stop request ends the wait for a restart", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_one), 1};
  play.start_all(1);
  play.failed(0);
  play.trace();
  play.stop();
  play.wait(1min);
  CHECK(
    play.trace()
    == "[    0] stop request\n"
       "[    0]   all stopped\n");
}

TEST_CASE(
  "supervision: a child that cannot start is tried again", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::rest_for_one), 2};
  play.start();
  play.failed(0);
  play.wait(100ms);
  CHECK(
    play.trace()
    == "[    0] begin\n"
       "[    0]   start 0\n"
       "[    0] 0 fails\n"
       "[  100]   start 0\n");
}

TEST_CASE("supervision: what is not known is ignored", "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_one), 1};
  play.start_all(1);
  play.failed(0);
  play.trace();
  play.failed(0); // it is not there any more
  play.failed(7);
  play.started(7);
  CHECK(
    play.trace()
    == "[    0] 0 fails\n"
       "[    0] 7 fails\n"
       "[    0] 7 runs\n");
}

TEST_CASE(
  "supervision: without children there is nothing to wait for",
  "[supervision]") {
  auto play = supervision_play{policy_of(strategy::one_for_all), 0};
  play.start();
  CHECK(play.machine.is_stopped());
}
