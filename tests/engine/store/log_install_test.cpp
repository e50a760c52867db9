#include "engine/store/verify.hpp"
#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>
#include <rocksdb/db.h>

#include <map>
#include <thread>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr auto last_group = group_id{255}; // the one without a next one
constexpr auto at = log_index{40};

/// All that a store has of the group.
struct seen {
  log_index last = 0;
  std::vector<std::string> raw;
  std::map<std::string, std::string> state;
  applied_mark applied;
  bool operator==(const seen&) const = default;
};

seen look(const log_store& store) {
  auto made = seen{};
  made.last = store.last_index(last_group);
  if (made.last > 0)
    made.raw = store.read_raw(last_group, 1, made.last, 1 << 20).value();
  auto visit = [&](auto scope, auto name, auto value) {
    made.state.emplace(std::string{scope} + "/" + std::string{name}, value);
  };
  store.scan_state("h", visit).value();
  made.applied = store.applied(last_group).value();
  return made;
}

struct replica {
  temp_folder folder;
  std::unique_ptr<log_store> store;

  replica() { open(); }

  void open() {
    store.reset();
    store = log_store::open(options_in(folder.path())).value();
  }

  void append(const std::string& text, int count, std::uint64_t epoch) {
    auto request = commit_request{};
    request.sync = false;
    for (int i = 0; i < count; ++i) {
      auto body = text + std::to_string(i);
      request.appends.push_back(
        {last_group, encode(published(1, body), epoch)});
      request.changes.push_back({last_group, {"h", text, body, "v" + body}});
    }
    store->commit(request).value();
  }

  void keep(const std::string& piece) {
    auto request = commit_request{};
    request.pieces.push_back(piece);
    store->commit(request).value();
  }

  void step(bool is_last = false) {
    auto request = commit_request{};
    request.installs.push_back({last_group, is_last});
    store->commit(request).value();
  }

  bool is_sound() {
    store.reset();
    auto report = verify(options_in(folder.path()), [](auto, auto) {});
    for (const auto& x : report.value().broken) UNSCOPED_INFO(x);
    auto is_fine = report.value().broken.empty();
    open();
    return is_fine;
  }
};

/// A leader's store: entries beyond the checkpoint, and some erased.
struct leader : replica {
  leader() {
    append("a", 50, 3);
    auto request = commit_request{};
    for (log_index i = 2; i < 30; i += 3)
      request.erases.push_back({last_group, i});
    request.marks.emplace_back(
      last_group, replica_mark{3, 30, 3, {{31, 3}}, false});
    request.applied.emplace_back(last_group, applied_mark{45, {{41, 2}}});
    store->commit(request).value();
  }

  std::vector<std::string> pieces(std::size_t bytes = 700) const {
    auto view = store->view(last_group, 3, at, bytes).value();
    auto all = std::vector<std::string>{};
    do all.push_back(view->piece(all.size()).value());
    while (!view->is_last(all.size() - 1));
    return all;
  }
};

/// What a store is to have afterwards: no entries behind the checkpoint.
seen cut(seen x) {
  x.last = at;
  x.raw.resize(at);
  return x;
}

} // namespace

TEST_CASE("group_view: pieces are the same again, whatever is written") {
  auto one = leader{};
  auto view = one.store->view(last_group, 3, at, 700).value();
  auto first = std::vector<std::string>{};
  auto writer = std::thread{[&] {
    for (int i = 0; i < 20; ++i) one.append("b" + std::to_string(i), 5, 3);
  }};
  for (std::uint64_t n = 0; first.empty() || !view->is_last(n - 1); ++n)
    first.push_back(view->piece(n).value());
  writer.join();
  auto request = commit_request{};
  request.erases = {{last_group, 1}, {last_group, 33}};
  request.changes.push_back({last_group, {"h", "a", "a7", std::nullopt}});
  one.store->commit(request).value();
  CHECK(first.size() > 5);
  for (auto n = first.size(); n-- > 0;)
    CHECK((view->piece(n).value() == first[n]));
  CHECK(view->piece(first.size()).error().code == errc::not_found);
  for (const auto& x : first) CHECK(x.size() < 1500);
}

