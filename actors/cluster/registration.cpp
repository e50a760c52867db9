#include "actors/cluster/registration.hpp"

#include "engine/base/id_text.hpp"
#include "engine/coordinator/feature_level.hpp"
#include "engine/ring/slot_map.hpp"

#include <algorithm>
#include <charconv>
#include <future>
#include <limits>
#include <map>
#include <optional>
#include <thread>
#include <utility>

namespace troupe {

namespace {

constexpr auto attempt_pause = std::chrono::milliseconds{500};

// For a member that went down uncleanly to be seen as gone.
constexpr std::chrono::milliseconds most_lingering = std::chrono::seconds{15};

constexpr auto most_id = std::numeric_limits<std::uint16_t>::max();

/// What the coordinator has of a cluster.
struct known_cluster {
  std::optional<cluster_meta> meta;
  revision meta_changed = 0;
  std::map<std::string, std::pair<node_record, revision>> members;
  std::map<std::string, node_record> running;
  std::uint16_t last_number = 0; // ever given to a member
  /// What cannot be read of members, by name, and what else is of no use.
  std::map<std::string, error> unreadable;
  std::vector<error> useless;
};

/// Takes what a member's key says, or why that cannot be read: one member's
/// fault is not to keep out the others.
void take_member(
  known_cluster& into, const std::string& name, const kept_value& from) {
  auto read = decode_node(from.key, from.value);
  if (read)
    into.members[name] = {*read, from.changed};
  else
    into.unreadable.emplace(name, read.error());
}

void take_running(
  known_cluster& into, const std::string& name, const kept_value& from) {
  auto read = decode_node(from.key, from.value);
  if (read)
    into.running[name] = *read;
  else
    into.unreadable.emplace(name, read.error());
}

void take_number(
  known_cluster& into, std::string_view text, const kept_value& from) {
  auto number = std::uint16_t{0};
  auto end = text.data() + text.size();
  auto [at, failure] = std::from_chars(text.data(), end, number);
  if (failure == std::errc{} && at == end)
    into.last_number = std::max(into.last_number, number);
  else
    into.useless.push_back(
      {errc::corrupt, "the coordinator's key '" + from.key
                        + "' does not end with a member's number; erase it"});
}

result<known_cluster>
read_cluster(const kept_range& from, const std::string& prefix) {
  auto made = known_cluster{};
  for (const auto& x : from.values) {
    if (x.key == cluster_meta_key(prefix)) {
      auto read = decode_meta(x.key, x.value);
      if (!read) return read.error();
      made.meta = *read;
      made.meta_changed = x.changed;
    } else if (x.key.starts_with(members_prefix(prefix))) {
      take_member(made, x.key.substr(members_prefix(prefix).size()), x);
    } else if (x.key.starts_with(prefix + "numbers/")) {
      take_number(made, std::string_view{x.key}.substr(prefix.size() + 8), x);
    } else if (auto name = parse_node_key(prefix, x.key)) {
      take_running(made, *name, x);
    }
  }
  return made;
}

std::uint16_t last_id(const known_cluster& now) {
  auto last = now.last_number;
  for (const auto& [name, x] : now.members)
    last = std::max(last, static_cast<std::uint16_t>(x.first.id));
  return last;
}

result<> check(const known_cluster& now, const registration& what) {
  if (auto own = now.unreadable.find(what.name); own != now.unreadable.end())
    return own->second;
  if (now.meta && now.meta->groups != groups)
    return error{
      errc::bad_config,
      "the cluster was made with " + std::to_string(now.meta->groups)
        + " groups, this program has " + std::to_string(groups)
        + ": run the version that the others run"};
  if (now.meta)
    if (auto fits = check_level(what.own, now.meta->feature_level); !fits)
      return fits.error();
  if (!now.members.contains(what.name) && last_id(now) == most_id)
    return error{
      errc::bad_config,
      "the cluster has given out all numbers for members: use the name of one "
      "that is gone"};
  for (const auto& [name, x] : now.members)
    if (name != what.name && x.first.store == what.own.store)
      return error{
        errc::bad_config,
        "this node's store is a copy of that of '" + name
          + "': move data_dir/store aside and start again, or start it as '"
          + name + "'"};
  return {};
}

error other_cluster(const store_origin& of, const cluster_meta& now) {
  if (of.beginning)
    return {
      errc::bad_config,
      "the coordinator has a cluster of this name already (id " + now.cluster_id
        + "), which is not the recovered one that this store is for (id "
        + of.cluster_id
        + "): stop all nodes, move data_dir/etcd and data_dir/etcd.member of "
          "each aside, and start one that `troupe recover apply` was run on "
          "first"};
  return {
    errc::bad_config,
    "this node's store is of the cluster '" + of.cluster + "' (id "
      + of.cluster_id + "), and this one has the id " + now.cluster_id
      + ": what it has may not be mixed. Check cluster.name and where the "
        "etcd is; if the cluster was recovered without this store, move "
        "data_dir/store aside and start again with an empty one"};
}

error no_cluster(const store_origin& of) {
  auto name = std::string{};
  if (!of.cluster_id.empty())
    name = " '" + of.cluster + "' (id " + of.cluster_id + ")";
  return {
    errc::bad_config,
    "this node's store is of a cluster" + name
      + ", and the coordinator knows of none under cluster.name: check that "
        "and where the etcd is. If its data is lost for good, see `troupe "
        "recover`; to begin anew without what is stored, move data_dir/store "
        "aside"};
}

/// Logs of two clusters may have equal marks and different entries: a store
/// goes on in its own cluster alone.
result<> check_origin(const known_cluster& now, const registration& what) {
  const auto& of = what.origin;
  auto is_bound = !of.cluster_id.empty();
  if (!is_bound && !of.has_copies) return {};
  if (!now.meta) {
    if (of.beginning) return {};
    return no_cluster(of);
  }
  if (is_bound && of.cluster_id != now.meta->cluster_id)
    return other_cluster(of, *now.meta);
  auto known = now.members.find(what.name);
  auto is_known =
    known != now.members.end() && known->second.first.store == what.own.store;
  if (is_bound || is_known) return {};
  return error{
    errc::bad_config,
    "this node's store has copies of a cluster's groups and does not say of "
    "which, and this cluster does not know it: move data_dir/store aside and "
    "start again with an empty one"};
}

/// Numbers are never given again, not even those of members that are gone.
std::string number_key(const std::string& prefix, cluster::member_id id) {
  return prefix + "numbers/" + id_text(id);
}

node_record own_record(const known_cluster& now, const registration& what) {
  auto own = what.own;
  auto known = now.members.find(what.name);
  if (known == now.members.end()) {
    own.id = cluster::member_id{static_cast<std::uint16_t>(last_id(now) + 1)};
    own.incarnation = 1;
    own.state = cluster::member_state::up;
    return own;
  }
  own.id = known->second.first.id;
  own.incarnation = known->second.first.incarnation + 1;
  own.state = known->second.first.state;
  return own;
}

/// Says whether another process has this name and may run.
bool is_taken(const known_cluster& now, const registration& what) {
  auto last = now.running.find(what.name);
  if (last == now.running.end()) return false;
  auto is_ours = last->second.store == what.own.store;
  return !is_ours || !what.has_ended || !what.has_ended(last->second.run);
}

class registering {
public:
  registering(coordinator& at, const registration& what)
    : at_{at}, what_{what} {}

