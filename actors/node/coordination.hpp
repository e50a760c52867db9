#pragma once

#include "config/pipeline.hpp"
#include "engine/base/result.hpp"
#include "engine/coordinator/coordinator.hpp"
#include "engine/coordinator/managed_etcd.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <thread>

namespace troupe {

/// The coordinator of a member with what it runs on: a thread of its own, and
/// an etcd beside the node where the configuration asks for one.
class coordination {
public:
  /// Starts what `config` asks for, and waits until the coordinator answers.
  static result<std::unique_ptr<coordination>>
  open(const pipeline_config& config);

  /// Closes the coordinator. An etcd goes on: others may need it.
  ~coordination();

  const std::shared_ptr<coordinator>& truth() const { return truth_; }

private:
  coordination() = default;

  void run();
  result<> open_etcd(managed_etcd_options options);

  /// Runs something on the context's thread, and waits.
  template <class What>
  auto on_thread(What what);

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    work_{io_.get_executor()};
  std::thread thread_;
  std::unique_ptr<managed_etcd> etcd_; // where this member runs one
  std::shared_ptr<coordinator> truth_;
};

} // namespace troupe
