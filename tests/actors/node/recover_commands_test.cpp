#include "actors/fatal.hpp"
#include "actors/node/recover_commands.hpp"
#include "engine/ring/slot_map.hpp"
#include "tests/actors/node/running_main.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
using troupe::test::main_outcome;
using troupe::test::run_main;
using namespace troupe::cluster;

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A folder with nodes' data, which is removed at the end.
struct site {
  fs::path folder;

  site() {
    auto name = (fs::temp_directory_path() / "recover-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
  }
  ~site() {
    auto ignored = std::error_code{};
    fs::remove_all(folder, ignored);
  }

  main_outcome run(std::vector<std::string> words) const {
    words.insert(words.begin(), "recover");
    return run_main(std::move(words));
  }

  std::string path(const std::string& name) const {
    return (folder / name).string();
  }

  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream{folder / name} << text;
    return path(name);
  }

  std::string config(const std::string& node, const std::string& name) const {
    return put(
      node + ".toml", "[node]\nname = \"" + node + "\"\ndata_dir = \""
                        + path(node) + "\"\n[cluster]\nname = \"" + name
                        + "\"\ncoordinator = \"etcd\"\n[cluster.etcd]\n"
                          "endpoints = [\"127.0.0.1:1\"]\n");
  }

  std::unique_ptr<log_store> open(const std::string& node) const {
    auto options = store_options{};
    options.folder = folder / node / "store";
    return log_store::open(options).value();
  }

  /// Makes the store of a member whose groups end at (epoch, 20).
  void make(
    const std::string& node, std::uint16_t number, std::uint64_t epoch) const {
    auto store = open(node);
    auto of = store_membership{"c1", "before", node, number, 3, ""};
    REQUIRE(store->set_membership(of).has_value());
    extend(*store, epoch, 20);
  }

  static void
  extend(log_store& store, std::uint64_t epoch, std::size_t entries) {
    auto request = commit_request{};
    for (std::size_t g = 0; g < groups; ++g) {
      auto group = group_id{static_cast<std::uint8_t>(g)};
      auto first = store.last_index(group) + 1;
      for (std::size_t i = 0; i < entries; ++i)
        request.appends.push_back({group, encode_noop(epoch)});
      auto mark = replica_mark{};
      mark.epoch = epoch;
      mark.runs = {{first, epoch}};
      request.marks.emplace_back(group, mark);
      request.applied.emplace_back(group, applied_mark{first, {}});
    }
    store.commit(request).value();
  }

  std::string survey(const std::string& node) const {
    auto done = run({"survey", "--data-dir", path(node)});
    INFO(done.err);
    REQUIRE(done.code == 0);
    return put(node + ".survey", done.out);
  }

  std::string write(const std::vector<std::string>& surveys) const {
    auto words =
      std::vector<std::string>{"write", "--yes", "-c", config("n1", "after")};
    words.insert(words.end(), surveys.begin(), surveys.end());
    auto done = run(words);
    INFO(done.err);
    REQUIRE(done.code == 0);
    return put("recovery", done.out);
  }

  main_outcome
  apply(const std::string& node, const std::string& recovery) const {
    return run({"apply", "--yes", "-c", config(node, "after"), recovery});
  }
};

} // namespace

TEST_CASE("recover survey: it says what a store has") {
  auto all = site{};
  all.make("n2", 2, 4);
  auto text = read_text(all.survey("n2")).value();
  auto read = parse_survey(text, "it").value();
  CHECK(read.cluster == "before");
  CHECK(read.cluster_id == "c1");
  CHECK(read.member == "n2");
  CHECK(read.number == member_id{2});
  CHECK(read.replicas == 3);
  REQUIRE(read.groups.size() == groups);
  for (const auto& x : read.groups) {
    CHECK(x.seen == 4);
    CHECK(x.last == log_mark{4, 20});
    CHECK(x.committed == 1);
    CHECK_FALSE(x.was_stopped_cleanly);
  }
}

