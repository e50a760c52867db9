#include <troupe/context.hpp>
#include <troupe/handler.hpp>
#include <troupe/main.hpp>
#include <troupe/message.hpp>
#include <troupe/outcome.hpp>
#include <troupe/registry.hpp>
#include <troupe/troupe.hpp>

#include <span>
#include <string>

namespace {

class pass final : public troupe::batch_handler {
  void handle_batch(std::span<troupe::work> batch) override {
    for (auto& work : batch)
      work.context.emit({.body = std::string{work.message.body()}});
  }
};

} // namespace

int main(int argc, char** argv) {
  troupe::static_registry().add<pass>("pass");
  return troupe::main(argc, argv);
}
