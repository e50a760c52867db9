#include "engine/routing/topic_pattern.hpp"
#include "tests/engine/routing/topology_rig.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <set>

using namespace troupe;
using namespace troupe::test;

namespace {

/// The rules said plainly, as one list of bindings: slow and sure.
struct naive {
  struct exchange_rule {
    std::string type;
    bool auto_delete = false;
    std::string alternate;
  };

  std::map<std::string, exchange_rule> exchanges;
  std::set<std::string> queues;
  std::vector<binding> bindings;

  static bool
  matches(const std::string& type, const binding& b, const std::string& key) {
    if (type == "fanout") return true;
    if (type == "direct") return b.routing_key == key;
    return topic_pattern{b.routing_key}.matches(key);
  }

  std::set<std::string>
  route(const std::string& first, const std::string& key) const {
    auto found = std::set<std::string>{};
    auto seen = std::set<std::string>{};
    auto open = std::vector<std::string>{first};
    while (!open.empty()) {
      auto name = open.back();
      open.pop_back();
      auto rule = exchanges.find(name);
      if (rule == exchanges.end() || !seen.insert(name).second) continue;
      auto any = false;
      for (const auto& b : bindings) {
        if (b.source != name || !matches(rule->second.type, b, key)) continue;
        any = true;
        if (b.to == binding::kind::queue)
          found.insert(b.destination);
        else
          open.push_back(b.destination);
      }
      if (!any) open.push_back(rule->second.alternate);
    }
    return found;
  }

  bool bind(const binding& b) {
    if (std::count(bindings.begin(), bindings.end(), b)) return false;
    bindings.push_back(b);
    return true;
  }

  void drop_if(auto predicate) {
    auto sources = std::set<std::string>{};
    for (const auto& b : bindings)
      if (predicate(b)) sources.insert(b.source);
    std::erase_if(bindings, predicate);
    for (const auto& name : sources) drop_idle(name);
  }

  void drop_idle(const std::string& name) {
    auto rule = exchanges.find(name);
    if (rule == exchanges.end() || !rule->second.auto_delete) return;
    for (const auto& b : bindings)
      if (b.source == name) return;
    drop_exchange(name);
  }

  void drop_exchange(const std::string& name) {
    exchanges.erase(name);
    std::erase_if(bindings, [&](const auto& b) { return b.source == name; });
    drop_if([&](const auto& b) {
      return b.to == binding::kind::exchange && b.destination == name;
    });
  }

  void drop_queue(const std::string& name) {
    queues.erase(name);
    drop_if([&](const auto& b) {
      return b.to == binding::kind::queue && b.destination == name;
    });
  }
};

/// Does the same at random to a topology and to the plain rules.
class play {
public:
  explicit play(unsigned seed) : random_{seed} {}

  void step() {
    switch (pick(10)) {
      case 0: return declare_exchange();
      case 1: return pick(4) ? declare_queue() : delete_queue();
      case 2: return pick(5) ? declare_queue() : delete_exchange();
      case 3:
      case 4: return unbind();
      default: return bind();
    }
  }

  void compare() {
    for (const auto& [name, rule] : sure_.exchanges) {
      auto key = make_key("ab.");
      auto names = rig_.route(name, key);
      INFO(name << " by " << key);
      auto found = std::set<std::string>(names.begin(), names.end());
      REQUIRE(found.size() == names.size());
      REQUIRE(found == sure_.route(name, key));
      routed_ += found.size();
    }
    REQUIRE(rig_.all.bindings("/").size() == sure_.bindings.size());
    auto queues = std::size_t{0};
    auto exchanges = std::size_t{0};
    auto now = rig_.all.snapshot();
    now->for_each_queue("/", [&](const auto&) { ++queues; });
    now->for_each_exchange("/", [&](const auto&) { ++exchanges; });
    REQUIRE(queues == sure_.queues.size());
    REQUIRE(exchanges == sure_.exchanges.size() + 7);
  }

  std::size_t routed() const { return routed_; }

private:
  unsigned pick(unsigned below) {
    return static_cast<unsigned>(random_() % below);
  }

  std::string exchange_name() { return "x" + std::to_string(pick(6)); }
  std::string queue_name() { return "q" + std::to_string(pick(6)); }

  std::string make_key(std::string_view letters) {
    auto made = std::string{};
    for (auto n = pick(5); n > 0; --n)
      made += letters[pick(static_cast<unsigned>(letters.size()))];
    return made;
  }

  void declare_exchange() {
    auto name = exchange_name();
    if (sure_.exchanges.count(name)) return;
    auto type = std::vector{"direct", "fanout", "topic"}[pick(3)];
    auto alternate = pick(2) ? exchange_name() : "nowhere";
    auto auto_delete = pick(3) == 0;
    sure_.exchanges[name] = {type, auto_delete, alternate};
    rig_.exchange(
      name, type, table({{"alternate-exchange", text(alternate)}}),
      auto_delete);
  }

  void delete_exchange() {
    auto name = exchange_name();
    rig_.keep(rig_.all.delete_exchange("/", name).value());
    if (sure_.exchanges.count(name)) sure_.drop_exchange(name);
  }

  void declare_queue() {
    auto name = queue_name();
    if (sure_.queues.insert(name).second) rig_.queue(name);
  }

  void delete_queue() {
    auto name = queue_name();
    rig_.keep(rig_.all.delete_queue("/", name, 0).value());
    sure_.drop_queue(name);
  }

  binding make_binding() {
    auto onward = pick(4) == 0;
    auto made = binding{};
    made.source = exchange_name();
    made.to = onward ? binding::kind::exchange : binding::kind::queue;
    made.destination = onward ? exchange_name() : queue_name();
    made.routing_key = make_key("ab.#*");
    if (pick(3) == 0) made.arguments = table({{"n", number(1)}});
    return made;
  }

  void bind() {
    auto made = make_binding();
    auto there = sure_.exchanges.count(made.source)
                 && (made.to == binding::kind::exchange
                       ? sure_.exchanges.count(made.destination)
                       : sure_.queues.count(made.destination));
    auto answer = rig_.all.bind("/", made, 0);
    REQUIRE(answer.has_value() == there);
    if (there) REQUIRE(rig_.keep(*answer).is_new == sure_.bind(made));
  }

  void unbind() {
    auto gone = make_binding();
    if (!sure_.bindings.empty() && pick(2))
      gone = sure_.bindings[pick(static_cast<unsigned>(sure_.bindings.size()))];
    rig_.keep(rig_.all.unbind("/", gone, 0).value());
    sure_.drop_if([&](const binding& b) { return b == gone; });
  }

  std::mt19937 random_;
  topology_rig rig_;
  naive sure_;
  std::size_t routed_ = 0;
};

} // namespace

TEST_CASE("topology: routes as the rules said plainly do", "[routing]") {
  auto routed = std::size_t{0};
  for (unsigned seed = 0; seed < 30; ++seed) {
    auto game = play{seed};
    for (int i = 0; i < 300; ++i) {
      game.step();
      game.compare();
    }
    routed += game.routed();
  }
  CHECK(routed > 10'000);
}
