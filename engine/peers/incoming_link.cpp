#include "engine/peers/incoming_link.hpp"

#include "engine/peers/outgoing_link.hpp"

namespace troupe {

namespace {

// What was refused should hear why.
constexpr auto goodbye = std::chrono::seconds{1};

} // namespace

incoming_link::incoming_link(
  std::shared_ptr<byte_stream> stream,
  link_receiver::options options,
  events told)
  : stream_{std::move(stream)},
    receiver_{std::move(options), link_now()},
    events_{std::move(told)} {}

void incoming_link::start() {
  stream_->start(
    {[self = shared_from_this()](std::string bytes) {
       self->receiver_.on_bytes(bytes, link_now());
       self->obey();
     },
     [self = shared_from_this()](boost::system::error_code) {
       self->is_closed_ = true;
     },
     {}});
}

void incoming_link::tick() {
  receiver_.on_time(link_now());
  obey();
}

void incoming_link::handled(std::size_t bytes) {
  receiver_.on_handled(bytes);
  obey();
}

void incoming_link::stop() {
  events_ = {};
  stream_->abort();
}

void incoming_link::obey() {
  auto todo = receiver_.take_actions();
  if (todo.up) {
    if (events_.on_up) events_.on_up(todo.up->from.member);
    member_ = std::move(todo.up->from.member);
  }
  for (auto& x : todo.messages)
    if (events_.on_message) events_.on_message(member_, std::move(x));
  if (!todo.write.empty()) stream_->write(std::move(todo.write));
  if (todo.close) stream_->close_after_writing(goodbye);
  if (todo.fault && events_.on_trouble)
    events_.on_trouble(
      (member_.empty() ? to_string(stream_->peer().remote) : member_) + ": "
      + *todo.fault);
}

} // namespace troupe
