#include "actors/edge/control_socket.hpp"

#include "actors/control_requests.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

using local = asio::local::stream_protocol;

constexpr std::size_t most_request_bytes = 64 * 1024;
constexpr std::size_t most_answer_bytes = std::size_t{1} << 30;
constexpr auto socket_name = "troupe.sock";

/// An address of the socket that fits whatever the folder's path is: names of
/// sockets end at 108 bytes, paths do not.
class short_address {
public:
  explicit short_address(const std::filesystem::path& folder)
    : folder_{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)} {}
  ~short_address() {
    if (folder_ >= 0) ::close(folder_);
  }
  short_address(const short_address&) = delete;
  short_address& operator=(const short_address&) = delete;

  local::endpoint get() const {
    return local::endpoint{
      "/proc/self/fd/" + std::to_string(folder_) + "/" + socket_name};
  }

private:
  int folder_;
};

json::object answer(control& node, std::string_view line) {
  auto ec = boost::system::error_code{};
  auto request = json::parse(line, ec);
  if (ec || !request.is_object())
    return failed("a request is one JSON object a line");
  return node.answer(request.get_object());
}

std::string
answer_line(const std::weak_ptr<control>& node, std::string_view line) {
  auto here = node.lock();
  auto told = here ? answer(*here, line) : failed("the node has stopped");
  return json::serialize(told) + '\n';
}

/// Answers a connection's requests. It may stay open for longer than the node
/// runs, and keeps none of its actors.
asio::awaitable<void> serve(
  local::socket peer, std::weak_ptr<control> node, asio::thread_pool& workers) {
  auto buffer = std::string{};
  try {
    for (;;) {
      auto size = co_await asio::async_read_until(
        peer, asio::dynamic_buffer(buffer, most_request_bytes), '\n',
        asio::use_awaitable);
      auto line = buffer.substr(0, size);
      buffer.erase(0, size);
      auto here = co_await asio::this_coro::executor;
      co_await asio::post(workers, asio::use_awaitable);
      auto text = answer_line(node, line);
      co_await asio::post(here, asio::use_awaitable);
      co_await asio::async_write(peer, asio::buffer(text), asio::use_awaitable);
    }
  } catch (const boost::system::system_error&) {
    // The peer is gone, or sent a line without end: only it is affected.
  }
}

} // namespace

control_socket::control_socket(
  asio::io_context& io,
  std::filesystem::path data_dir,
  std::shared_ptr<control> answers)
  : acceptor_{io},
    data_dir_{std::move(data_dir)},
    answers_{std::move(answers)} {}

result<std::unique_ptr<control_socket>> control_socket::open(
  asio::io_context& io,
  const std::filesystem::path& data_dir,
  std::shared_ptr<control> answers) {
  auto made = std::unique_ptr<control_socket>{
    new control_socket{io, data_dir, std::move(answers)}};
  ::unlink((data_dir / socket_name).c_str());
  auto address = short_address{data_dir};
  auto ec = boost::system::error_code{};
  made->acceptor_.open(local{}, ec);
  auto mask = ::umask(0177);
  if (!ec) made->acceptor_.bind(address.get(), ec);
  ::umask(mask);
  if (!ec)
    made->acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec)
    return error{
      errc::cannot_create, "cannot open the control socket in "
                             + data_dir.string() + ": " + ec.message()};
  asio::co_spawn(
    io,
    [self = made.get()]() -> asio::awaitable<void> {
      for (;;) {
        auto [fault, peer] = co_await self->acceptor_.async_accept(
          asio::as_tuple(asio::use_awaitable));
        if (fault == asio::error::operation_aborted) co_return;
        if (fault) { // out of file descriptors: others may give some back
          auto pause = asio::steady_timer{
            self->acceptor_.get_executor(), std::chrono::milliseconds{100}};
          co_await pause.async_wait(asio::use_awaitable);
          continue;
        }
        asio::co_spawn(
          self->acceptor_.get_executor(),
          serve(std::move(peer), self->answers_, self->workers_),
          asio::detached);
      }
    },
    asio::detached);
  return made;
}

control_socket::~control_socket() {
  ::unlink((data_dir_ / socket_name).c_str());
  workers_.stop();
  workers_.join();
}

result<json::object> ask_running_node(
  const std::filesystem::path& data_dir, const json::object& request) {
  auto io = asio::io_context{};
  auto peer = local::socket{io};
  auto address = short_address{data_dir};
  auto ec = boost::system::error_code{};
  peer.connect(address.get(), ec);
  if (ec) return error{errc::not_found, "no node runs on " + data_dir.string()};
  auto text = json::serialize(request) + '\n';
  asio::write(peer, asio::buffer(text), ec);
  auto line = std::string{};
  if (!ec)
    asio::read_until(
      peer, asio::dynamic_buffer(line, most_answer_bytes), '\n', ec);
  auto options = json::parse_options{};
  options.allow_invalid_utf8 = true; // bodies and state are any bytes
  auto answer = ec ? json::value{} : json::parse(line, ec, {}, options);
  if (ec || !answer.is_object())
    return error{
      errc::refused, "the node on " + data_dir.string()
                       + " stopped before it answered; ask again"};
  return std::move(answer.get_object());
}

} // namespace troupe