TEST_CASE("recover survey: what cannot be surveyed is told from what can") {
  auto all = site{};
  SECTION("a store that is in use") {
    auto store = all.open("n1");
    auto done = all.run({"survey", "--data-dir", all.path("n1")});
    CHECK(done.code == exit_try_again);
    CHECK(has(done.err, "in use"));
  }
  SECTION("no store, and none is made") {
    auto done = all.run({"survey", "--data-dir", all.path("n1")});
    CHECK(done.code == exit_no_input);
    CHECK_FALSE(fs::exists(all.folder / "n1"));
  }
  SECTION("the store of a node by itself") {
    all.open("n1").reset();
    auto done = all.run({"survey", "--data-dir", all.path("n1")});
    CHECK(done.code == exit_bad_input);
    CHECK(has(done.err, "never in a cluster"));
  }
}

TEST_CASE("recover plan: it says who leads and what may be lost") {
  auto all = site{};
  all.make("n1", 1, 4);
  all.make("n2", 2, 5);
  auto done = all.run({"plan", all.survey("n1"), all.survey("n2")});
  CHECK(done.code == 0);
  CHECK(has(done.out, "cluster before (id c1)"));
  CHECK(has(done.out, "replicas = 3"));
  CHECK(has(done.out, "groups 0-63: a copy is not surveyed"));
  auto lone = all.run({"plan", "--json", all.survey("n1")});
  auto shown = json::parse(lone.out).as_object();
  CHECK(shown.at("replicas").to_number<int>() == 3);
  CHECK(shown.at("rows").as_array().size() == groups);
  CHECK(shown.at("rows").at(7).at("leader").as_string() == "n1");
  CHECK(shown.at("rows").at(7).at("last").as_string() == "4:20");
  CHECK(shown.at("rows").at(7).at("confirms_with").to_number<int>() == 1);
  REQUIRE(shown.at("warnings").as_array().size() == 1);
  CHECK(has(
    json::serialize(shown.at("warnings")),
    "may be lost if a member that is not among the surveys had more"));
}

TEST_CASE("recover plan: files that are no surveys are refused") {
  auto all = site{};
  all.make("n1", 1, 4);
  auto good = read_text(all.survey("n1")).value();
  auto code_of = [&](const std::string& text) {
    return all.run({"plan", all.put("bad", text)}).code;
  };
  CHECK(code_of(good) == 0);
  CHECK(code_of("") == exit_bad_input);
  CHECK(code_of("[]") == exit_bad_input);
  CHECK(code_of(good.substr(0, good.size() / 2)) == exit_bad_input);
  for (const std::string name :
       {"survey", "store_id", "cluster_id", "member", "number", "replicas",
        "groups"}) {
    auto fields = json::parse(good).as_object();
    fields.erase(name);
    CHECK(code_of(json::serialize(fields)) == exit_bad_input);
    fields[name] = nullptr;
    CHECK(code_of(json::serialize(fields)) == exit_bad_input);
  }
  auto last = json::parse(good).as_object();
  last["groups"].as_array()[3].as_object()["seen"] =
    std::numeric_limits<std::uint64_t>::max();
  CHECK(code_of(json::serialize(last)) == exit_bad_input);
  CHECK(all.run({"plan", all.path("missing")}).code == exit_no_input);
}

TEST_CASE("recover write: it is the plan under another name and a new id") {
  auto all = site{};
  all.make("n1", 1, 4);
  all.make("n2", 2, 4);
  auto surveys = std::vector{all.survey("n1"), all.survey("n2")};
  auto first = parse_recovery(read_text(all.write(surveys)).value(), "it");
  auto second = parse_recovery(read_text(all.write(surveys)).value(), "it");
  REQUIRE(first.has_value());
  CHECK(first->cluster == "after");
  CHECK(first->replicas == 3);
  CHECK(first->surveys.size() == 2);
  CHECK(first->groups.at(63).epoch == 5);
  CHECK(first->groups.at(63).in_sync.size() == 2);
  CHECK(first->cluster_id != second->cluster_id);
  auto records = first_records_of(*first);
  CHECK(records.meta.cluster_id == first->cluster_id);
  CHECK(records.members.at("n2").id == member_id{2});
  CHECK(records.groups == first->groups);
}

