#include <troupe/troupe.hpp>

#include <stdexcept>
#include <string>

namespace {

/// Passes steps on. Those marked "unlucky" fail at first: some ask for another
/// attempt, others crash the consumer.
class step final : public troupe::handler {
  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    auto body = message.body();
    auto is_first = context.attempt() == 1;
    if (is_first && body.find("unlucky") != body.npos)
      return troupe::retry("unlucky");
    if (is_first && body.find("crash") != body.npos)
      throw std::runtime_error{"crashed as told"};
    context.emit({.body = std::string{body}});
    return troupe::ack();
  }
};

} // namespace

TROUPE_HANDLER("step", step)

int main(int argc, char** argv) { return troupe::main(argc, argv); }
