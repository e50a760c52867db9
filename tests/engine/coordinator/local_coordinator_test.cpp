#include "engine/store/log_store.hpp"
#include "tests/engine/coordinator/coordinator_rig.hpp"

#include <array>
#include <fstream>
#include <future>

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

/// A folder with a coordinator that can be closed and opened again.
struct local {
  local_drive drive;
  asking client{drive};

  void open_again() {
    { auto gone = std::move(client); }
    client = asking{drive};
  }
};

} // namespace

TEST_CASE("local_coordinator: all is there when it is opened again") {
  auto x = local{};
  x.client.put("t/a", "1");
  auto b = x.client.put("t/b", std::string{"\0x", 2});
  x.client.erase("t/a");
  auto before = x.client.read("");
  x.open_again();
  CHECK(x.client.read("") == before);
  CHECK(x.client.put("t/b", "3", b.at).at == before.at + 1);
}

TEST_CASE("local_coordinator: watches from before it was opened resync") {
  auto x = local{};
  auto a = x.client.put("t/a", "1");
  x.client.put("t/b", "2");
  x.open_again();
  auto old = x.client.watch("t/", a.at);
  REQUIRE(x.client.until([&] { return old->resyncs.size() == 1; }));
  auto seen = x.client.watch("t/", x.client.read("t/").at);
  x.client.put("t/c", "3");
  REQUIRE(x.client.until([&] { return !seen->changes.empty(); }));
  CHECK(texts_of(seen->changes) == texts{"t/c=3"});
  CHECK(old->changes.empty());
}

TEST_CASE("local_coordinator: sessions end with the process") {
  auto x = local{};
  auto held = x.client.open_session(2s).value();
  auto said = x.client.txn({{}, {{"t/a", "1"}, {"t/b", "2"}}, {}, held->id()});
  x.client.put("t/b", "3");
  auto before = x.client.read("").at;
  CHECK(said.at + 1 == before);
  // As if it was killed: the store is copied while the session is open.
  auto copy = x.drive.folder.path() / "copy";
  std::filesystem::copy(
    x.drive.folder.path() / "coordinator", copy,
    std::filesystem::copy_options::recursive);
  auto again = asking{x.drive, local_coordinator::open(copy).value()};
  CHECK(values_of(again.read("")) == texts{"t/b=3"});
  CHECK(again.read("").at == before + 1);
}

TEST_CASE("local_coordinator: a folder is one process's") {
  auto x = local{};
  auto second = local_coordinator::open(x.drive.folder.path() / "coordinator");
  REQUIRE(!second);
  CHECK(second.error().code == errc::in_use);
}

TEST_CASE("local_coordinator: a folder that cannot be used is an error") {
  auto folder = temp_folder{};
  std::ofstream{folder.path() / "file"} << "x";
  CHECK(!local_coordinator::open(folder.path() / "file"));
}

TEST_CASE(
  "local_coordinator: what is stored under its names and damaged is told") {
  auto folder = temp_folder{};
  {
    auto options = store_options{};
    options.folder = folder.path();
    auto store = log_store::open(options).value();
    auto what = commit_request{};
    what.changes.push_back(
      {group_id{0}, {"coordinator", "key", "t/a", "short"}});
    store->commit(what).value();
  }
  auto opened = local_coordinator::open(folder.path());
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::corrupt);
  CHECK_THAT(opened.error().detail, Catch::Contains("t/a"));
}

TEST_CASE("local_coordinator: it is stored as these bytes") {
  auto folder = temp_folder{};
  auto eight = [](char first) { return first + std::string(7, '\0'); };
  {
    auto options = store_options{};
    options.folder = folder.path();
    auto store = log_store::open(options).value();
    auto what = commit_request{};
    auto value = eight(5) + eight(0) + "one";
    what.changes.push_back({group_id{0}, {"coordinator", "key", "t/a", value}});
    what.changes.push_back(
      {group_id{0}, {"coordinator", "revision", "", eight(7)}});
    store->commit(what).value();
  }
  auto drive = local_drive{};
  auto client = asking{drive, local_coordinator::open(folder.path()).value()};
  CHECK((client.read("") == kept_range{7, {{"t/a", "one", 5}}}));
  client.put("t/a", "two");
  { auto gone = std::move(client); }
  auto options = store_options{};
  options.folder = folder.path();
  auto store = log_store::open(options).value();
  CHECK(
    store->state(group_id{0}, "coordinator", "key", "t/a").value()
    == eight(8) + eight(0) + "two");
  CHECK(
    store->state(group_id{0}, "coordinator", "revision", "").value()
    == eight(8));
}

TEST_CASE("local_coordinator: close ends sessions") {
  auto x = local{};
  auto held = x.client.open_session(2s).value();
  x.client.txn({{}, {{"t/a", "1"}}, {}, held->id()});
  x.client.with().close();
  CHECK(!x.client.range("")); // answered after that
  x.open_again();
  CHECK(x.client.read("") == kept_range{3, {}});
}

TEST_CASE("local_coordinator: callbacks may call again") {
  auto x = local{};
  auto ended = std::promise<txn_answer>{};
  x.client.with().range("", [&](const result<kept_range>& read) {
    auto what = txn_request{{{"t/a", 0}}, {{"t/a", "1"}}, {}, {}};
    if (!read) return;
    x.client.with().txn(
      what, [&](txn_answer said) { ended.set_value(std::move(said)); });
  });
  auto answer = ended.get_future();
  REQUIRE(answer.wait_for(20s) == std::future_status::ready);
  CHECK(answer.get().outcome == txn_outcome::done);
}

TEST_CASE("local_coordinator: kill -9 loses nothing that was answered") {
  auto folder = temp_folder{};
  auto ends = std::array<int, 2>{};
  REQUIRE(::pipe(ends.data()) == 0);
  auto writer = ::fork();
  if (writer == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto made = local_coordinator::open(folder.path() / "c").value();
    for (std::uint32_t i = 0;; ++i) {
      auto said = std::promise<bool>{};
      made->txn(
        {{}, {{"count", std::to_string(i)}}, {}, {}}, [&](const txn_answer& x) {
          said.set_value(x.outcome == txn_outcome::done);
        });
      if (!said.get_future().get()) ::_exit(1);
      if (::write(ends[1], &i, sizeof i) != sizeof i) ::_exit(1);
    }
  }
  ::close(ends[1]);
  auto told = std::uint32_t{0};
  while (told < 50 && ::read(ends[0], &told, sizeof told) == sizeof told) {
  }
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
  while (::read(ends[0], &told, sizeof told) == sizeof told) {
  }
  ::close(ends[0]);
  REQUIRE(told >= 50);
  auto drive = local_drive{};
  auto again =
    asking{drive, local_coordinator::open(folder.path() / "c").value()};
  auto read = again.read("");
  CHECK(std::stoul(read.values.at(0).value) >= told);
  // One revision each, from 2 on.
  CHECK(read.at == static_cast<revision>(std::stoul(read.values[0].value)) + 2);
}
