#include "engine/coordinator/etcd_calls.hpp"
#include "engine/coordinator/etcd_codec.hpp"
#include "engine/coordinator/etcd_process.hpp"
#include "engine/coordinator/managed_etcd.hpp"
#include "tests/engine/coordinator/coordinator_rig.hpp"

#include <fstream>

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

/// Managed etcds of one cluster in one context. What they started ends with
/// the test, however that ends.
class managed_rig final : public coordinator_drive {
public:
  explicit managed_rig(std::size_t count = 1) {
    auto ports = free_ports(2 * count);
    auto members = std::vector<etcd_member>{};
    for (std::size_t i = 0; i < count; ++i)
      members.push_back({"m" + std::to_string(i), {"127.0.0.1", ports[2 * i]}});
    for (std::size_t i = 0; i < count; ++i)
      options.push_back(options_of(members, i, ports[2 * i + 1]));
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t k = 0; k < count; ++k)
        if (i != k) options[i].others.push_back(options[k].settings.client);
    nodes.resize(count);
    use_program("exec setpriv --pdeathsig KILL etcd \"$@\"\n");
  }

  /// What is run as etcd; at first that, but ended with the test's process even
  /// if that crashes.
  void use_program(const std::string& script) {
    std::ofstream{program()} << "#!/bin/sh\n" << script;
    std::filesystem::permissions(program(), std::filesystem::perms::owner_all);
  }

  ~managed_rig() override {
    nodes.clear();
    for (const auto& x : options)
      while (auto process = find_running(data_folder(x.settings))) {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
      }
  }

  void open(std::size_t i) {
    nodes[i] = managed_etcd::open(context, options[i], [this](auto& text) {
                 notices.push_back(text);
               }).value();
  }

  void stop(std::size_t i) {
    auto is_stopped = false;
    nodes[i]->stop([&] { is_stopped = true; });
    REQUIRE(until([&] { return is_stopped; }));
    nodes[i].reset();
  }

  bool becomes_healthy(std::size_t i) {
    return until([&] { return nodes[i]->state().is_healthy; });
  }

  bool has_noticed(const std::string& text) const {
    return std::any_of(notices.begin(), notices.end(), [&](const auto& x) {
      return x.find(text) != std::string::npos;
    });
  }

  std::unique_ptr<coordinator> client() override {
    auto made = etcd_options{};
    for (const auto& x : options) made.endpoints.push_back(x.settings.client);
    made.request_limit = 10s;
    return etcd_coordinator::open(context, made).value();
  }

  void step() override {
    context.restart();
    context.run_one_for(20ms);
  }

  temp_folder folder;
  boost::asio::io_context context{1};
  std::vector<managed_etcd_options> options;
  std::vector<std::unique_ptr<managed_etcd>> nodes;
  texts notices;

private:
  managed_etcd_options options_of(
    const std::vector<etcd_member>& members,
    std::size_t i,
    std::uint16_t port) {
    auto made = managed_etcd_options{};
    made.settings.program = program().string();
    made.settings.name = members[i].name;
    made.settings.folder = folder.path() / members[i].name;
    made.settings.client = {"127.0.0.1", port};
    made.settings.members = members;
    made.settings.token = "troupe-test";
    made.settings.heartbeat = duration{60};
    made.settings.election = duration{600};
    made.look_every = 50ms;
    return made;
  }

  std::filesystem::path program() const {
    return folder.path() / "etcd-on-a-leash";
  }
};

} // namespace

TEST_CASE("managed_etcd: it is started, and stopped when told") {
  auto x = managed_rig{};
  x.open(0);
  REQUIRE(x.becomes_healthy(0));
  auto process = x.nodes[0]->state().process;
  auto client = asking{x};
  CHECK(client.put("t/a", "1").outcome == txn_outcome::done);
  CHECK(runs_on(process, data_folder(x.options[0].settings)));
  x.stop(0);
  CHECK(find_running(data_folder(x.options[0].settings)) == 0);
  x.open(0);
  REQUIRE(x.becomes_healthy(0));
  CHECK(values_of(client.read("t/")) == texts{"t/a=1"});
}

TEST_CASE("managed_etcd: one that ends is started again") {
  auto x = managed_rig{};
  x.open(0);
  REQUIRE(x.becomes_healthy(0));
  auto first = x.nodes[0]->state().process;
  ::kill(first, SIGKILL);
  REQUIRE(x.until([&] { return x.has_noticed("etcd ended by signal 9"); }));
  REQUIRE(x.becomes_healthy(0));
  CHECK(x.nodes[0]->state().process != first);
}