  result<registered> run() {
    while (!what_.is_over()) {
      auto done = attempt();
      if (!done) return done.error();
      if (*done) return **done;
      pause();
    }
    return error{errc::bad_config, "stopped while it waited for the cluster"};
  }

private:
  using attempted = result<std::optional<registered>>;

  void pause() {
    if (what_.pause)
      what_.pause(attempt_pause);
    else
      std::this_thread::sleep_for(attempt_pause);
  }

  attempted attempt() {
    auto range = wait_for_range(at_, what_.prefix);
    if (!range) return wait("the coordinator: " + range.error().detail);
    if (!began_at_) began_at_ = range->at;
    auto now = read_cluster(*range, what_.prefix);
    if (!now) return now.error();
    if (auto sound = check(*now, what_); !sound) return sound.error();
    tell_skipped(*now);
    if (auto own = check_origin(*now, what_); !own) return own.error();
    if (!now->meta && what_.origin.beginning) return put_beginning();
    if (is_taken(*now, what_)) return wait_for_other();
    return put(*now);
  }

  /// Says once what is left out of members that others are.
  void tell_skipped(const known_cluster& now) {
    if (std::exchange(has_told_skipped_, true)) return;
    for (const auto& [name, why] : now.unreadable)
      what_.on_trouble("member '" + name + "' is left out: " + why.detail);
    for (const auto& why : now.useless) what_.on_trouble(why.detail);
  }