TEST_CASE("recover write: it does not do what was not asked for") {
  auto all = site{};
  all.make("n1", 1, 4);
  auto survey = all.survey("n1");
  SECTION("keep the old name") {
    auto done =
      all.run({"write", "--yes", "-c", all.config("n1", "before"), survey});
    CHECK(done.code == exit_config);
    CHECK(has(done.err, "another name"));
    CHECK(done.out.empty());
  }
  SECTION("begin groups empty") {
    auto fields = json::parse(read_text(survey).value()).as_object();
    auto& group = fields["groups"].as_array()[3].as_object();
    group["last_epoch"] = group["last_index"] = 0;
    survey = all.put("less", json::serialize(fields));
    auto words = std::vector<std::string>{
      "write", "--yes", "-c", all.config("n1", "after"), survey};
    auto done = all.run(words);
    CHECK(done.code == exit_bad_input);
    CHECK(has(done.err, "groups 3: no survey has a copy"));
    CHECK(done.out.empty());
    words.push_back("--accept-loss");
    CHECK(all.run(words).code == 0);
  }
}

TEST_CASE("recover apply: a surveyed store becomes one of the new cluster") {
  auto all = site{};
  all.make("n1", 1, 4);
  auto file = all.write({all.survey("n1")});
  auto done = all.apply("n1", file);
  INFO(done.err);
  REQUIRE(done.code == 0);
  auto of = all.open("n1")->membership().value().value();
  auto what = parse_recovery(read_text(file).value(), "it").value();
  CHECK(of.cluster_id == what.cluster_id);
  CHECK(of.cluster == "after");
  CHECK(of.number == 1);
  CHECK(parse_recovery(of.beginning, "it").value() == what);
  // And again, which changes nothing.
  CHECK(has(all.apply("n1", file).out, "already"));
  CHECK(all.open("n1")->membership().value() == of);
}

TEST_CASE("recover apply: a node without copies may take part") {
  auto all = site{};
  all.make("n1", 1, 4);
  auto file = all.write({all.survey("n1")});
  CHECK(all.apply("n5", file).code == 0);
  auto of = all.open("n5")->membership().value().value();
  CHECK(of.member == "n5");
  CHECK(of.number == 0);
  CHECK_FALSE(of.beginning.empty());
}

TEST_CASE("recover apply: stores that are not what was surveyed are refused") {
  auto all = site{};
  all.make("n1", 1, 4);
  all.make("n2", 2, 4);
  auto file = all.write({all.survey("n1")});
  auto refused = [&](const std::string& node, const std::string& why) {
    auto done = all.apply(node, file);
    CHECK(done.code == exit_bad_input);
    CHECK(has(done.err, why));
  };
  SECTION("one that was not surveyed") { refused("n2", "not among"); }
  SECTION("one that a node ran on since") {
    site::extend(*all.open("n1"), 5, 1);
    refused("n1", "has changed since");
  }
  SECTION("another one of a member that was surveyed") {
    fs::rename(all.folder / "n1", all.folder / "aside");
    refused("n1", "another store of 'n1'");
  }
  SECTION("that of another node") {
    fs::rename(all.folder / "n1", all.folder / "n7");
    refused("n7", "is that of 'n1'");
  }
  SECTION("what is no recovery") {
    file = all.put("recovery", "{}");
    refused("n1", "make it again");
  }
}

TEST_CASE("recover apply: the configuration has to be the new cluster's") {
  auto all = site{};
  all.make("n1", 1, 4);
  auto file = all.write({all.survey("n1")});
  auto done =
    all.run({"apply", "--yes", "-c", all.config("n1", "before"), file});
  CHECK(done.code == exit_config);
  CHECK(has(done.err, "cluster.name is 'before'"));
}

TEST_CASE("recover apply: what the old etcd left is moved aside") {
  auto all = site{};
  all.make("n1", 1, 4);
  auto file = all.write({all.survey("n1")});
  fs::create_directories(all.folder / "n1/etcd/member/wal");
  all.put("n1/etcd/member/wal/0.wal", "x");
  all.put("n1/etcd.member", "1\n");
  all.put("n1/etcd.pid", "1\n");
  CHECK(all.apply("n1", file).code == 0);
  CHECK_FALSE(fs::exists(all.folder / "n1/etcd"));
  CHECK_FALSE(fs::exists(all.folder / "n1/etcd.member"));
  CHECK_FALSE(fs::exists(all.folder / "n1/etcd.pid"));
  CHECK(fs::exists(all.folder / "n1/etcd.aside/member/wal/0.wal"));
}
