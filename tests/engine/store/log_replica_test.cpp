#include "engine/store/verify.hpp"
#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

using found = std::vector<std::pair<log_index, std::string>>;
using strings = std::vector<std::string>;

struct small_replica {
  temp_folder folder;
  std::unique_ptr<log_store> store;

  small_replica() { open(); }

  void open() {
    store.reset();
    store = log_store::open(options_in(folder.path())).value();
  }

  void append(const strings& bodies, std::uint64_t epoch = 1) {
    auto request = commit_request{};
    for (const auto& x : bodies)
      request.appends.push_back({group, encode(published(1, x), epoch)});
    store->commit(request).value();
  }

  void commit(const commit_request& request) { store->commit(request).value(); }

  std::vector<std::string> raw(log_index from, log_index last) const {
    return store->read_raw(group, from, last, 1 << 20).value();
  }
};

commit_request cutting(log_index first) {
  auto made = commit_request{};
  made.truncations.push_back({group, first});
  return made;
}

} // namespace

TEST_CASE("log_replica: a log that is cut goes on where it was cut") {
  auto one = small_replica{};
  one.append({"a", "b", "c", "d"}, 1);
  auto request = cutting(3);
  request.appends.push_back({group, encode(published(1, "x"), 2)});
  one.commit(request);
  CHECK(one.store->last_index(group) == 3);
  CHECK(stored_in(*one.store, group) == found{{1, "a"}, {2, "b"}, {3, "x"}});
  one.commit(cutting(1));
  CHECK(one.store->last_index(group) == 0);
  one.append({"y"}, 3);
  one.open();
  CHECK(stored_in(*one.store, group) == found{{1, "y"}});
  CHECK(epoch_of(one.raw(1, 1).at(0)) == 3);
  CHECK(one.store->commit(cutting(2)).error().code == errc::bad_input);
  CHECK(one.store->commit(cutting(0)).error().code == errc::bad_input);
}

TEST_CASE("log_replica: entries are read as they are, with the gaps") {
  auto one = small_replica{};
  one.append({"a", "b", "c", "d"});
  auto request = commit_request{};
  request.erases = {{group, 1}, {group, 3}};
  one.commit(request);
  auto all = one.raw(1, 5);
  REQUIRE(all.size() == 5);
  CHECK(all[0].empty());
  CHECK(first_body(decode(all[1]).value()) == "b");
  CHECK(all[2].empty());
  CHECK(first_body(decode(all[3]).value()) == "d");
  CHECK(all[4].empty());
  CHECK(one.raw(2, 2).size() == 1);
}

TEST_CASE("log_replica: a read ends with the entry that is too much") {
  auto one = small_replica{};
  one.append({std::string(1000, 'a'), std::string(1000, 'b'), "c"});
  CHECK(one.store->read_raw(group, 1, 3, 1).value().size() == 1);
  CHECK(one.store->read_raw(group, 1, 3, 1500).value().size() == 2);
  CHECK(one.store->read_raw(group, 1, 3, 5000).value().size() == 3);
}

TEST_CASE("log_replica: what another small_replica sent is the same here") {
  auto leader = small_replica{};
  auto follower = small_replica{};
  leader.append({"a", "b", "c"}, 4);
  auto request = commit_request{};
  request.erases = {{group, 2}};
  leader.commit(request);
  request = {};
  for (auto& raw : leader.raw(1, 3))
    request.appends.push_back({group, {std::move(raw), nullptr}});
  request.appends.push_back({group, encode_noop(5)});
  follower.commit(request);
  CHECK(follower.store->last_index(group) == 4);
  CHECK(stored_in(*follower.store, group) == found{{1, "a"}, {3, "c"}});
  CHECK(follower.raw(1, 3) == leader.raw(1, 3));
  CHECK(follower.store->read({group, 4}).has_error());
  follower.store.reset();
  auto report = verify(options_in(follower.folder.path()), [](auto, auto) {});
  CHECK(report.value().broken.empty());
  CHECK(report.value().entries == 3);
}

TEST_CASE("log_replica: marks outlive the process") {
  auto one = small_replica{};
  CHECK(one.store->mark(group).value() == std::nullopt);
  CHECK(one.store->applied(group).value() == applied_mark{});
  auto mark = replica_mark{7, 100, 3, {{101, 4}, {140, 7}}, true};
  auto request = commit_request{};
  request.marks.emplace_back(group, mark);
  auto applied = applied_mark{99, {{40, 2}, {77, 1}}};
  request.applied.emplace_back(group, applied);
  one.commit(request);
  one.open();
  CHECK(one.store->mark(group).value() == mark);
  CHECK(one.store->applied(group).value() == applied);
  CHECK(one.store->mark(group_id{6}).value() == std::nullopt);
}
