// The first byte says who listens and the size of the chunks, the rest is what
// comes over a link between members: nothing is taken that was not allowed,
// and what was given up stays so.

#include "engine/link/link_receiver.hpp"
#include "engine/link/link_sender.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace troupe;

namespace {

constexpr auto now = time_point{std::chrono::hours{1}};

void require(bool claim) {
  if (!claim) std::abort();
}

template <class Take>
void cut(std::string_view bytes, std::size_t size, Take take) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size())))
    take(bytes.substr(0, size));
}

void receive(std::string_view bytes, std::size_t size) {
  auto options =
    link_receiver::options{{{"shop", "b", "store-of-b", 1}, {}, {}}};
  options.window = 64;
  options.most_message = 256;
  auto end = link_receiver{options, now};
  auto is_up = false;
  auto is_over = false;
  auto held = std::size_t{0};
  cut(bytes, size, [&](std::string_view part) {
    end.on_bytes(part, now);
    auto todo = end.take_actions();
    require(!is_over || (todo.messages.empty() && !todo.up));
    is_up |= todo.up.has_value();
    is_over |= todo.close;
    require(is_up || todo.messages.empty());
    for (const auto& x : todo.messages) held += x.size();
    require(held <= options.window + options.most_message);
  });
}

void send(std::string_view bytes, std::size_t size) {
  auto end = link_sender{{{{"shop", "a", "store-of-a", 1}, {}, {}}, "b"}};
  end.on_time(now, 0);
  end.on_connected({}, now);
  end.take_actions();
  cut(bytes, size, [&](std::string_view part) {
    end.on_bytes(part, now);
    auto todo = end.take_actions();
    require(!todo.close || !end.is_up());
    require(end.send("message") == end.is_up());
    require(end.waiting_bytes() == 0 || end.is_up());
  });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t n) {
  if (n == 0) return 0;
  auto bytes = std::string_view{reinterpret_cast<const char*>(data), n};
  auto size = std::size_t{1} + data[0] / 2U;
  bytes.remove_prefix(1);
  if (data[0] % 2 == 0)
    receive(bytes, size);
  else
    send(bytes, size);
  return 0;
}