TEST_CASE("group_view: one that begins in the middle is cut alike") {
  auto one = leader{};
  auto first = one.store->view(last_group, 3, at, 700).value();
  auto other = one.store->view(last_group, 3, at, 700).value();
  CHECK(first->id() == other->id());
  auto third = other->piece(3).value(); // those before never were cut
  for (std::uint64_t n = 0; n < 3; ++n) first->piece(n).value();
  CHECK((first->piece(3).value() == third));
  CHECK(other->piece(1'000).error().code == errc::not_found);
  one.append("b", 1, 3);
  CHECK(one.store->view(last_group, 3, at, 700).value()->id() != first->id());
}

TEST_CASE("group_view: none begins where entries may be erased") {
  auto one = leader{};
  CHECK(one.store->view(last_group, 3, 29).error().code == errc::not_found);
  CHECK(one.store->view(last_group, 3, 30).has_value());
}

TEST_CASE("group_view: an empty group is one piece") {
  auto one = replica{};
  auto view = one.store->view(group_id{7}, 0, 0).value();
  auto bytes = view->piece(0).value();
  auto piece = decode_piece(bytes).value();
  CHECK(piece.head.is_last);
  CHECK(piece.items.size() == 1);
  CHECK(view->is_last(0));
}

TEST_CASE("group_view: a piece has at least one item") {
  auto one = leader{};
  auto all = one.pieces(1);
  CHECK(all.size() > 60);
  auto other = replica{};
  for (const auto& x : all) other.keep(x);
  other.step(true);
  CHECK((look(*other.store) == cut(look(*one.store))));
}

TEST_CASE("checkpoint_piece: any changed byte is noticed") {
  auto one = leader{};
  auto whole = one.pieces().at(2);
  REQUIRE(decode_piece(whole).has_value());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK(decode_piece(damaged).error().code == errc::corrupt);
    auto shorter = std::string_view{whole}.substr(0, i);
    CHECK(decode_piece(shorter).has_error());
  }
}

TEST_CASE("checkpoint_piece: items that do not belong there are refused") {
  auto value = seal("x");
  auto mark = encode(applied_mark{});
  auto applied = piece_item{piece_item_kind::applied, 0, {}, mark};
  auto entry = [&](log_index i) {
    return piece_item{piece_item_kind::entry, i, {}, value};
  };
  auto state = [&](std::string_view key) {
    return piece_item{piece_item_kind::state, 0, key, value};
  };
  auto is_fine = [&](std::uint64_t n, const std::vector<piece_item>& items) {
    auto to = piece_writer{{last_group, 3, at, 9}, n};
    for (const auto& x : items) to.add(x);
    auto bytes = to.finish(false);
    return decode_piece(bytes).has_value();
  };
  CHECK(is_fine(0, {applied, entry(1), entry(at), state("a"), state("b")}));
  CHECK(is_fine(1, {entry(1)}));
  CHECK(is_fine(1, {state("")}));
  CHECK_FALSE(is_fine(0, {entry(1)}));
  CHECK_FALSE(is_fine(1, {applied}));
  CHECK_FALSE(is_fine(1, {}));
  CHECK_FALSE(is_fine(0, {applied, applied}));
  CHECK_FALSE(is_fine(1, {entry(2), entry(2)}));
  CHECK_FALSE(is_fine(1, {entry(at + 1)}));
  CHECK_FALSE(is_fine(1, {entry(0)}));
  CHECK_FALSE(is_fine(1, {state("a"), entry(1)}));
  CHECK_FALSE(is_fine(1, {state("b"), state("a")}));
  auto bad = entry(1);
  bad.value = "xxxxx";
  CHECK_FALSE(is_fine(1, {bad}));
}

TEST_CASE("log_install: log and state are the leader's, up to the entry") {
  auto from = leader{};
  auto to = replica{};
  to.append("other", 70, 2);
  for (const auto& x : from.pieces()) to.keep(x);
  to.step(true);
  auto wanted = cut(look(*from.store));
  CHECK((look(*to.store) == wanted));
  auto mark = to.store->mark(last_group).value().value();
  CHECK(mark == replica_mark{3, at, 3, {}, false});
  CHECK(to.store->partial(last_group).value() == std::nullopt);
  CHECK(to.is_sound());
  CHECK((look(*to.store) == wanted));
  to.append("more", 1, 4);
  CHECK(to.store->last_index(last_group) == at + 1);
}

TEST_CASE("log_install: a kill between any two steps changes nothing") {
  auto from = leader{};
  auto wanted = cut(look(*from.store));
  auto pieces = from.pieces();
  for (std::size_t steps = 0; steps <= pieces.size() + 4; steps += 2) {
    auto to = replica{};
    to.append("other", 70, 2);
    auto before = look(*to.store);
    for (const auto& x : pieces) to.keep(x);
    for (std::size_t i = 0; i < steps && to.store->partial(last_group).value();
         ++i)
      to.step();
    INFO(steps << " steps of " << pieces.size() + 4);
    if (steps > 0) CHECK(to.is_sound()); // looks before it opens
    to.open();
    CHECK((look(*to.store) == (steps == 0 ? before : wanted)));
    CHECK(to.store->partial(last_group).value().has_value() == (steps == 0));
  }
}

TEST_CASE("log_install: entries that were installed can be erased for good") {
  auto from = leader{};
  auto to = replica{};
  to.append("other", 70, 2);
  for (int round = 0; round < 3; ++round) {
    for (const auto& x : from.pieces()) to.keep(x);
    to.step(true);
    to.store->flush().value();
  }
  auto request = commit_request{};
  request.erases = {{last_group, 1}};
  to.store->commit(request).value();
  to.store->flush().value();
  to.open();
  CHECK(to.store->read_raw(last_group, 1, 1, 1).value().at(0).empty());
}

TEST_CASE("log_install: pieces outlive the process, and are replaced") {
  auto from = leader{};
  auto pieces = from.pieces();
  auto to = replica{};
  for (int i = 0; i < 3; ++i) to.keep(pieces[i]);
  to.keep(pieces[2]); // once more
  to.open();
  auto kept = to.store->partial(last_group).value().value();
  CHECK(kept.next == 3);
  CHECK(kept.of == decode_piece(pieces[0]).value().head.of);
  CHECK(kept.applied == applied_mark{45, {{41, 2}}});
  auto request = commit_request{};
  request.pieces = {pieces[5]}; // 3 and 4 are missing
  CHECK(to.store->commit(request).error().code == errc::bad_input);
  from.append("b", 1, 3);
  auto others = from.pieces();
  request.pieces = {others[3]}; // of another view
  CHECK(to.store->commit(request).error().code == errc::bad_input);
  to.keep(others[0]);
  CHECK(to.store->partial(last_group).value()->next == 1);
  request.pieces = {pieces[3]};
  CHECK(to.store->commit(request).error().code == errc::bad_input);
}

TEST_CASE("log_install: what is dropped is gone, pieces and all") {
  auto from = leader{};
  auto to = replica{};
  auto pieces = from.pieces();
  for (const auto& x : pieces) to.keep(x);
  for (int i = 0; i < 6; ++i) to.step(); // in the middle
  auto request = commit_request{};
  request.drops = {last_group};
  to.store->commit(request).value();
  to.open();
  CHECK(to.store->partial(last_group).value() == std::nullopt);
  CHECK((look(*to.store) == seen{}));
  for (const auto& x : pieces) to.keep(x);
  request = {};
  request.piece_drops = {last_group};
  to.store->commit(request).value();
  CHECK(to.store->partial(last_group).value() == std::nullopt);
}

TEST_CASE("log_install: what is not whole, or not alone, is refused") {
  auto from = leader{};
  auto to = replica{};
  auto pieces = from.pieces();
  auto request = commit_request{};
  request.installs = {{last_group, true}};
  CHECK(to.store->commit(request).error().code == errc::bad_input);
  to.keep(pieces[0]);
  CHECK(to.store->commit(request).error().code == errc::bad_input);
  for (const auto& x : pieces) to.keep(x);
  request.marks.emplace_back(last_group, replica_mark{});
  CHECK(to.store->commit(request).error().code == errc::bad_input);
  request.marks.clear();
  CHECK(to.store->commit(request).has_value());
  auto damaged = pieces[0];
  damaged.back() ^= 1;
  request = {};
  request.pieces = {damaged};
  CHECK(to.store->commit(request).error().code == errc::corrupt);
}

TEST_CASE("log_install: a store from before there were pieces opens") {
  auto one = replica{};
  one.append("a", 3, 1);
  one.store.reset();
  auto names = std::vector<std::string>{};
  auto path = one.folder.path().string();
  REQUIRE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
  auto wanted = std::vector<rocksdb::ColumnFamilyDescriptor>{};
  for (const auto& x : names) wanted.emplace_back(x, rocksdb::Options{});
  auto handles = std::vector<rocksdb::ColumnFamilyHandle*>{};
  rocksdb::DB* db = nullptr;
  REQUIRE(rocksdb::DB::Open({}, path, wanted, &handles, &db).ok());
  for (auto* x : handles)
    if (x->GetName() == "pieces") CHECK(db->DropColumnFamily(x).ok());
  for (auto* x : handles) db->DestroyColumnFamilyHandle(x);
  delete db;
  auto looking = options_in(one.folder.path());
  looking.read_only = true;
  {
    auto read = log_store::open(looking);
    REQUIRE(read.has_value());
    CHECK((*read)->last_index(last_group) == 3);
    CHECK((*read)->partial(last_group).value() == std::nullopt);
  }
  auto report = verify(looking, [](auto, auto) {});
  CHECK(report.value().broken.empty());
  one.open();
  one.keep(leader{}.pieces().at(0));
  CHECK(one.store->partial(last_group).value().has_value());
}
