#include "actors/supervisor_actor.hpp"
#include "tests/support/sandbox.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

struct fail_now {};
struct end_now {};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fail_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(end_now)

namespace {

/// A supervisor over children that fail when they are told to.
struct family {
  explicit family(restart_policy policy, std::size_t size = 1) {
    auto options = supervisor_options{};
    options.name = "family";
    options.policy = policy;
    options.figures = figures;
    options.stop_node = [this](const std::string&) { stopped_node = true; };
    live.resize(size);
    for (std::size_t i = 0; i < size; ++i)
      options.children.push_back(
        {"child" + std::to_string(i),
         [this, i](caf::actor_system& system) {
           auto made = system.spawn([](caf::event_based_actor* self) {
             return caf::behavior{
               [self](fail_now) { self->quit(caf::sec::runtime_error); },
               [self](end_now) { self->quit(); }};
           });
           box.keep(made);
           live[i] = made.address();
           ++started;
           return made;
         },
         [](const caf::actor& child) {
           caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
         }});
    who = box.spawn(run_supervisor, options);
  }

  void fail(std::size_t child) {
    caf::anon_send(caf::actor_cast<caf::actor>(live[child]), fail_now{});
    box.play();
  }

  bool is_alive(std::size_t child) {
    return caf::actor_cast<caf::actor>(live[child]) != nullptr
           && !ended(live[child]);
  }

  bool ended(const caf::actor_addr& x) {
    auto strong = caf::actor_cast<caf::actor>(x);
    if (!strong) return true;
    box.self->monitor(strong);
    box.play();
    auto down = false;
    box.self->receive(
      [&](const caf::down_msg&) { down = true; }, caf::after(0s) >> [] {});
    if (!down) box.self->demonitor(strong);
    return down;
  }

  sandbox box;
  std::shared_ptr<supervisor_figures> figures =
    std::make_shared<supervisor_figures>();
  std::vector<caf::actor_addr> live;
  int started = 0;
  bool stopped_node = false;
  supervisor_actor who;
};

restart_policy policy_of(on_giving_up then) {
  auto policy = restart_policy{};
  policy.max_restarts = 2;
  policy.within = 1min;
  policy.then = then;
  policy.backoff = {100ms, 2.0, 1s, 0.0};
  return policy;
}

} // namespace

TEST_CASE("supervisor_actor: starts a child again after its backoff") {
  auto all = family{policy_of(on_giving_up::pause)};
  CHECK(all.started == 1);
  all.fail(0);
  CHECK(all.started == 1);
  all.box.wait(100ms);
  CHECK(all.started == 2);
  CHECK(all.figures->restarts == 1);
}

TEST_CASE("supervisor_actor: a child that ends normally stays ended") {
  auto all = family{policy_of(on_giving_up::pause)};
  caf::anon_send(caf::actor_cast<caf::actor>(all.live[0]), end_now{});
  all.box.play();
  all.box.wait(1min);
  CHECK(all.started == 1);
}

TEST_CASE("supervisor_actor: pauses after too many failures, and stays") {
  auto all = family{policy_of(on_giving_up::pause)};
  for (int i = 0; i < 3; ++i) {
    all.fail(0);
    all.box.wait(1s);
  }
  CHECK(all.figures->has_given_up);
  CHECK(all.started == 3);
  CHECK_FALSE(all.ended(all.who.address()));
}

TEST_CASE("supervisor_actor: escalates by ending with an error") {
  auto all = family{policy_of(on_giving_up::escalate)};
  for (int i = 0; i < 3; ++i) {
    all.fail(0);
    all.box.wait(1s);
  }
  CHECK(all.ended(all.who.address()));
  CHECK_FALSE(all.stopped_node);
}

TEST_CASE("supervisor_actor: asks for the node to stop") {
  auto all = family{policy_of(on_giving_up::stop)};
  for (int i = 0; i < 3; ++i) {
    all.fail(0);
    all.box.wait(1s);
  }
  CHECK(all.stopped_node);
}

TEST_CASE("supervisor_actor: one_for_all starts all of them again") {
  auto policy = policy_of(on_giving_up::pause);
  policy.strategy = strategy::one_for_all;
  auto all = family{policy, 3};
  all.fail(1);
  all.box.wait(1s);
  CHECK(all.started == 6);
}

TEST_CASE("supervisor_actor: stops its children, then itself") {
  auto all = family{policy_of(on_giving_up::pause), 2};
  all.box.tell(all.who, supervisor::stop{});
  CHECK(all.ended(all.who.address()));
  CHECK_FALSE(all.is_alive(0));
  CHECK_FALSE(all.is_alive(1));
}
