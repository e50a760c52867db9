#include "engine/peers/peer_links.hpp"
#include "tests/engine/net/certificates.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <condition_variable>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

/// A member with its links, and what they told, seen from the test's thread.
class linked_member {
public:
  explicit linked_member(
    const std::string& name,
    std::optional<tls_options> tls = {},
    peer_links_options options = {},
    backoff retry = {20ms, 1.0, 20ms, 0.0}) {
    options.self = {"shop", name, "store-of-" + name, 1};
    if (options.listen.host.empty()) options.listen = {"127.0.0.1", 0};
    options.tls = std::move(tls);
    options.timing.beat = 40ms;
    options.timing.silence = 10s; // sanitizers take their time
    options.timing.retry = retry;
    links = peer_links::open(options, make_events()).value();
    links->start();
  }

  ~linked_member() { links->stop(); }

  known_member known(const std::string& name) const {
    return {links->bound(), "store-of-" + name};
  }

  /// Waits until `is_so` of what was told, at most ten seconds.
  template <class Claim>
  bool comes(Claim is_so) {
    auto lock = std::unique_lock{mutex};
    return changed.wait_for(lock, 10s, is_so);
  }

  std::unique_ptr<peer_links> links;
  bool handles = true;

  std::mutex mutex; // guards what follows
  std::condition_variable changed;
  std::vector<std::string> messages;
  std::vector<std::string> ups;
  std::vector<std::string> downs;
  std::vector<std::string> troubles;
  std::vector<std::string> lost; // whom messages to were dropped

private:
  peer_links_events make_events() {
    auto note = [this](std::vector<std::string>& to, std::string text) {
      auto guard = std::lock_guard{mutex};
      to.push_back(std::move(text));
      changed.notify_all();
    };
    auto made = peer_links_events{};
    made.on_message = [this, note](const std::string& from, std::string text) {
      if (handles) links->handled(from, text.size());
      note(messages, from + ": " + text);
    };
    made.on_up = [this, note](const std::string& x) { note(ups, x); };
    made.on_down = [this, note](const std::string& x, const std::string&) {
      note(downs, x);
    };
    made.on_dropped = [this, note](const std::string& x) { note(lost, x); };
    made.on_trouble = [this, note](const std::string& x) { note(troubles, x); };
    return made;
  }
};

void introduce(linked_member& a, linked_member& b) {
  auto all = std::map<std::string, known_member>{
    {"a", a.known("a")}, {"b", b.known("b")}};
  a.links->set_members(all);
  b.links->set_members(all);
}

bool is_up(linked_member& x) {
  return x.comes([&] { return !x.ups.empty(); });
}

bool has(linked_member& x, const std::string& message) {
  return x.comes(
    [&] { return std::ranges::find(x.messages, message) != x.messages.end(); });
}

bool tells(linked_member& x, const std::string& part) {
  return x.comes([&] {
    return std::ranges::any_of(x.troubles, [&](const auto& text) {
      return text.find(part) != std::string::npos;
    });
  });
}

} // namespace

TEST_CASE("peer_links: members talk both ways, in order") {
  auto a = linked_member{"a"};
  auto b = linked_member{"b"};
  introduce(a, b);
  REQUIRE(is_up(a));
  REQUIRE(is_up(b));
  for (int i = 0; i < 1000; ++i) a.links->send("b", std::to_string(i));
  b.links->send("a", "hello");
  REQUIRE(has(a, "b: hello"));
  REQUIRE(has(b, "a: 999"));
  REQUIRE(b.messages.size() == 1000);
  CHECK(b.messages[500] == "a: 500");
  CHECK(a.links->dropped() == 0);
}

TEST_CASE("peer_links: a message may be larger than frames and windows") {
  auto small = peer_links_options{};
  small.window = 1'000'000;
  auto a = linked_member{"a"};
  auto b = linked_member{"b", {}, small};
  introduce(a, b);
  REQUIRE(is_up(a));
  auto large = std::string(3'000'000, 'x');
  a.links->send("b", large);
  a.links->send("b", "next");
  REQUIRE(has(b, "a: next"));
  CHECK(b.messages[0].size() == large.size() + 3);
}

TEST_CASE("peer_links: come back when the other one does") {
  auto a = linked_member{"a"};
  auto at = endpoint{};
  {
    auto b = linked_member{"b"};
    introduce(a, b);
    REQUIRE(is_up(a));
    at = b.links->bound();
  }
  REQUIRE(a.comes([&] { return !a.downs.empty(); }));
  a.links->send("b", "lost");
  auto again = peer_links_options{};
  again.listen = at;
  auto b = linked_member{"b", {}, again};
  b.links->set_members({{"a", a.known("a")}, {"b", b.known("b")}});
  REQUIRE(a.comes([&] { return a.ups.size() == 2; }));
  a.links->send("b", "found");
  CHECK(has(b, "a: found"));
  CHECK(b.messages.size() == 1);
  CHECK(a.links->dropped() == 1);
  CHECK(a.comes([&] { return a.lost == std::vector<std::string>{"b"}; }));
}

