#include "tests/bench/pipeline_rig.hpp"

#include "actors/consumer_actor.hpp"
#include "actors/directory_actor.hpp"
#include "actors/queue_actor.hpp"
#include "actors/router_actor.hpp"
#include "actors/store_actor.hpp"
#include "engine/base/stable_hash.hpp"
#include "engine/routing/key_expression.hpp"

#include <caf/send.hpp>

namespace troupe::bench {

namespace {

constexpr std::uint16_t ordered_partitions = 16;

std::uint16_t partitions_of(const pipeline_shape& shape) {
  return shape.is_ordered ? ordered_partitions : 1;
}

} // namespace

pipeline_rig::pipeline_rig(const pipeline_shape& shape) {
  start_store(shape);
  directory_ = kept(system_.spawn(run_directory));
  start_router(shape);
  start_queue(shape);
  start_consumers(shape);
}

pipeline_rig::~pipeline_rig() {
  for (auto x = all_.rbegin(); x != all_.rend(); ++x)
    caf::anon_send_exit(*x, caf::exit_reason::user_shutdown);
}

void pipeline_rig::start_store(const pipeline_shape& shape) {
  auto asked = store_options{};
  asked.folder = folder_.path();
  log_ = log_store::open(asked).value();
  if (shape.is_durable)
    id_ = log_->define_queue("q", partitions_of(shape)).value().id;
  store_ = kept(system_.spawn<caf::detached>(run_store, log_, is_full_));
  reader_ = kept(system_.spawn<caf::detached>(run_reader, log_));
}

void pipeline_rig::start_router(const pipeline_shape& shape) {
  auto table = std::make_shared<route_table>();
  auto& queue = table->queues["q"];
  queue.partitions = partitions_of(shape);
  if (shape.is_ordered)
    queue.key = key_expression::parse("routing_key").value();
  table->outputs["in"] = {{route_target::kind::queue, "q"}};
  router_ = kept(system_.spawn(
    run_router, directory_, table, std::make_shared<routes_board>(),
    std::make_shared<router_figures>()));
}

void pipeline_rig::start_queue(const pipeline_shape& shape) {
  auto options = queue_options{};
  options.name = "q";
  options.id = id_;
  options.is_durable = shape.is_durable;
  options.partitions = partitions_of(shape);
  options.max_length = 1'000'000;
  if (shape.is_ordered)
    options.key = [](const message& m) { return stable_hash(m.routing_key()); };
  auto places = queue_places{store_, is_full_, reader_, router_, directory_};
  queue_ =
    kept(system_.spawn(run_queue, places, queue_start{options, {}, nullptr}));
}

void pipeline_rig::start_consumers(const pipeline_shape& shape) {
  auto of = std::make_shared<stage>();
  of->name = "h";
  of->factory = shape.handlers;
  of->is_alone = shape.threads == 1;
  if (shape.is_ordered)
    of->key = [](const message& m, std::string&) { return m.routing_key(); };
  of->read_state = [](std::uint16_t, std::string_view, std::string_view) {
    return std::optional<std::string>{};
  };
  for (std::size_t i = 0; i < shape.threads; ++i) {
    auto options = consumer_options{};
    options.of = of;
    options.queue = "q";
    options.timeout = std::chrono::seconds{30};
    options.dead_output = "h.dead";
    kept(system_.spawn(run_consumer, directory_, options));
  }
}

void pipeline_rig::wait_until_empty() {
  auto self = caf::scoped_actor{system_};
  auto is_empty = false;
  while (!is_empty)
    self->request(queue_, caf::infinite, queue::describe{})
      .receive(
        [&](const queue::description& x) {
          is_empty = x.figures.length == 0 && x.figures.in_flight == 0;
        },
        [&](const caf::error& e) {
          throw std::runtime_error{system_.render(e)};
        });
}

} // namespace troupe::bench
