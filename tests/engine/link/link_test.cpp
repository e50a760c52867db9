#include "tests/engine/link/link_play.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

using strings = std::vector<std::string>;

namespace {

link_play connected() {
  auto play = link_play{};
  play.start();
  play.pass(50ms);
  return play;
}

} // namespace

TEST_CASE("link: messages arrive whole and in order, however bytes arrive") {
  auto play = link_play{};
  play.piece = GENERATE(0, 1, 7, 4096);
  play.start();
  play.pass(50ms);
  CHECK(play.ups == strings{"a", "b"});
  CHECK(play.send("one"));
  CHECK(play.send(""));
  CHECK(play.send("three"));
  CHECK(play.arrived == strings{"one", "", "three"});
}

TEST_CASE("link: a message larger than a frame and the window arrives whole") {
  auto play = link_play{};
  play.takes.window = 1000;
  play.start();
  play.pass(50ms);
  auto large = std::string(3 * most_payload + 17, 'x');
  CHECK(play.send(large));
  CHECK(play.send("next"));
  CHECK(play.arrived == strings{large, "next"});
}

TEST_CASE("link: who sends waits for those who do not handle") {
  auto play = link_play{};
  play.takes.window = 100;
  play.sends.most_waiting = 300;
  play.handles = false;
  play.start();
  play.pass(50ms);
  auto taken = 0;
  while (taken < 1000 && play.send(std::string(10, 'x'))) ++taken;
  CHECK(taken == 10 + 30);
  CHECK(play.arrived.size() == 10);
  CHECK(play.sender->waiting_bytes() == 300);
  play.pass(1min); // whoever does not handle is still there
  CHECK(play.downs.empty());
  play.receiver->on_handled(100);
  play.settle();
  CHECK(play.arrived.size() == 20);
  play.receiver->on_handled(1'000'000); // of an earlier connection, say
  play.settle();
  CHECK(play.arrived.size() == 30);
}

TEST_CASE("link: who sends more than it may is cut off") {
  auto play = link_play{};
  play.takes.window = 10;
  play.handles = false;
  play.start();
  play.pass(50ms);
  auto bytes = std::string{};
  put_message(bytes, "0123456789");
  play.receiver->on_bytes(bytes, play.now);
  play.receiver->on_bytes(bytes, play.now);
  play.settle();
  CHECK(play.faults == strings{"it sent more than it was allowed to"});
  CHECK(play.arrived.size() == 1);
}

TEST_CASE("link: a message beyond all bounds is not gathered") {
  auto play = link_play{};
  play.takes.most_message = 1000;
  play.start();
  play.pass(50ms);
  play.send(std::string(1001, 'x'));
  CHECK(play.arrived.empty());
  CHECK(play.faults == strings{"it sent a message of more than 1000 bytes"});
}

// -- breaking and coming back

TEST_CASE("link: comes back after a cut, and says that it was down") {
  auto play = connected();
  play.cut();
  CHECK(play.downs == strings{"reset"});
  CHECK_FALSE(play.send("lost"));
  play.pass(200ms);
  CHECK(play.sender->is_up());
  CHECK(play.send("found"));
  CHECK(play.arrived == strings{"found"});
}

TEST_CASE("link: tries less and less often, and tells each trouble once") {
  auto play = link_play{};
  play.is_reachable = false;
  play.start();
  play.pass(1min);
  CHECK(play.dials > 15);
  CHECK(play.dials < 30);
  CHECK(play.troubles == strings{"connection refused"});
  play.is_reachable = true;
  play.pass(4s);
  CHECK(play.sender->is_up());
}

TEST_CASE("link: an idle link stays up") {
  auto play = connected();
  play.pass(10min);
  CHECK(play.dials == 1);
  CHECK(play.downs.empty());
  CHECK(play.faults.empty());
}

TEST_CASE("link: a silent end is given up, greeting or not") {
  auto play = link_play{};
  SECTION("who answers") {
    play.start();
    play.sender->on_time(play.now, 0);
    play.sender->take_actions();
    play.sender->on_connected({}, play.now);
    play.sender->on_time(play.now + 5s, 0);
    auto todo = play.sender->take_actions();
    CHECK(todo.close);
    CHECK(todo.trouble == "nothing was heard of it for too long");
  }
  SECTION("who connects") {
    auto end = link_receiver{play.takes, play.now};
    end.on_time(play.now + 4900ms);
    CHECK_FALSE(end.take_actions().close);
    end.on_time(play.now + 5s);
    CHECK(end.take_actions().close);
  }
  SECTION("later") {
    play.start();
    play.pass(50ms);
    play.sender->on_time(play.now + 3s, 0);
    CHECK(play.sender->take_actions().down);
    play.receiver->on_time(play.now + 3s);
    CHECK(play.receiver->take_actions().close);
  }
}

// -- who may come