  attempted wait(const std::string& why) {
    if (why != last_trouble_) what_.on_trouble("waiting for " + why);
    last_trouble_ = why;
    return std::optional<registered>{};
  }

  /// The name's last holder may have crashed; it is let go when its session
  /// ends.
  attempted wait_for_other() {
    lingers_for_ += attempt_pause;
    if (lingers_for_ > most_lingering)
      return error{
        errc::bad_config, "a node named '" + what_.name
                            + "' is running in this cluster; give this one "
                              "another node.name"};
    return wait("the session of this node's last run to end");
  }

  /// Makes the cluster as an operator decided. What is there is read again,
  /// whoever has made it.
  attempted put_beginning() {
    const auto& first = *what_.origin.beginning;
    auto request = txn_request{};
    auto put = [&](std::string key, std::string value) {
      request.expects.push_back({key, 0});
      request.puts.push_back({std::move(key), std::move(value)});
    };
    put(cluster_meta_key(what_.prefix), encode(first.meta));
    for (std::size_t i = 0; i < first.groups.size(); ++i)
      put(
        group_key(what_.prefix, group_id{static_cast<std::uint8_t>(i)}),
        encode(first.groups[i]));
    for (const auto& [name, x] : first.members) {
      put(member_key(what_.prefix, name), encode(x));
      put(number_key(what_.prefix, x.id), name);
    }
    auto answer = wait_for_txn(at_, std::move(request));
    if (answer.outcome == txn_outcome::done) {
      what_.on_trouble(
        "the cluster is made from the stores that were recovered");
      return std::optional<registered>{};
    }
    if (answer.outcome != txn_outcome::conflict)
      return wait("the coordinator: " + answer.why);
    auto is_made = std::ranges::any_of(answer.current, [&](const auto& x) {
      return x.key == cluster_meta_key(what_.prefix);
    });
    if (is_made) return std::optional<registered>{}; // another was first
    return error{
      errc::bad_config,
      "the coordinator has keys under '" + what_.prefix
        + "', but no cluster: erase them, or recover into another name"};
  }

  attempted put(const known_cluster& now) {
    auto made = registered{
      own_record(now, what_), now.meta.value_or(what_.meta), *began_at_};
    auto key = member_key(what_.prefix, what_.name);
    auto known = now.members.find(what_.name);
    auto request = txn_request{};
    request.expects.push_back(
      {key, known == now.members.end() ? 0 : known->second.second});
    request.puts.push_back({key, encode(made.own)});
    if (known == now.members.end()) { // another one may choose the same now
      auto taken = number_key(what_.prefix, made.own.id);
      request.expects.push_back({taken, 0});
      request.puts.push_back({taken, what_.name});
    }
    // Its feature level must not rise while one comes who does not know it.
    auto of_all = cluster_meta_key(what_.prefix);
    request.expects.push_back({of_all, now.meta_changed});
    if (!now.meta) request.puts.push_back({of_all, encode(made.meta)});
    auto answer = wait_for_txn(at_, std::move(request));
    if (answer.outcome == txn_outcome::done) return std::optional{made};
    if (answer.outcome == txn_outcome::conflict)
      return std::optional<registered>{}; // read again
    return wait("the coordinator: " + answer.why);
  }

  coordinator& at_;
  const registration& what_;
  std::optional<revision> began_at_;
  std::string last_trouble_;
  bool has_told_skipped_ = false;
  std::chrono::milliseconds lingers_for_{0};
};

} // namespace

std::string member_key(const std::string& prefix, const std::string& name) {
  return members_prefix(prefix) + name;
}

std::string members_prefix(const std::string& prefix) {
  return prefix + "members/";
}

result<registered> register_member(coordinator& at, const registration& what) {
  return registering{at, what}.run();
}

result<kept_range> wait_for_range(coordinator& at, const std::string& prefix) {
  auto answer = std::make_shared<std::promise<result<kept_range>>>();
  at.range(prefix, [answer](result<kept_range> x) {
    answer->set_value(std::move(x));
  });
  return answer->get_future().get();
}

txn_answer wait_for_txn(coordinator& at, txn_request what) {
  auto answer = std::make_shared<std::promise<txn_answer>>();
  at.txn(std::move(what), [answer](txn_answer x) {
    answer->set_value(std::move(x));
  });
  return answer->get_future().get();
}

} // namespace troupe
