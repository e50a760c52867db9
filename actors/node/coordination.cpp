#include "actors/node/coordination.hpp"

#include "actors/node/cluster_settings.hpp"
#include "engine/coordinator/etcd_coordinator.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <future>

namespace troupe {

template <class What>
auto coordination::on_thread(What what) {
  auto task = std::packaged_task<decltype(what())()>{std::move(what)};
  auto answer = task.get_future();
  boost::asio::post(io_, [&] { task(); });
  return answer.get();
}

void coordination::run() {
  thread_ = std::thread{[this] { io_.run(); }};
}

result<> coordination::open_etcd(managed_etcd_options options) {
  return on_thread([&]() -> result<> {
    auto opened = managed_etcd::open(io_, options, [](const std::string& text) {
      spdlog::info("etcd: {}", text);
    });
    if (!opened) return opened.error();
    etcd_ = std::move(*opened);
    return {};
  });
}

result<std::unique_ptr<coordination>>
coordination::open(const pipeline_config& config) {
  auto made = std::unique_ptr<coordination>{new coordination};
  made->run();
  if (auto own = own_etcd(config))
    if (auto done = made->open_etcd(std::move(*own)); !done)
      return done.error();
  auto opened = etcd_coordinator::open(made->io_, asked_etcd(config));
  if (!opened) return opened.error();
  made->truth_ = std::move(*opened);
  return made;
}

coordination::~coordination() {
  if (!thread_.joinable()) return;
  on_thread([this] {
    if (truth_) truth_->close();
    etcd_.reset();
    return 0;
  });
  work_.reset();
  io_.stop();
  thread_.join();
  truth_.reset();
}

} // namespace troupe
