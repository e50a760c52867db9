#include "engine/coordinator/managed_etcd.hpp"

#include "engine/coordinator/awaited.hpp"
#include "engine/coordinator/etcd_calls.hpp"
#include "engine/coordinator/etcd_keeper.hpp"
#include "engine/coordinator/etcd_process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <csignal>
#include <sys/wait.h>
#include <utility>

namespace troupe {

namespace {

namespace asio = boost::asio;
template <class T>
using task = asio::awaitable<T>;

etcd_options options_for(
  std::vector<endpoint> endpoints, std::optional<client_tls_options> tls) {
  auto made = etcd_options{};
  made.endpoints = std::move(endpoints);
  made.tls = std::move(tls);
  made.connections = 1;
  made.request_limit = duration{1500}; // asked again at the next look
  return made;
}

std::string how_ended(int status) {
  return WIFSIGNALED(status)
           ? " by signal " + std::to_string(WTERMSIG(status))
           : " with status " + std::to_string(WEXITSTATUS(status));
}

} // namespace

class managed_etcd::core : public std::enable_shared_from_this<core> {
public:
  core(
    asio::io_context& context,
    managed_etcd_options options,
    std::shared_ptr<client_tls> others_tls,
    std::function<void(const std::string&)> on_notice)
    : context_{context},
      options_{std::move(options)},
      keeper_{options_.settings},
      own_{std::make_shared<etcd_calls>(
        context, options_for({options_.settings.client}, {}), nullptr)},
      timer_{context},
      on_notice_{std::move(on_notice)} {
    if (!options_.others.empty())
      others_ = std::make_shared<etcd_calls>(
        context, options_for(options_.others, options_.others_tls),
        std::move(others_tls));
  }

  void start() {
    process_ = read_number(pid_file());
    asio::co_spawn(context_, run(shared_from_this()), asio::detached);
  }

  managed_etcd_state state() const {
    auto is_there = process_ != 0;
    return {process_, is_there && is_healthy_, keeper_.failures()};
  }

  // Ends the watching over; etcd runs on.
  void let_go() {
    is_over_ = true;
    on_notice_ = nullptr;
    own_->close();
    if (others_) others_->close();
    timer_.cancel();
  }

  void stop(std::function<void()> done) {
    is_over_ = true;
    timer_.cancel();
    asio::co_spawn(
      context_, end(shared_from_this(), std::move(done)), asio::detached);
  }

private:
  std::filesystem::path pid_file() const {
    return options_.settings.folder / "etcd.pid";
  }
  std::filesystem::path member_file() const {
    return options_.settings.folder / "etcd.member";
  }
  std::filesystem::path data() const { return data_folder(options_.settings); }

  void notice(const std::string& text) {
    if (on_notice_ && !text.empty()) on_notice_(text);
  }

  void fail(const std::string& text) {
    notice(text);
    keeper_.on_failed(wall_clock(), 0.5);
  }

  static task<void> run(std::shared_ptr<core> self) {
    while (!self->is_over_) {
      auto view = self->look();
      if (!view.is_running && !view.has_data)
        view.listed = co_await self->list_members();
      if (self->is_over_) break;
      co_await self->carry_out(self->keeper_.on_view(view, wall_clock()));
      if (self->process_ != 0) self->ask_health();
      co_await self->pause(self->options_.look_every);
    }
  }

  task<void> pause(duration time) {
    timer_.expires_after(time);
    co_await timer_.async_wait(awaited);
  }

  // -- looking

  etcd_view look() {
    reap();
    // A child that is ending has no arguments any more: only its status tells.
    if (!is_child_ && !runs_on(process_, data()))
      process_ = is_locked(data()) ? find_running(data()) : 0;
    auto view = etcd_view{};
    view.is_running = process_ != 0 || is_locked(data());
    view.is_child = is_child_;
    view.has_data = has_etcd_data(data());
    view.was_member = std::filesystem::exists(member_file());
    if (view.has_data && !view.was_member) remember();
    return view;
  }

  void reap() {
    if (!is_child_) return;
    auto status = 0;
    auto ended = ::waitpid(process_, &status, WNOHANG);
    if (ended == 0) return;
    is_child_ = false;
    is_healthy_ = false;
    process_ = 0;
    fail(
      "etcd ended" + (ended > 0 ? how_ended(status) : "")
      + "; starting it again; its last words are in '" + log_file().string()
      + "'");
  }

  // From now on a folder without data means that it was lost.
  void remember() {
    auto written = write_number(member_file(), 1);
    if (!written) notice(written.error().detail);
  }

  void ask_health() {
    if (std::exchange(is_asking_, true)) return;
    own_->ask(
      {"/health", {}, true, [self = shared_from_this()](const etcd_reply& x) {
         self->is_asking_ = false;
         self->is_healthy_ = x.what == etcd_reply::kind::answered
                             && x.text.find("\"true\"") != std::string::npos;
         if (self->is_healthy_) self->keeper_.on_healthy();
       }});
  }

  // -- doing

  task<void> carry_out(etcd_order order) {
    notice(order.why);
    using step = etcd_order::step;
    if (order.what == step::adopt) adopt();
    if (order.what == step::start) start_process(order);
    if (order.what == step::enlist) co_await enlist(order.replaced);
  }

