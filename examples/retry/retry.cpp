#include <troupe/troupe.hpp>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;

/// Fails "flaky" messages twice and "poison" messages always.
class work final : public troupe::handler {
  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    auto attempt = context.attempt();
    if (message.body().starts_with("poison"))
      return troupe::retry("poison, as ever");
    if (message.body().starts_with("flaky") && attempt < 3)
      return troupe::retry_after(20ms, "not yet");
    auto line = std::string{message.body()};
    context.emit({.body = line + " at attempt " + std::to_string(attempt)});
    return troupe::ack();
  }
};

} // namespace

TROUPE_HANDLER("work", work)

int main(int argc, char** argv) { return troupe::main(argc, argv); }
