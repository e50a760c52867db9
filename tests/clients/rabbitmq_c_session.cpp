#include "tests/clients/rabbitmq_c_session.hpp"

#include <amqp_tcp_socket.h>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::clients {

namespace {

constexpr int frame_max = 131072; // bytes

std::string variable(const char* name) {
  auto value = std::getenv(name);
  if (!value) throw broken(std::string{name} + " is set; run under broker.py");
  return value;
}

std::string text(amqp_bytes_t x) {
  return {static_cast<const char*>(x.bytes), x.len};
}

/// Returns the broker's reason, as it stands in the reply.
std::string reason(const amqp_rpc_reply_t& reply) {
  const auto& [kind, method, fault] = reply;
  if (kind == AMQP_RESPONSE_LIBRARY_EXCEPTION) return amqp_error_string2(fault);
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD)
    return text(static_cast<amqp_channel_close_t*>(method.decoded)->reply_text);
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD)
    return text(
      static_cast<amqp_connection_close_t*>(method.decoded)->reply_text);
  return "an answer that does not fit";
}

void require(const amqp_rpc_reply_t& reply, const std::string& call) {
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
  throw broken(call + " is answered; it was refused: " + reason(reply));
}

} // namespace

void expect(bool holds, const std::string& sentence) {
  if (!holds) throw broken("expected: " + sentence);
}

void expect_same(
  const std::string& seen,
  const std::string& wanted,
  const std::string& sentence) {
  expect(
    seen == wanted,
    sentence + "\n    seen:   " + seen + "\n    wanted: " + wanted);
}

amqp_bytes_t bytes(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}

session::session(std::string_view password)
  : connection_(amqp_new_connection()) {
  auto socket = amqp_tcp_socket_new(connection_);
  auto port = std::stoi(variable("AMQP_PORT"));
  auto code = amqp_socket_open(socket, variable("AMQP_HOST").c_str(), port);
  if (code != AMQP_STATUS_OK) {
    amqp_destroy_connection(connection_);
    throw broken("the broker takes a connection");
  }
  try {
    require(
      amqp_login(
        connection_, "/", 0, frame_max, 60, AMQP_SASL_METHOD_PLAIN, "guest",
        std::string{password}.c_str()),
      "login");
    amqp_channel_open(connection_, 1);
    check("channel.open");
  } catch (...) {
    amqp_destroy_connection(connection_);
    throw;
  }
}

session::~session() {
  if (!connection_) return;
  amqp_connection_close(connection_, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(connection_);
}

void session::drop() {
  amqp_destroy_connection(connection_);
  connection_ = nullptr;
}

int session::refusal() {
  auto reply = amqp_get_rpc_reply(connection_);
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION) return 0;
  if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
    return static_cast<amqp_channel_close_t*>(reply.reply.decoded)->reply_code;
  return static_cast<amqp_connection_close_t*>(reply.reply.decoded)->reply_code;
}

void session::check(const char* call) {
  require(amqp_get_rpc_reply(connection_), call);
}

std::string session::new_queue(amqp_table_t arguments) {
  static int names = 0;
  auto name = "c-queue-" + std::to_string(++names);
  amqp_queue_declare(connection_, 1, bytes(name), 0, 1, 0, 0, arguments);
  check("queue.declare");
  return name;
}

void session::publish(
  std::string_view queue,
  std::string_view body,
  std::string_view exchange,
  bool is_mandatory) {
  auto properties = amqp_basic_properties_t{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.delivery_mode = 2;
  auto code = amqp_basic_publish(
    connection_, 1, bytes(exchange), bytes(queue), is_mandatory, 0, &properties,
    bytes(body));
  expect(code == AMQP_STATUS_OK, "a message can be sent");
}

void session::wait_for_confirm(std::uint64_t number) {
  while (confirmed_ < number) {
    auto frame = amqp_frame_t{};
    auto patience = timeval{20, 0};
    auto code = amqp_simple_wait_frame_noblock(connection_, &frame, &patience);
    expect(code == AMQP_STATUS_OK, "a publish is confirmed within 20 s");
    auto is_ack = frame.frame_type == AMQP_FRAME_METHOD
                  && frame.payload.method.id == AMQP_BASIC_ACK_METHOD;
    expect(is_ack, "the next frame is a confirmation");
    auto ack = static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded);
    confirmed_ = ack->multiple ? ack->delivery_tag : confirmed_ + 1;
  }
  amqp_maybe_release_buffers(connection_);
}

std::string session::consume(const std::string& queue) {
  auto answer = amqp_basic_consume(
    connection_, 1, bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
  check("basic.consume");
  return text(answer->consumer_tag);
}

received session::next(std::chrono::seconds patience) {
  auto envelope = amqp_envelope_t{};
  auto limit = timeval{patience.count(), 0};
  amqp_maybe_release_buffers(connection_);
  require(
    amqp_consume_message(connection_, &envelope, &limit, 0), "a delivery");
  auto seen = received{
    text(envelope.message.body), envelope.delivery_tag,
    envelope.redelivered != 0};
  amqp_destroy_envelope(&envelope);
  return seen;
}

std::optional<received> session::get(const std::string& queue) {
  amqp_maybe_release_buffers(connection_);
  auto reply = amqp_basic_get(connection_, 1, bytes(queue), 0);
  require(reply, "basic.get");
  if (reply.reply.id == AMQP_BASIC_GET_EMPTY_METHOD) return {};
  auto found = *static_cast<amqp_basic_get_ok_t*>(reply.reply.decoded);
  auto message = amqp_message_t{};
  require(amqp_read_message(connection_, 1, &message, 0), "its content");
  auto seen =
    received{text(message.body), found.delivery_tag, found.redelivered != 0};
  amqp_destroy_message(&message);
  return seen;
}

void session::ack(std::uint64_t tag, bool with_all_before) {
  auto code = amqp_basic_ack(connection_, 1, tag, with_all_before);
  expect(code == AMQP_STATUS_OK, "an ack can be sent");
}

void control(std::string_view command) {
  auto path = variable("BROKER_CONTROL");
  auto address = sockaddr_un{};
  address.sun_family = AF_UNIX;
  expect(path.size() < sizeof address.sun_path, "the control's path is short");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  auto wire = ::socket(AF_UNIX, SOCK_STREAM, 0);
  auto line = std::string{command} + "\n";
  char answer[256] = {};
  auto got = ssize_t{-1};
  if (
    ::connect(wire, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0
    && ::write(wire, line.data(), line.size()) > 0)
    got = ::read(wire, answer, sizeof answer - 1);
  ::close(wire);
  expect(
    got > 0 && std::string_view{answer} == "done\n",
    "the broker does '" + std::string{command} + "'; it said " + answer);
}

} // namespace troupe::clients
