#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/recover_commands.hpp"
#include "actors/node/stages.hpp"
#include "engine/ring/slot_map.hpp"

#include <iostream>

namespace troupe {

using namespace cluster;

namespace {

error not_of_a_cluster() {
  return {
    errc::refused,
    "this store was never in a cluster, so that there is nothing to recover: "
    "start its node"};
}

/// The log's last entry: the last run holds it, where there is one above the
/// base.
log_mark last_of(const replica_mark& mark, log_index last) {
  auto at = log_mark{mark.base_epoch, mark.base};
  for (auto [first, epoch] : mark.runs)
    if (first <= last && first > mark.base) at = {epoch, last};
  return at;
}

result<surveyed_group> survey_group(const log_store& store, group_id group) {
  auto made = surveyed_group{};
  auto mark = store.mark(group);
  if (!mark) return mark.error();
  auto applied = store.applied(group);
  if (!applied) return applied.error();
  if (!*mark) return made;
  made.seen = (*mark)->epoch;
  made.last = last_of(**mark, store.last_index(group));
  made.base = (*mark)->base;
  made.committed = std::max(applied->index, made.base);
  made.was_stopped_cleanly = (*mark)->was_stopped_cleanly;
  return made;
}

int exit_code_of_survey(const error& why) {
  switch (why.code) {
    case errc::in_use: return exit_try_again;
    case errc::not_found: return exit_no_input;
    case errc::refused: return exit_bad_input;
    case errc::corrupt: return exit_negative;
    case errc::newer_format: return exit_config;
    default: return exit_io;
  }
}

/// Opens a store that is there: to be made here it is not.
result<std::unique_ptr<log_store>>
open_to_survey(const std::filesystem::path& data_dir) {
  auto options = store_options{};
  options.folder = store_folder(data_dir);
  auto ignored = std::error_code{};
  // For writing: a checkpoint whose installation was cut short is finished,
  // for only then its group can be read.
  options.read_only =
    !std::filesystem::exists(options.folder / "CURRENT", ignored);
  return log_store::open(options);
}

} // namespace

result<store_survey> survey(const log_store& store) {
  auto of = store.membership();
  if (!of) return of.error();
  if (!*of) return not_of_a_cluster();
  auto made = store_survey{};
  auto id = parse_store_id(store.store_id());
  if (!id) return id.error();
  made.store = *id;
  made.cluster_id = (*of)->cluster_id;
  made.cluster = (*of)->cluster;
  made.member = (*of)->member;
  made.number = member_id{(*of)->number};
  made.replicas = (*of)->replicas;
  for (std::size_t i = 0; i < groups; ++i) {
    auto group = survey_group(store, group_id{static_cast<std::uint8_t>(i)});
    if (!group) return group.error();
    made.groups.push_back(*group);
  }
  return made;
}

int recover_survey_command(const command_line& line) {
  auto data_dir = data_dir_of(line);
  if (!data_dir) return exit_code_of_faults(line);
  auto refuse = [](const error& why) {
    std::cerr << "error: " << why.detail << '\n';
    return exit_code_of_survey(why);
  };
  auto store = open_to_survey(*data_dir);
  if (!store) return refuse(store.error());
  auto made = survey(**store);
  if (!made) return refuse(made.error());
  std::cout << to_json(*made) << '\n';
  return 0;
}

} // namespace troupe