TEST_CASE("managed_etcd: the end of a child without arguments is noticed") {
  auto x = managed_rig{};
  x.use_program("[ $1 = --version ] && exec etcd --version\nexec sleep 60\n");
  x.open(0);
  REQUIRE(x.until([&] { return x.nodes[0]->state().process != 0; }));
  auto first = x.nodes[0]->state().process;
  auto data = data_folder(x.options[0].settings);
  REQUIRE(x.until([&] { return !runs_on(first, data); }));
  for (auto i = 0; i < 10; ++i) x.step(); // some looks
  CHECK(x.nodes[0]->state().process == first);
  ::kill(first, SIGKILL);
  REQUIRE(x.until([&] { return x.has_noticed("etcd ended by signal 9"); }));
  x.stop(0);
}

TEST_CASE("managed_etcd: the end of a child is noticed without its status") {
  auto x = managed_rig{};
  auto before = ::signal(SIGCHLD, SIG_IGN);
  x.open(0);
  REQUIRE(x.becomes_healthy(0));
  ::kill(x.nodes[0]->state().process, SIGKILL);
  CHECK(x.until([&] { return x.has_noticed("etcd ended; starting"); }));
  x.stop(0);
  ::signal(SIGCHLD, before);
}

TEST_CASE("managed_etcd: one that runs already is adopted") {
  auto x = managed_rig{};
  x.open(0);
  REQUIRE(x.becomes_healthy(0));
  auto process = x.nodes[0]->state().process;
  x.nodes[0].reset();
  for (auto i = 0; i < 10; ++i) x.step();
  SECTION("known by its file") {}
  SECTION("or found by its data") {
    std::filesystem::remove(x.options[0].settings.folder / "etcd.pid");
  }
  x.open(0);
  REQUIRE(x.becomes_healthy(0));
  CHECK(x.nodes[0]->state().process == process);
  CHECK(x.has_noticed("adopting"));
  x.stop(0);
  CHECK(!runs_on(process, data_folder(x.options[0].settings)));
}

TEST_CASE("managed_etcd: a number in a file is not taken for an etcd") {
  auto x = managed_rig{};
  std::filesystem::create_directories(x.options[0].settings.folder);
  auto file = x.options[0].settings.folder / "etcd.pid";
  write_number(file, ::getpid()).value();
  x.open(0);
  REQUIRE(x.becomes_healthy(0));
  CHECK(x.nodes[0]->state().process != ::getpid());
  CHECK(read_number(file) == x.nodes[0]->state().process);
}

TEST_CASE("managed_etcd: of three, one whose data is wiped is replaced") {
  auto x = managed_rig{3};
  for (auto i : {0u, 1u, 2u}) x.open(i);
  for (auto i : {0u, 1u, 2u}) REQUIRE(x.becomes_healthy(i));
  auto client = asking{x};
  REQUIRE(client.put_at_last("t/a", "1"));
  x.stop(2);
  std::filesystem::remove_all(x.options[2].settings.folder);
  REQUIRE(client.put_at_last("t/b", "2"));
  x.open(2);
  REQUIRE(x.becomes_healthy(2));
  CHECK(x.has_noticed("replace this one"));
  // It has a vote: without one of the others there is still a majority.
  x.stop(0);
  CHECK(client.put_at_last("t/c", "3"));
  CHECK(values_of(client.read("t/")) == texts{"t/a=1", "t/b=2", "t/c=3"});
}

TEST_CASE("managed_etcd: alone without its data it begins nothing") {
  auto x = managed_rig{};
  x.open(0);
  REQUIRE(x.becomes_healthy(0));
  x.stop(0);
  std::filesystem::remove_all(data_folder(x.options[0].settings));
  x.open(0);
  REQUIRE(x.until([&] { return x.has_noticed("no other member has a copy"); }));
  CHECK(x.nodes[0]->state().process == 0);
}

TEST_CASE("managed_etcd: what cannot run is told, with a cure") {
  auto x = managed_rig{};
  auto options = x.options[0];
  auto told = std::string{};
  SECTION("two members") {
    options.settings.members.push_back({"m1", {"127.0.0.1", 1}});
    told = "two members";
  }
  SECTION("no such program") {
    options.settings.program = "/nowhere/etcd";
    told = "etcd-server";
  }
  SECTION("another program") {
    options.settings.program = "/bin/true";
    told = "does not say which etcd";
  }
  SECTION("a folder that cannot be") {
    options.settings.folder = x.folder.path() / "etcd-on-a-leash" / "x";
    told = "cannot create the folder";
  }
  auto opened = managed_etcd::open(x.context, options, nullptr);
  REQUIRE(!opened);
  CHECK_THAT(opened.error().detail, Catch::Contains(told));
}

TEST_CASE("managed_etcd: one that ends at once is tried less and less often") {
  auto x = managed_rig{};
  auto blocker = boost::asio::ip::tcp::acceptor{
    x.context,
    {boost::asio::ip::make_address("127.0.0.1"),
     x.options[0].settings.client.port}};
  x.open(0); // its port is taken
  REQUIRE(x.until([&] { return x.nodes[0]->state().failures == 2; }));
  blocker.close();
  REQUIRE(x.becomes_healthy(0));
  CHECK(x.nodes[0]->state().failures == 0);
}