TEST_CASE("peer_links: connect at once to who has come back") {
  constexpr auto never = backoff{1h, 1.0, 1h, 0.0};
  auto a = linked_member{"a", {}, {}, never};
  auto at = endpoint{};
  {
    auto b = linked_member{"b"};
    introduce(a, b);
    REQUIRE(is_up(a));
    at = b.links->bound();
  }
  REQUIRE(a.comes([&] { return !a.downs.empty(); }));
  auto again = peer_links_options{};
  again.listen = at;
  auto b = linked_member{"b", {}, again};
  b.links->set_members({{"a", a.known("a")}, {"b", b.known("b")}});
  CHECK(a.comes([&] { return a.ups.size() == 2; }));
}

TEST_CASE("peer_links: stop although a beat is always due") {
  auto options = peer_links_options{};
  options.self = {"shop", "a", "store-of-a", 1};
  options.listen = {"127.0.0.1", 0};
  options.timing.beat = 0ms;
  for (int i = 0; i < 200; ++i) {
    auto links = peer_links::open(options, {}).value();
    links->start();
    links->stop();
  }
}

TEST_CASE("peer_links: who does not handle holds up those who send to it") {
  auto small = peer_links_options{};
  small.window = 1000;
  small.most_waiting = 5000;
  auto a = linked_member{"a", {}, small};
  auto b = linked_member{"b", {}, small};
  b.handles = false;
  introduce(a, b);
  REQUIRE(is_up(a));
  for (int i = 0; i < 100; ++i) a.links->send("b", std::string(100, 'x'));
  REQUIRE(b.comes([&] { return b.messages.size() == 10; }));
  while (a.links->dropped() < 40) std::this_thread::yield();
  CHECK(a.links->dropped() == 40);
  b.links->handled("a", 1000);
  REQUIRE(b.comes([&] { return b.messages.size() == 20; }));
}

TEST_CASE("peer_links: strangers cost nothing but themselves") {
  auto a = linked_member{"a"};
  auto b = linked_member{"b"};
  introduce(a, b);
  REQUIRE(is_up(a));
  auto context = boost::asio::io_context{};
  auto address = tcp::endpoint{
    boost::asio::ip::make_address("127.0.0.1"), b.links->bound().port};
  auto garbage = tcp::socket{context};
  garbage.connect(address);
  boost::asio::write(
    garbage, boost::asio::buffer(std::string{"GET / HTTP/1.1\r\n\r\n"}));
  auto half_open = tcp::socket{context};
  half_open.connect(address);
  CHECK(tells(b, "is not the protocol of Troupe's members"));
  auto why = boost::system::error_code{};
  auto answer = std::array<char, 100>{};
  garbage.read_some(boost::asio::buffer(answer), why);
  CHECK(why == boost::asio::error::eof);
  a.links->send("b", "still here");
  CHECK(has(b, "a: still here"));
}

TEST_CASE("peer_links: who is not registered hears why it is refused") {
  auto a = linked_member{"a"};
  auto b = linked_member{"b"};
  auto c = linked_member{"c"};
  introduce(a, b);
  c.links->set_members({{"a", a.known("a")}, {"c", c.known("c")}});
  CHECK(tells(c, "a: it refused us: 'c' is not registered as a member yet"));
  CHECK(tells(a, "'c' is not registered as a member yet"));
}

TEST_CASE("peer_links: certificates say who is there") {
  auto folder = certificate_folder{};
  auto authority = make_identity("authority", nullptr);
  auto of = [&](const std::string& name, const std::string& shown) {
    folder.write("ca", authority);
    folder.write(name, make_identity(shown.c_str(), &authority));
    return tls_options{
      folder / (name + ".pem"), folder / (name + ".key"), folder / "ca.pem"};
  };
  auto a = linked_member{"a", of("a", "a")};
  SECTION("the right one") {
    auto b = linked_member{"b", of("b", "b")};
    introduce(a, b);
    REQUIRE(is_up(a));
    a.links->send("b", "safe");
    CHECK(has(b, "a: safe"));
  }
  SECTION("somebody else's") {
    auto b = linked_member{"b", of("c", "c")};
    introduce(a, b);
    CHECK(
      tells(a, "the certificate is for 'c', but the member says it is 'b'"));
    CHECK(tells(b, "it refused us: the certificate is for 'c'"));
  }
}

TEST_CASE("peer_links: no member talks in the clear beyond the loopback") {
  auto options = peer_links_options{};
  options.listen = {"0.0.0.0", 0};
  auto made = peer_links::open(options, {});
  REQUIRE(made.has_error());
  CHECK(made.error().code == errc::bad_config);
  CHECK(made.error().detail.find("set cluster.tls") != std::string::npos);
}
