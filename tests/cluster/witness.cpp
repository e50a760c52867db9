// A node with a handler that writes down when it began and ended each message,
// so that a test can see who handled what, when and where.

#include <troupe/troupe.hpp>

#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/syscall.h>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace {

/// Tells nanoseconds that no test's clock has touched: it asks the kernel and
/// not the library, which a test may have put something in front of.
std::int64_t true_time() {
  auto now = timespec{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

/// Appends lines to the file that the setting `path` names. What is written
/// stays, however the process ends.
class witness final : public troupe::handler {
public:
  explicit witness(const troupe::settings& given)
    : pause_{std::stoull(given.at("pause_us"))} {
    constexpr auto flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    file_ = ::open(given.at("path").c_str(), flags, 0644);
    if (file_ < 0) throw std::runtime_error{"cannot open " + given.at("path")};
  }

  ~witness() override { ::close(file_); }

private:
  // Bodies are "PUBLISHER KEY SEQUENCE".
  troupe::outcome
  handle(const troupe::message& message, troupe::context& context) override {
    auto body = std::string{message.body()};
    auto publisher = body.substr(0, body.find(' '));
    auto sequence = body.substr(body.rfind(' ') + 1);
    auto last = context.state().get(publisher).value_or("0");
    write("begin " + body + " " + last);
    if (pause_.count() > 0) std::this_thread::sleep_for(pause_);
    if (std::stoull(sequence) > std::stoull(last))
      context.state().put(publisher, sequence);
    write("end " + body + " " + last);
    return troupe::ack();
  }

  void write(const std::string& what) {
    auto line = std::to_string(::getpid()) + " " + std::to_string(::gettid())
                + " " + std::to_string(true_time()) + " " + what + "\n";
    auto written = ::write(file_, line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size()))
      throw std::runtime_error{"the witness cannot write"};
  }

  std::chrono::microseconds pause_;
  int file_ = -1;
};

} // namespace

TROUPE_HANDLER("witness", witness)

int main(int argc, char** argv) { return troupe::main(argc, argv); }
