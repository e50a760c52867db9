#include "engine/peers/peer_links.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace troupe {

namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

} // namespace

peer_links::peer_links(peer_links_options options, peer_links_events events)
  : options_{std::move(options)}, events_{std::move(events)} {}

result<std::unique_ptr<peer_links>>
peer_links::open(peer_links_options options, peer_links_events events) {
  if (!options.tls && !is_loopback(options.listen.host))
    return error{
      errc::bad_config, "members would talk in the clear on "
                          + to_string(options.listen)
                          + "; set cluster.tls, or listen on the loopback"};
  auto made = std::unique_ptr<peer_links>{
    new peer_links{std::move(options), std::move(events)}};
  if (auto done = made->listen(); !done) return done.error();
  return made;
}

result<> peer_links::listen() {
  auto asked = listener_options{};
  asked.at = options_.listen;
  asked.max_connections = options_.max_connections;
  asked.handshake_limit = options_.timing.greeting;
  if (options_.tls) {
    auto client = *options_.tls;
    client.role = tls_role::client;
    auto loaded = tls_context::load(client);
    if (!loaded) return loaded.error();
    client_tls_ = std::move(*loaded);
    asked.tls = options_.tls;
    asked.tls->role = tls_role::server;
    asked.tls->verify = tls_verify::require;
  }
  auto opened = listener::open(io_, std::move(asked));
  if (!opened) return opened.error();
  listener_ = std::move(*opened);
  return {};
}

void peer_links::start() {
  listener_->start(
    {[this](std::shared_ptr<byte_stream> x) { take(std::move(x)); },
     [this](const std::string& text) { events_.on_trouble(text); }});
  tick();
  thread_ = std::thread{[this] { io_.run(); }};
}

// -- from any thread

void peer_links::set_members(std::map<std::string, known_member> members) {
  boost::asio::post(io_, [this, all = std::move(members)] { connect_to(all); });
}

void peer_links::send(const std::string& member, std::string message) {
  auto guard = std::lock_guard{mutex_};
  errands_.push_back({member, std::move(message), 0});
  if (!std::exchange(is_drain_posted_, true))
    boost::asio::post(io_, [this] { drain(); });
}

void peer_links::handled(const std::string& member, std::size_t bytes) {
  auto guard = std::lock_guard{mutex_};
  errands_.push_back({member, {}, bytes});
  if (!std::exchange(is_drain_posted_, true))
    boost::asio::post(io_, [this] { drain(); });
}

void peer_links::stop() {
  if (!thread_.joinable()) return;
  listener_->stop();
  boost::asio::post(io_, [this] { close_all(); });
  thread_.join();
}

peer_links::~peer_links() {
  stop();
  io_.stop();
}

// -- on the links' thread

admission peer_links::terms() const {
  auto made = admission{options_.self, {}, {}};
  for (const auto& [member, x] : members_) made.stores[member] = x.store_id;
  return made;
}

void peer_links::take(std::shared_ptr<byte_stream> stream) {
  if (is_stopped_) return stream->abort();
  auto options = link_receiver::options{terms()};
  if (const auto& tls = stream->peer().tls)
    options.terms.certificate = tls->common_name;
  options.timing = options_.timing;
  options.window = options_.window;
  options.most_message = options_.most_message;
  auto told = incoming_link::events{};
  told.on_up = [this](const std::string& member) {
    supersede(member);
    if (auto to = outgoing_.find(member); to != outgoing_.end())
      to->second->seen();
  };
  told.on_message = events_.on_message;
  told.on_trouble = events_.on_trouble;
  auto made = std::make_shared<incoming_link>(
    std::move(stream), std::move(options), std::move(told));
  incoming_.push_back(made);
  made->start();
}

/// Who connects again has given its other connections up.
void peer_links::supersede(const std::string& member) {
  for (const auto& x : incoming_)
    if (x->member() == member) x->stop();
}

void peer_links::tick() {
  if (is_stopped_) return; // it was due before the timer was cancelled
  for (auto& [member, x] : outgoing_) x->tick();
  for (auto& x : incoming_) x->tick();
  sweep();
  for (const auto& x : std::exchange(robbed_, {}))
    if (events_.on_dropped) events_.on_dropped(x);
  timer_.expires_after(options_.timing.beat / 4);
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) tick();
  });
}

void peer_links::sweep() {
  std::erase_if(incoming_, [](const auto& x) { return x->is_closed(); });
}

void peer_links::drain() {
  auto todo = std::vector<errand>{};
  {
    auto guard = std::lock_guard{mutex_};
    std::swap(todo, errands_);
    is_drain_posted_ = false;
  }
  for (auto& x : todo) {
    if (x.handled > 0) {
      // Who came back has a new window; what is said of the old one is late.
      auto from = std::ranges::find_if(
        incoming_.rbegin(), incoming_.rend(), [&](const auto& y) {
          return y->member() == x.member && !y->is_closed();
        });
      if (from != incoming_.rend()) (*from)->handled(x.handled);
      continue;
    }
    auto to = outgoing_.find(x.member);
    auto is_taken =
      to != outgoing_.end() && to->second->send(std::move(x.message));
    if (is_taken) continue;
    ++dropped_;
    robbed_.insert(x.member);
  }
}

void peer_links::connect_to(const std::map<std::string, known_member>& all) {
  if (is_stopped_) return;
  std::erase_if(outgoing_, [&](const auto& x) {
    auto now = all.find(x.first);
    auto stays = now != all.end() && now->second == members_[x.first];
    if (!stays) x.second->stop();
    return !stays;
  });
  members_ = all;
  for (const auto& [member, x] : members_) {
    if (outgoing_.contains(member) || member == options_.self.member) continue;
    auto options = link_sender::options{terms(), member, options_.timing};
    options.most_waiting = options_.most_waiting;
    auto told = outgoing_link::events{};
    told.on_up = [this, name = member] { events_.on_up(name); };
    told.on_down = [this, name = member](const std::string& why) {
      events_.on_down(name, why);
    };
    told.on_trouble = [this, name = member](const std::string& why) {
      events_.on_trouble(name + ": " + why);
    };
    auto made = std::make_shared<outgoing_link>(
      io_, x.at, client_tls_, std::move(options), std::move(told));
    outgoing_.emplace(member, made);
    made->tick();
  }
}

void peer_links::close_all() {
  is_stopped_ = true;
  timer_.cancel();
  for (auto& [member, x] : outgoing_) x->stop();
  for (auto& x : incoming_) x->stop();
  outgoing_.clear();
  incoming_.clear();
}

} // namespace troupe