  void adopt() {
    auto written = write_number(pid_file(), process_);
    if (!written) notice(written.error().detail);
  }

  std::filesystem::path log_file() const {
    return options_.settings.folder / "etcd.log";
  }

  void start_process(const etcd_order& order) {
    if (!has_etcd_data(data()))
      if (auto moved = move_aside(data()); !moved)
        return fail(moved.error().detail);
    auto arguments =
      etcd_arguments(options_.settings, order.beginning, order.members);
    auto started =
      start_apart(options_.settings.program, arguments, log_file());
    if (!started) return fail(started.error().detail);
    process_ = *started;
    is_child_ = true;
    is_healthy_ = false;
    adopt();
  }

  // -- with the other members

  task<etcd_reply>
  ask_others(std::string path, std::string json, bool is_repeatable = false) {
    auto out = std::make_shared<std::optional<etcd_reply>>();
    auto news = std::make_shared<asio::steady_timer>(
      context_, std::chrono::steady_clock::time_point::max());
    others_->ask(
      {std::move(path), std::move(json), is_repeatable,
       [out, news](etcd_reply reply) {
         *out = std::move(reply);
         news->cancel();
       }});
    while (!*out) co_await news->async_wait(awaited);
    co_return std::move(**out);
  }

  task<std::optional<std::vector<etcd_listed_member>>> list_members() {
    using listed = std::optional<std::vector<etcd_listed_member>>;
    if (!others_) co_return listed{};
    auto reply = co_await ask_others("/v3/cluster/member/list", "{}", true);
    if (reply.what != etcd_reply::kind::answered) co_return listed{};
    auto read = parse_members(reply.text);
    co_return read ? listed{std::move(read->members)} : listed{};
  }

  task<void> enlist(std::uint64_t replaced) {
    if (replaced != 0) {
      auto removed =
        co_await ask_others("/v3/cluster/member/remove", member_json(replaced));
      if (removed.what != etcd_reply::kind::answered)
        co_return fail("cannot remove the lost member: " + removed.text);
    }
    auto url = peer_url(options_.settings, *own_member(options_.settings));
    auto added =
      co_await ask_others("/v3/cluster/member/add", new_member_json(url));
    if (added.what != etcd_reply::kind::answered)
      fail("the other members do not take this one in: " + added.text);
  }

  // -- ending

  static task<void>
  end(std::shared_ptr<core> self, std::function<void()> done) {
    auto clock = [] { return std::chrono::steady_clock::now(); };
    auto latest = clock() + self->options_.stop_limit;
    auto timer = asio::steady_timer{self->context_};
    if (self->process_ != 0) ::kill(self->process_, SIGTERM);
    while (self->is_still_there()) {
      if (clock() > latest) ::kill(self->process_, SIGKILL);
      timer.expires_after(std::chrono::milliseconds{20});
      co_await timer.async_wait(awaited);
    }
    self->let_go();
    if (done) done();
  }

  bool is_still_there() {
    if (process_ == 0) return false;
    auto is_ended = is_child_ ? ::waitpid(process_, nullptr, WNOHANG) != 0
                              : !runs_on(process_, data());
    if (is_ended) process_ = 0;
    return !is_ended;
  }

  asio::io_context& context_;
  const managed_etcd_options options_;
  etcd_keeper keeper_;
  std::shared_ptr<etcd_calls> own_;
  std::shared_ptr<etcd_calls> others_; // none: this one is alone
  asio::steady_timer timer_;
  std::function<void(const std::string&)> on_notice_;
  pid_t process_ = 0;
  bool is_child_ = false;
  bool is_healthy_ = false;
  bool is_asking_ = false;
  bool is_over_ = false;
};

// -- outside

result<std::unique_ptr<managed_etcd>> managed_etcd::open(
  asio::io_context& context,
  managed_etcd_options options,
  std::function<void(const std::string&)> on_notice) {
  auto fault = check(options.settings);
  if (fault.code != errc::none) return fault;
  auto version = ask_version(options.settings.program);
  if (!version) return version.error();
  fault = check(*version);
  if (fault.code != errc::none) return fault;
  auto tls = std::shared_ptr<client_tls>{};
  if (options.others_tls) {
    auto made = load(*options.others_tls);
    if (!made) return made.error();
    tls = std::move(*made);
  }
  auto failed = std::error_code{};
  std::filesystem::create_directories(options.settings.folder, failed);
  if (failed)
    return error{
      errc::cannot_create,
      "cannot create the folder '" + options.settings.folder.string() + "': "
        + failed.message() + "; name another one, or create it yourself"};
  if (auto text = warning_of(*version); on_notice && !text.empty())
    on_notice(text);
  auto made = std::make_shared<core>(
    context, std::move(options), std::move(tls), std::move(on_notice));
  made->start();
  return std::unique_ptr<managed_etcd>{new managed_etcd{std::move(made)}};
}

managed_etcd::managed_etcd(std::shared_ptr<core> made)
  : core_{std::move(made)} {}

managed_etcd::~managed_etcd() { core_->let_go(); }

managed_etcd_state managed_etcd::state() const { return core_->state(); }

void managed_etcd::stop(std::function<void()> done) {
  core_->stop(std::move(done));
}

} // namespace troupe
