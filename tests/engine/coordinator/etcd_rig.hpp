#pragma once

#include "engine/coordinator/etcd_arguments.hpp"
#include "tests/engine/coordinator/temp_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <csignal>
#include <fcntl.h>
#include <memory>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// Real etcds on the loopback, that end with the test however it ends.

namespace troupe::test {

/// Returns ports that nobody has just now, each another.
inline std::vector<std::uint16_t> free_ports(std::size_t count) {
  using boost::asio::ip::tcp;
  // Below the ports that the system deals out, and elsewhere in each process:
  // until an etcd listens, nobody else is to come by the same one.
  constexpr auto lowest = 10'000;
  constexpr auto most = 20'000;
  static auto next = static_cast<int>(::getpid() * 16 % most);
  auto context = boost::asio::io_context{};
  auto out = std::vector<std::uint16_t>{};
  while (out.size() < count) {
    auto port = static_cast<std::uint16_t>(lowest + next++ % most);
    auto at = tcp::endpoint{boost::asio::ip::make_address("127.0.0.1"), port};
    auto held = tcp::acceptor{context};
    auto why = boost::system::error_code{};
    held.open(at.protocol(), why);
    held.bind(at, why);
    if (!why) out.push_back(port);
  }
  return out;
}

/// A child that is killed at the end, or when the test's process dies.
class child {
public:
  child(
    const std::string& program,
    const std::vector<std::string>& arguments,
    const std::filesystem::path& log) {
    auto words = std::vector<char*>{const_cast<char*>(program.c_str())};
    for (const auto& x : arguments)
      words.push_back(const_cast<char*>(x.c_str()));
    words.push_back(nullptr);
    auto file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(file, STDOUT_FILENO);
      ::dup2(file, STDERR_FILENO);
      ::close_range(3, ~0u, 0);
      ::execvp(program.c_str(), words.data());
      ::_exit(127);
    }
    ::close(file);
  }

  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() { kill(); }

  void kill() {
    if (pid_ <= 0) return;
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  void signal(int which) const {
    if (pid_ > 0) ::kill(pid_, which);
  }

  pid_t pid() const { return pid_; }

private:
  pid_t pid_ = -1;
};

/// One etcd or three, with whatever ports are free.
class etcd_rig {
public:
  explicit etcd_rig(std::size_t count = 1) {
    auto ports = free_ports(2 * count);
    auto members = std::vector<etcd_member>{};
    for (std::size_t i = 0; i < count; ++i)
      members.push_back({"m" + std::to_string(i), {"127.0.0.1", ports[2 * i]}});
    for (std::size_t i = 0; i < count; ++i)
      settings.push_back(settings_of(members, i, ports[2 * i + 1]));
    processes.resize(count);
    for (std::size_t i = 0; i < count; ++i) start(i);
  }

  void start(std::size_t i) {
    const auto& x = settings[i];
    std::filesystem::create_directories(x.folder);
    processes[i] = std::make_unique<child>(
      x.program, etcd_arguments(x, etcd_beginning::anew, x.members),
      x.folder / "log");
  }

  std::vector<endpoint> endpoints() const {
    auto out = std::vector<endpoint>{};
    for (const auto& x : settings) out.push_back(x.client);
    return out;
  }

  temp_folder folder;
  std::vector<etcd_settings> settings;
  std::vector<std::unique_ptr<child>> processes; // first to go

private:
  etcd_settings settings_of(
    const std::vector<etcd_member>& members,
    std::size_t i,
    std::uint16_t port) const {
    auto made = etcd_settings{};
    made.name = members[i].name;
    made.folder = folder.path() / made.name;
    made.client = {"127.0.0.1", port};
    made.members = members;
    made.token = "troupe-test";
    made.heartbeat = duration{60};
    made.election = duration{600};
    return made;
  }
};

} // namespace troupe::test
