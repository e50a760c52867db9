#include "engine/handlers/handler_thread.hpp"
#include "tests/support/handler_rig.hpp"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <future>
#include <stdexcept>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Promises of what a thread is to report, each once.
struct reports {
  std::promise<settlement> settled;
  std::promise<std::string> crashed;
  std::promise<void> finished;

  handler_thread::events events() {
    return {
      [this](std::uint64_t, std::vector<settlement> what) {
        settled.set_value(std::move(what.at(0)));
      },
      [this](std::string text) { crashed.set_value(std::move(text)); },
      [this] { finished.set_value(); }};
  }
};

} // namespace

TEST_CASE("handler_thread: handles a delivery on a thread of its own") {
  auto handled_on = std::promise<std::thread::id>{};
  auto of = std::make_shared<stage>(stage_of([&](const message&, context&) {
    handled_on.set_value(std::this_thread::get_id());
    return ack();
  }));
  auto seen = reports{};
  auto thread = handler_thread{of, seen.events()};
  thread.run({run_of({"a"}, 4)});
  CHECK(seen.settled.get_future().get().acked.at(0) == position_run{4, 1});
  CHECK(handled_on.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("handler_thread: reports a handler that cannot be made") {
  auto of = std::make_shared<stage>(stage_of({}));
  of->factory = [](const settings&) -> any_handler {
    throw std::runtime_error{"no such setting"};
  };
  auto seen = reports{};
  auto thread = handler_thread{of, seen.events()};
  CHECK(seen.crashed.get_future().get() == "no such setting");
}

TEST_CASE("handler_thread: tells which message runs") {
  auto started = std::promise<void>{};
  auto go_on = std::promise<void>{};
  auto of = std::make_shared<stage>(stage_of([&](const message&, context&) {
    started.set_value();
    go_on.get_future().wait();
    return ack();
  }));
  auto seen = reports{};
  auto thread = handler_thread{of, seen.events()};
  CHECK(thread.running().at == 0);
  thread.run({run_of({"a"}, 7)});
  started.get_future().wait();
  CHECK(thread.running().at == 7);
  go_on.set_value();
  seen.settled.get_future().wait();
}

TEST_CASE("handler_thread: finishes the message at hand, then says so") {
  auto started = std::promise<void>{};
  auto go_on = std::promise<void>{};
  auto of = std::make_shared<stage>(stage_of([&](const message&, context&) {
    started.set_value();
    go_on.get_future().wait();
    return ack();
  }));
  auto seen = reports{};
  auto thread = handler_thread{of, seen.events()};
  thread.run({run_of({"a", "b"})});
  started.get_future().wait();
  thread.finish();
  go_on.set_value();
  seen.finished.get_future().wait();
  auto what = seen.settled.get_future().get();
  CHECK(what.acked == std::vector<position_run>{{1, 1}});
  CHECK(what.returned == std::vector<position_run>{{2, 1}});
}

TEST_CASE("handler_thread: what is left behind reports nothing any more") {
  auto started = std::promise<void>{};
  auto go_on = std::promise<void>{};
  auto gone = std::promise<void>{};
  auto reported = std::atomic<bool>{false};
  {
    auto word =
      std::shared_ptr<void>{nullptr, [&](void*) { gone.set_value(); }};
    auto of =
      std::make_shared<stage>(stage_of([&, word](const message&, context&) {
        started.set_value();
        go_on.get_future().wait();
        return ack();
      }));
    auto thread = handler_thread{
      of,
      {[&](auto, auto) { reported = true; }, [&](auto) { reported = true; },
       [&] { reported = true; }}};
    thread.run({run_of({"a"})});
    started.get_future().wait();
  }
  go_on.set_value();
  gone.get_future().wait(); // the thread has let go of its stage
  CHECK_FALSE(reported);
}
