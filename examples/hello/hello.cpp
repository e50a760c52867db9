#include <troupe/troupe.hpp>

#include <string>

namespace {

class greet final : public troupe::handler {
  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    context.emit({.body = "Hello, " + std::string{message.body()} + "!"});
    return troupe::ack();
  }
};

} // namespace

TROUPE_HANDLER("greet", greet)

int main(int argc, char** argv) { return troupe::main(argc, argv); }
