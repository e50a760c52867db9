#include "actors/cluster/locator_actor.hpp"
#include "actors/cluster/membership_actor.hpp"
#include "actors/cluster/shard_frames.hpp"
#include "actors/control_requests.hpp"
#include "actors/node/cluster_parts.hpp"
#include "actors/node/stages.hpp"
#include "engine/delivery/queue_groups.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

namespace troupe {

void cluster_member::parts::tell_gone(member_id who) {
  caf::anon_send(
    topology, topology_messages::member_gone{static_cast<std::uint16_t>(who)});
  caf::anon_send(locator, gates::member_gone{who});
}

hosted_branches cluster_member::parts::branches() {
  auto made = hosted_branches{};
  auto stages = stage_places{store, shards, runs.stop_node};
  made.stages = [this, stages](
                  const queue_options& queue, group_id group,
                  hosted_branches::gate gate) {
    auto shard = stage_shard{shard_name(queue, group), std::move(gate)};
    auto all = stages_of_shard(
      *runs.what, *runs.handlers, stages, queue.full_name(), shard);
    for (const auto& x : all)
      runs.work->note_stage(
        x.name.substr(x.name.rfind('/') + 1), shard.name, x.figures);
    return all;
  };
  made.stop_node = runs.stop_node;
  made.sources = [this](group_id group) {
    auto all = std::vector<supervisor_options>{};
    auto inputs = sources_of(*runs.what, store, runs.places, group);
    if (!inputs) {
      runs.stop_node(inputs.error().detail);
      return all;
    }
    for (const auto& [source, report] : inputs->reports)
      runs.work->note_source(source, report);
    if (!inputs->tree.children.empty()) all.push_back(std::move(inputs->tree));
    return all;
  };
  return made;
}

void cluster_member::parts::begin_hosting() {
  auto places = hosting_places{};
  places.queues = runs.places;
  places.queues.store = replicas;
  places.queues.directory = shards;
  places.queues.reader = reader;
  places.queues.is_full = is_full;
  places.queues.topology = topology;
  places.lookup = lookup;
  places.replicas = replicas;
  auto made = branches();
  made.on_lead = [this](group_id group, std::uint64_t epoch) {
    if (group == group_id{0})
      caf::anon_send(topology, topology_messages::lead{epoch});
  };
  hosting = system.spawn(run_hosting, std::move(places), std::move(made));
}

void cluster_member::parts::begin_membership() {
  auto places = membership_places{};
  places.coordinator = coordinates->truth();
  places.links = links;
  places.board = board;
  places.replicas = replicas;
  places.on_member = [this](member_id member, bool is_running) {
    if (others.set_running(member, is_running)) tell_gone(member);
  };
  places.on_restart = [this](member_id member) { tell_gone(member); };
  places.on_leader = [this](group_id group, member_id leader) {
    caf::anon_send(locator, gates::leads{group, leader});
    if (group == group_id{0} && leader != own.id)
      caf::anon_send(
        topology,
        topology_messages::follow{static_cast<std::uint16_t>(leader)});
  };
  auto start = membership_start{};
  start.prefix = prefix;
  start.name = name;
  start.own = own;
  start.rules.replicas = config.replicas;
  start.rules.min_in_sync = majority_of(config.replicas);
  membership =
    system.spawn(run_membership, std::move(places), std::move(start));
}

void cluster_member::parts::take_frames() {
  links->take(
    message_kind::replication, [this](member_id from, std::string bytes) {
      caf::anon_send(replicas, replicas::received{from, std::move(bytes)});
    });
  links->take(
    message_kind::topology, [this](member_id from, std::string bytes) {
      caf::anon_send(
        topology, topology_messages::incoming{
                    static_cast<std::uint16_t>(from), std::move(bytes)});
    });
  take_shard_frames(*links, sessions, locator);
}

/// Answers other members, and knows what they are to be asked.
void cluster_member::parts::begin_answering() {
  auto places = shared_work_places{};
  places.system = &system;
  places.truth = coordinates->truth();
  places.board = board;
  places.questions = questions;
  places.here = runs.work;
  places.prefix = prefix;
  places.self = name;
  places.incarnation = own.incarnation;
  places.began_at = began_at;
  places.queues = runs.places.directory;
  for (const auto& x : runs.queues) places.names.push_back(x.full_name());
  for (const auto& x : runs.what->plan.consumers)
    places.consumed.insert(runs.what->plan.queues.at(x.queues.at(0)).name);
  for (const auto& [source, x] : runs.what->config.sources)
    if (x.type != source_config::kind::amqp_server)
      places.sources[source] = group_of(source, 0);
  work = std::make_unique<shared_work>(std::move(places));
  auto leads = [this](group_id group) { return leads_here(group); };
  state = std::make_shared<cluster_state>(
    cluster_state_places{board, questions, store, leads, name});
  questions->answer_by([this](const boost::json::object& asked) {
    auto what = text_of(asked, "ask");
    if (what == "work") return work->answer();
    if (what == "state") return state->answer(asked);
    return failed("this member knows no such question");
  });
}

/// Says whether what is committed in a group has taken effect here, and all of
/// it.
bool cluster_member::parts::leads_here(group_id group) {
  auto role = replica_role::offline;
  caf::scoped_actor {
    system
    } -> request(
      replicas, caf::timespan{std::chrono::seconds{2}}, replicas::describe{})
      .receive(
        [&](const replicas::description& x) {
          role = x.groups.at(static_cast<std::size_t>(group)).role;
        },
        [](const caf::error&) {});
  return is_leader(role) && role != replica_role::recovering;
}

void cluster_member::parts::begin_links() {
  auto linked = [this](member_id member, bool is_up) {
    caf::anon_send(locator, gates::link_changed{member, is_up});
    if (others.set_linked(member, is_up)) tell_gone(member);
    if (!is_up) {
      questions->link_broke(member);
      caf::anon_send(replicas, replicas::disconnected{member});
      return caf::anon_send(
        membership, membership::unreachable{own.id, member});
    }
    caf::anon_send(replicas, replicas::connected{member});
    caf::anon_send(
      topology,
      topology_messages::member_up{static_cast<std::uint16_t>(member)});
  };
  links->start(
    {[linked](member_id x) { linked(x, true); },
     [linked](member_id x) { linked(x, false); }});
}

void cluster_member::start(const topology_actor& topology, pipeline of) {
  auto& all = *parts_;
  all.topology = topology;
  all.runs = std::move(of);
  all.begin_hosting();
  for (const auto& x : all.runs.queues) {
    all.tell_hosting({x, {}, nullptr});
    all.gateways.push_back(caf::actor_cast<caf::actor>(
      all.open_gateway(x, all.runs.places.directory)));
  }
  all.take_frames();
  all.begin_answering();
  all.begin_membership();
  caf::anon_send(
    all.replicas, replicas::begin{
                    caf::actor_cast<caf::strong_actor_ptr>(all.membership),
                    caf::actor_cast<caf::strong_actor_ptr>(all.hosting)});
  all.begin_links();
}

} // namespace troupe