TEST_CASE("link: both ends hear why a member is not let in") {
  auto play = link_play{};
  auto says = std::string{};
  SECTION("another cluster") {
    play.sends.terms.self.cluster = "test";
    says = "'a' belongs to the cluster 'test', not to 'shop'; set cluster.name "
           "alike on all members";
  }
  SECTION("its own name") {
    play.sends.terms.self.member = "b";
    says = "two members are called 'b'; give each node.name once";
  }
  SECTION("a copy of our store") {
    play.sends.terms.self.store_id = "store-of-b";
    says = "'a' runs on a copy of the folder of 'b'; start it with an empty "
           "data_dir";
  }
  SECTION("a copy of another's store") {
    play.sends.terms.self.store_id = "store-of-c";
    play.takes.terms.stores = {{"a", "store-of-a"}, {"c", "store-of-c"}};
    says = "'a' runs on a copy of the folder of 'c'; start it with an empty "
           "data_dir";
  }
  SECTION("nobody who is registered") {
    play.takes.terms.stores = {{"c", "store-of-c"}};
    says = "'a' is not registered as a member yet; if it does not come by "
           "itself, see `troupe cluster status`";
  }
  SECTION("another folder than is registered") {
    play.takes.terms.stores = {{"a", "the-store-before"}};
    says = "'a' is registered with another folder; if it does not come by "
           "itself, see `troupe cluster status`";
  }
  SECTION("another's certificate") {
    play.takes.terms.certificate = "c";
    says = "the certificate is for 'c', but the member says it is 'a'; its "
           "common name has to be the member's name";
  }
  SECTION("looking for somebody else") {
    play.sends.to = "c";
    says = "'a' looks for 'c' where 'b' listens; check cluster.listen of both";
  }
  play.start();
  play.pass(50ms);
  CHECK_FALSE(play.sender->is_up());
  CHECK(play.faults == strings{says});
  CHECK(play.troubles == strings{"it refused us: " + says});
  CHECK(play.ups.empty());
}

TEST_CASE("link: an older protocol is refused, a newer one meets halfway") {
  auto play = link_play{};
  auto hello = link_hello{};
  hello.from = identity("a");
  hello.to = "b";
  SECTION("older") {
    hello.oldest = hello.newest = 0;
    auto fault = find_fault(hello, play.takes.terms);
    CHECK(
      fault
      == "'a' speaks the members' protocol 0 to 0, 'b' 1 to 1; upgrade "
         "the older one");
  }
  SECTION("newer, with more behind what we know") {
    hello.newest = 7;
    auto bytes = std::string{};
    put_frame(bytes, frame_kind::hello, encode(hello) + "more");
    auto end = link_receiver{play.takes, play.now};
    end.on_bytes(bytes, play.now);
    auto reader = link_frame_reader{most_greeting};
    reader.feed(end.take_actions().write);
    auto frame = reader.next().value();
    REQUIRE(frame);
    CHECK(frame->kind == frame_kind::welcome);
    CHECK(decode_welcome(frame->payload).value().protocol == 1);
  }
}

TEST_CASE("link: who connects checks the answer too") {
  auto play = link_play{};
  auto welcome = link_welcome{};
  welcome.from = identity("b");
  auto terms = play.sends.terms;
  CHECK_FALSE(find_fault(welcome, "b", terms));
  CHECK_FALSE(find_fault(welcome, "", terms));
  CHECK(
    find_fault(welcome, "c", terms)
    == "'b' listens where 'c' should; check cluster.listen of both");
  terms.certificate = "c";
  CHECK(find_fault(welcome, "b", terms));
  terms.certificate = "b";
  CHECK_FALSE(find_fault(welcome, "b", terms));
  welcome.protocol = 2;
  CHECK(find_fault(welcome, "b", terms));
}

// -- bad bytes

TEST_CASE("link: what is not the protocol is told apart from damage") {
  auto play = link_play{};
  auto end = link_receiver{play.takes, play.now};
  auto bytes = std::string{"GET / HTTP/1.1\r\n\r\n"};
  SECTION("another protocol") {}
  SECTION("a greeting that is too long") {
    bytes.clear();
    put_frame(bytes, frame_kind::hello, std::string(most_greeting + 1, 'x'));
  }
  SECTION("no greeting") {
    bytes.clear();
    put_frame(bytes, frame_kind::hello, "hello?");
  }
  SECTION("a message before the greeting") {
    bytes.clear();
    put_message(bytes, "hello?");
  }
  end.on_bytes(bytes, play.now);
  auto todo = end.take_actions();
  CHECK(todo.close);
  CHECK(todo.write.empty());
  CHECK(todo.messages.empty());
  REQUIRE(todo.fault);
  CHECK(todo.fault->find("check that the address") != std::string::npos);
}

TEST_CASE("link: no flipped bit gets through") {
  auto play = link_play{};
  auto hello = link_hello{};
  hello.from = identity("a");
  hello.to = "b";
  auto good = std::string{};
  put_frame(good, frame_kind::hello, encode(hello));
  auto greeting = good.size();
  put_message(good, "payload");
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    auto bad = good;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    auto end = link_receiver{play.takes, play.now};
    end.on_bytes(bad, play.now);
    auto todo = end.take_actions();
    INFO("bit " << i);
    CHECK(todo.messages.empty());
    CHECK(todo.up.has_value() == (i / 8 >= greeting));
  }
}

TEST_CASE("link: random bytes are refused or waited for, never taken") {
  auto random = std::minstd_rand{7};
  auto play = link_play{};
  for (int run = 0; run < 2000; ++run) {
    auto end = link_receiver{play.takes, play.now};
    auto bytes = std::string(random() % 300, '\0');
    for (auto& x : bytes) x = static_cast<char>(random());
    end.on_bytes(bytes, play.now);
    auto todo = end.take_actions();
    REQUIRE_FALSE(todo.up);
    REQUIRE(todo.messages.empty());
  }
}
