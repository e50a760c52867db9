#include "tests/bench/limits.hpp"

#include "engine/base/stable_hash.hpp"
#include "tests/bench/measure.hpp"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace troupe::bench {

double copied_bytes() {
  constexpr std::size_t size = 64 << 20;
  constexpr int rounds = 8;
  auto from = std::string(size, 'a');
  auto to = std::string(size, 'b');
  auto time = seconds([&] {
    for (int i = 0; i < rounds; ++i) {
      from[static_cast<std::size_t>(i)] = static_cast<char>(i);
      std::memcpy(to.data(), from.data(), size);
      asm volatile("" : : "r"(to.data()) : "memory");
    }
  });
  return static_cast<double>(size) * rounds / time;
}

double hashed_bytes() {
  constexpr int rounds = 4'000'000;
  auto key = std::string(16, 'k');
  auto sum = std::uint64_t{0};
  auto time = seconds([&] {
    for (int i = 0; i < rounds; ++i) {
      std::memcpy(key.data(), &i, sizeof i);
      sum += stable_hash(key);
    }
    asm volatile("" : : "r"(sum));
  });
  return 16.0 * rounds / time;
}

double synced_writes(const std::filesystem::path& folder, std::size_t bytes) {
  constexpr int rounds = 200;
  auto path = folder / "synced_writes";
  auto file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  auto block = std::string(bytes, 'x');
  auto is_good = file >= 0;
  auto time = seconds([&] {
    for (int i = 0; i < rounds && is_good; ++i)
      is_good = ::write(file, block.data(), bytes) == std::ssize(block)
                && ::fdatasync(file) == 0;
  });
  if (file >= 0) ::close(file);
  std::filesystem::remove(path);
  if (!is_good) throw std::runtime_error{"cannot write " + path.string()};
  return rounds / time;
}

bench_folder::bench_folder() {
  const char* asked = std::getenv("TROUPE_BENCH_DIR");
  auto name = std::string{asked ? asked : "."} + "/bench-XXXXXX";
  if (!::mkdtemp(name.data()))
    throw std::runtime_error{"cannot create a folder like " + name};
  path_ = std::filesystem::absolute(name);
}

bench_folder::~bench_folder() {
  auto ignored = std::error_code{};
  std::filesystem::remove_all(path_, ignored);
}

} // namespace troupe::bench
