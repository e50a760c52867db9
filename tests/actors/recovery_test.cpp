#include "actors/recovery.hpp"
#include "tests/engine/store/store_play.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr auto recovered_group_id = group_id{9};
constexpr auto kept_queue = queue_id{7};
constexpr auto stranger_queue = queue_id{8};

/// A replica's store with entries 1 to 5 of these queues, of which the third
/// is erased and the fifth not committed.
struct replica_store {
  replica_store() {
    auto made = commit_request{};
    for (auto queue :
         {kept_queue, stranger_queue, stranger_queue, stranger_queue,
          stranger_queue}) {
      auto entry = published(made.appends.size() + 1, "x");
      entry.queue = queue;
      made.appends.push_back({recovered_group_id, encode(log_entry{entry})});
    }
    made.applied.emplace_back(recovered_group_id, applied_mark{4, {{3, 1}}});
    REQUIRE(store->commit(made).has_value());
  }

  temp_folder folder;
  std::unique_ptr<log_store> store =
    log_store::open(options_in(folder.path())).value();
};

} // namespace

TEST_CASE("recovery: queues that are not asked for are told as strangers") {
  auto set = replica_store{};
  auto asked = queue_options{};
  asked.id = kept_queue;
  auto strangers = std::vector<queue_id>{};
  auto found =
    recover_shards(*set.store, {asked}, recovered_group_id, &strangers);
  REQUIRE(found.has_value());
  CHECK(found->at(0)->figures().length == 1);
  CHECK(strangers == std::vector{stranger_queue});
  auto none = recover_shards(*set.store, {}, recovered_group_id, &strangers);
  REQUIRE(none.has_value());
  CHECK(strangers == std::vector{kept_queue, stranger_queue});
}

TEST_CASE("recovery: entries are found that are committed and not erased") {
  auto set = replica_store{};
  auto find = [&](std::vector<queue_id> of, std::size_t most) {
    return find_entries(*set.store, of, recovered_group_id, most).value();
  };
  CHECK(find({stranger_queue}, 10).indexes == std::vector<log_index>{2, 4});
  CHECK(find({stranger_queue}, 2).is_all);
  CHECK(find({kept_queue, stranger_queue}, 10).indexes.size() == 3);
  CHECK(find({queue_id{1}}, 10).indexes.empty());
  auto some = find({stranger_queue}, 1);
  CHECK(some.indexes == std::vector<log_index>{2});
  CHECK_FALSE(some.is_all);
}
