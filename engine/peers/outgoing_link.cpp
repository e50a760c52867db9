#include "engine/peers/outgoing_link.hpp"

namespace troupe {

outgoing_link::outgoing_link(
  boost::asio::io_context& context,
  endpoint to,
  std::shared_ptr<const tls_context> tls,
  link_sender::options options,
  events told)
  : context_{context},
    to_{std::move(to)},
    tls_{std::move(tls)},
    limit_{options.timing.greeting},
    sender_{std::move(options)},
    events_{std::move(told)},
    random_{std::random_device{}()} {}

bool outgoing_link::send(std::string message) {
  auto is_taken = sender_.send(std::move(message));
  obey();
  return is_taken;
}

void outgoing_link::tick() {
  constexpr auto most = static_cast<double>(std::minstd_rand::max());
  sender_.on_time(link_now(), static_cast<double>(random_()) / most);
  obey();
}

void outgoing_link::seen() {
  sender_.on_seen();
  tick();
}

void outgoing_link::stop() {
  events_ = {};
  drop_connection();
}

void outgoing_link::obey() {
  auto todo = sender_.take_actions();
  if (todo.close) drop_connection();
  if (todo.dial) dial();
  if (stream_ && !todo.write.empty()) stream_->write(std::move(todo.write));
  if (todo.up && events_.on_up) events_.on_up();
  if (todo.down && events_.on_down) events_.on_down(*todo.down);
  if (todo.trouble && events_.on_trouble) events_.on_trouble(*todo.trouble);
}

void outgoing_link::dial() {
  auto number = ++connection_;
  dialer_ = dialer::start(
    context_, to_, tls_, limit_,
    [self = shared_from_this(), number](auto made) {
      if (self->connection_ == number)
        self->on_dialed(std::move(made));
      else if (made)
        (*made)->abort();
    });
}

void outgoing_link::on_dialed(result<std::shared_ptr<byte_stream>> made) {
  dialer_.reset();
  if (!made) {
    sender_.on_closed(made.error().detail);
    return obey();
  }
  stream_ = std::move(*made);
  auto number = connection_;
  auto is_current = [self = shared_from_this(), number] {
    return self->connection_ == number;
  };
  stream_->start(
    {[this, is_current](std::string bytes) {
       if (!is_current()) return;
       sender_.on_bytes(bytes, link_now());
       obey();
     },
     [this, is_current](boost::system::error_code why) {
       if (!is_current()) return;
       sender_.on_closed("the connection broke: " + why.message());
       obey();
     },
     {}});
  auto shown = std::optional<std::string>{};
  if (const auto& tls = stream_->peer().tls) shown = tls->common_name;
  sender_.on_connected(std::move(shown), link_now());
  obey();
}

void outgoing_link::drop_connection() {
  ++connection_;
  if (auto dialing = std::exchange(dialer_, nullptr)) dialing->stop();
  if (auto stream = std::exchange(stream_, nullptr)) stream->abort();
}

} // namespace troupe
