#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/go_on.hpp"
#include "actors/node/recover_commands.hpp"
#include "actors/node/stages.hpp"
#include "engine/coordinator/etcd_process.hpp"
#include "engine/ring/slot_map.hpp"

#include <algorithm>
#include <iostream>

namespace troupe {

using namespace cluster;

namespace {

error refused(std::string why) { return {errc::refused, std::move(why)}; }

int refuse(const error& why) {
  std::cerr << "error: " << why.detail << '\n';
  switch (why.code) {
    case errc::in_use: return exit_try_again;
    case errc::not_found: return exit_no_input;
    case errc::bad_config: return exit_config;
    case errc::cannot_create: return exit_cannot_create;
    case errc::refused:
    case errc::bad_input: return exit_bad_input;
    default: return exit_io;
  }
}

result<bool> is_empty(const log_store& store) {
  for (std::size_t i = 0; i < groups; ++i) {
    auto group = group_id{static_cast<std::uint8_t>(i)};
    auto mark = store.mark(group);
    if (!mark) return mark.error();
    if (*mark || store.last_index(group) > 0) return false;
  }
  return true;
}

/// A node without copies: it is to find the others, and not to make a cluster
/// of its own before them.
result<> check_empty(
  const recovery& what, const log_store& store, const std::string& member) {
  auto empty = is_empty(store);
  if (!empty) return empty.error();
  if (!*empty)
    return refused(
      "this store is not among the surveys, and what it has may not be mixed "
      "with theirs: survey it and write the recovery again, or move "
      "data_dir/store aside to begin with an empty one");
  auto is_taken = [&](const store_survey& x) { return x.member == member; };
  if (std::ranges::none_of(what.surveys, is_taken)) return {};
  return refused(
    "the recovery is made with another store of '" + member
    + "': put that in place, or give this node another node.name");
}

result<recovery> read_recovery(const command_line& line) {
  auto text = read_text(line.recovery);
  if (!text) return text.error();
  return parse_recovery(*text, '\'' + line.recovery.string() + '\'');
}

error check_name(const recovery& what, const pipeline_config& config) {
  if (!config.cluster)
    return {errc::bad_config, "the configuration has no [cluster]"};
  if (config.cluster->name == what.cluster) return {};
  return {
    errc::bad_config, "the recovery is of cluster '" + what.cluster
                        + "', and cluster.name is '" + config.cluster->name
                        + "'; set it alike on all nodes"};
}

store_membership membership_of(
  const recovery& what, const std::string& member, std::string store) {
  auto made = store_membership{};
  made.cluster_id = what.cluster_id;
  made.cluster = what.cluster;
  made.member = member;
  made.replicas = what.replicas;
  for (const auto& x : what.surveys)
    if (to_string(x.store) == store)
      made.number = static_cast<std::uint16_t>(x.number);
  made.beginning = to_json(what);
  return made;
}

result<bool> is_applied(const recovery& what, const log_store& store) {
  auto of = store.membership();
  if (!of) return of.error();
  return *of && (*of)->cluster_id == what.cluster_id;
}

result<>
apply(const recovery& what, log_store& store, const pipeline_config& config) {
  if (auto done = set_etcd_aside(config.node.data_dir); !done)
    return done.error();
  return store.set_membership(
    membership_of(what, config.node.name, store.store_id()));
}

} // namespace

result<> check_store(
  const recovery& what, const log_store& store, const std::string& member) {
  auto of = store.membership();
  if (!of) return of.error();
  auto is_this = [&](const store_survey& x) {
    return to_string(x.store) == store.store_id();
  };
  auto then = std::ranges::find_if(what.surveys, is_this);
  if (then == what.surveys.end()) return check_empty(what, store, member);
  if (then->member != member)
    return refused(
      "this store is that of '" + then->member + "', and node.name is '"
      + member + "': use the configuration of that node");
  auto now = survey(store);
  if (!now) return now.error();
  if (*now == *then) return {};
  return refused(
    "this store has changed since it was surveyed: survey all that are there "
    "again, with no node running, and write the recovery anew");
}

result<> set_etcd_aside(const std::filesystem::path& data_dir) {
  auto folder = data_dir / "etcd";
  if (auto process = find_running(folder); process != 0)
    return error{
      errc::in_use, "the etcd of the old cluster still runs here, as process "
                      + std::to_string(process) + ": end it first"};
  if (is_locked(folder))
    return error{
      errc::in_use, "an etcd has '" + folder.string() + "' open: end it first"};
  if (auto done = move_aside(folder); !done) return done.error();
  for (const auto* name : {"etcd.member", "etcd.pid"}) {
    auto failed = std::error_code{};
    std::filesystem::remove(data_dir / name, failed);
    if (failed)
      return error{
        errc::storage_failed, "cannot remove '" + (data_dir / name).string()
                                + "': " + failed.message()
                                + "; remove it yourself"};
  }
  return {};
}

int recover_apply_command(const command_line& line) {
  auto what = read_recovery(line);
  if (!what) return refuse(what.error());
  auto loaded = load_configuration(line);
  if (!loaded) return exit_code_of_faults(line);
  auto& config = loaded->config;
  if (!line.data_dir.empty()) config.node.data_dir = line.data_dir;
  if (auto wrong = check_name(*what, config); wrong.code != errc::none)
    return refuse(wrong);
  auto options = store_options{};
  options.folder = store_folder(config.node.data_dir);
  auto store = log_store::open(options);
  if (!store) return refuse(store.error());
  auto applied = is_applied(*what, **store);
  if (!applied) return refuse(applied.error());
  if (*applied) {
    std::cout << "this store is of that cluster already\n";
    return 0;
  }
  if (auto fits = check_store(*what, **store, config.node.name); !fits)
    return refuse(fits.error());
  if (!may_go_on(
        line, "make this node's store one of cluster '" + what->cluster
                + "' for good, and move its etcd's data aside"))
    return exit_usage;
  if (auto done = apply(*what, **store, config); !done)
    return refuse(done.error());
  std::cout << "done: " << config.node.name << " may be started once this was "
            << "run on all nodes\n";
  return 0;
}

} // namespace troupe
