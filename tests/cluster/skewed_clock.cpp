#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// Preloaded, gives a program clocks that are wrong: SKEWED_CLOCK_RATE is how
// fast they run (1.05), SKEWED_CLOCK_SHIFT by how many seconds the wall clock
// is off. CLOCK_MONOTONIC_RAW stays right, to tell by it what really happened.
// Unlike libfaketime 0.9.10 this knows pthread_cond_clockwait, by which every
// thread of C++ waits: without it timers stop, or spin.

namespace {

constexpr std::int64_t second = 1'000'000'000;

std::int64_t count(const timespec& x) { return x.tv_sec * second + x.tv_nsec; }

timespec point(std::int64_t x) { return {x / second, x % second}; }

double number_in(const char* name, double otherwise) {
  const auto* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtod(text, nullptr);
}

std::int64_t real_time(clockid_t of) {
  auto now = timespec{};
  ::syscall(SYS_clock_gettime, of, &now);
  return count(now);
}

bool is_wall(clockid_t of) {
  return of == CLOCK_REALTIME || of == CLOCK_REALTIME_COARSE;
}

bool is_skewed(clockid_t of) {
  return is_wall(of) || of == CLOCK_MONOTONIC || of == CLOCK_MONOTONIC_COARSE
         || of == CLOCK_BOOTTIME;
}

/// One clock's line: what it shows is `at + shift + (real - at) * rate`.
struct line {
  explicit line(clockid_t of)
    : at{real_time(of)}, rate{number_in("SKEWED_CLOCK_RATE", 1)} {
    auto seconds = is_wall(of) ? number_in("SKEWED_CLOCK_SHIFT", 0) : 0.0;
    shift = static_cast<std::int64_t>(seconds * second);
  }

  std::int64_t shown(std::int64_t real) const {
    return at + shift + scaled(real - at, rate);
  }

  std::int64_t real(std::int64_t shown) const {
    return at + scaled(shown - at - shift, 1 / rate);
  }

  static std::int64_t scaled(std::int64_t span, double by) {
    return static_cast<std::int64_t>(static_cast<double>(span) * by);
  }

  std::int64_t at;
  std::int64_t shift = 0;
  double rate;
};

const line& line_of(clockid_t of) {
  static const auto wall = line{CLOCK_REALTIME};
  static const auto monotonic = line{CLOCK_MONOTONIC};
  static const auto boot = line{CLOCK_BOOTTIME};
  if (is_wall(of)) return wall;
  return of == CLOCK_BOOTTIME ? boot : monotonic;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" {

int clock_gettime(clockid_t of, timespec* now) noexcept {
  if (!is_skewed(of))
    return static_cast<int>(::syscall(SYS_clock_gettime, of, now));
  *now = point(line_of(of).shown(real_time(of)));
  return 0;
}

int gettimeofday(timeval* __restrict now, void* __restrict) noexcept {
  auto shown = line_of(CLOCK_REALTIME).shown(real_time(CLOCK_REALTIME));
  *now = {shown / second, shown % second / 1000};
  return 0;
}

time_t time(time_t* into) noexcept {
  auto shown = line_of(CLOCK_REALTIME).shown(real_time(CLOCK_REALTIME));
  if (into != nullptr) *into = shown / second;
  return shown / second;
}

int pthread_cond_clockwait(
  pthread_cond_t* __restrict condition,
  pthread_mutex_t* __restrict mutex,
  clockid_t of,
  const timespec* __restrict until) {
  static const auto wait =
    next<decltype(&pthread_cond_clockwait)>("pthread_cond_clockwait");
  auto real = point(line_of(of).real(count(*until)));
  return wait(condition, mutex, of, &real);
}

/// Of a condition with the wall clock, as all are that are not set otherwise.
int pthread_cond_timedwait(
  pthread_cond_t* __restrict condition,
  pthread_mutex_t* __restrict mutex,
  const timespec* __restrict until) {
  static const auto wait =
    next<decltype(&pthread_cond_timedwait)>("pthread_cond_timedwait");
  auto real = point(line_of(CLOCK_REALTIME).real(count(*until)));
  return wait(condition, mutex, &real);
}

} // extern "C"
