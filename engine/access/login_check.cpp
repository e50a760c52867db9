#include "engine/access/login_check.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <utility>

namespace troupe {

namespace {

using checked = result<std::shared_ptr<const user>>;

// A longer name is no user's, and would only fill the log.
std::string shown(std::string_view name) {
  constexpr std::size_t longest = 64;
  auto out = std::string{name.substr(0, longest)};
  for (auto& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
  return "user '" + out + (name.size() > longest ? "...'" : "'");
}

error refused(std::string_view name, const std::string& why) {
  return {errc::refused, shown(name) + " cannot log in: " + why};
}

error not_from_elsewhere(std::string_view name) {
  return refused(
    name, "only from the same machine; make a user of your own in [users], "
          "which then takes the place of guest");
}

// Checks against the hash, and takes as long whatever there is of one.
bool is_right(
  const user_table& users, const user* who, std::string_view password) {
  const auto has_hash = who != nullptr && who->password_hash;
  auto cost = has_hash ? who->password_hash->iterations : 0;
  auto is_it = has_hash && is_password(*who->password_hash, password);
  spend_time(password, users.most_costly() - cost);
  return is_it;
}

bool may_come_from(const user& who, login_origin from) {
  return who.may_login_remotely || from == login_origin::this_machine;
}

} // namespace

login_check::login_check(std::shared_ptr<const user_table> users)
  : users_{std::move(users)} {
  has_key_ = RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1;
}

checked login_check::check(
  std::string_view name, std::string_view password, login_origin from) {
  if (password.empty())
    return refused(name, "the password is empty; set one at the client");
  auto all = users();
  const auto* who = all->find(name);
  auto seen = print_of(name, password);
  auto is_it = seen && is_known(name, *seen);
  if (!is_it) {
    is_it = is_right(*all, who, password);
    if (is_it && seen) remember(all, name, *seen);
  }
  if (who == nullptr) return refused(name, "there is no such user in [users]");
  if (!is_it) return refused(name, "the password is wrong");
  if (!may_come_from(*who, from)) return not_from_elsewhere(name);
  return std::shared_ptr<const user>{all, who};
}

checked login_check::accept(std::string_view name, login_origin from) const {
  auto all = users();
  const auto* who = all->find(name);
  if (who == nullptr) return refused(name, "there is no such user in [users]");
  if (!may_come_from(*who, from)) return not_from_elsewhere(name);
  return std::shared_ptr<const user>{all, who};
}

void login_check::replace(std::shared_ptr<const user_table> users) {
  auto lock = std::scoped_lock{mutex_};
  users_ = std::move(users);
  known_.clear();
}

std::shared_ptr<const user_table> login_check::users() const {
  auto lock = std::scoped_lock{mutex_};
  return users_;
}

// Nothing without random numbers or OpenSSL: then nothing is remembered, which
// is slow, but right. The length keeps "ab" + "c" from reading as "a" + "bc".
std::optional<login_check::print>
login_check::print_of(std::string_view name, std::string_view password) const {
  auto text = std::to_string(name.size()) + ':';
  text.append(name).append(password);
  auto out = print{};
  const auto* made = HMAC(
    EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
    reinterpret_cast<const unsigned char*>(text.data()), text.size(),
    out.data(), nullptr);
  OPENSSL_cleanse(text.data(), text.size());
  if (!has_key_ || made == nullptr) return {};
  return out;
}

bool login_check::is_known(std::string_view name, const print& seen) const {
  auto lock = std::scoped_lock{mutex_};
  auto found = known_.find(std::string{name});
  return found != known_.end()
         && CRYPTO_memcmp(found->second.data(), seen.data(), seen.size()) == 0;
}

// Another table may have come while the password was being hashed.
void login_check::remember(
  const std::shared_ptr<const user_table>& users,
  std::string_view name,
  const print& seen) {
  auto lock = std::scoped_lock{mutex_};
  if (users_ == users) known_.insert_or_assign(std::string{name}, seen);
}

} // namespace troupe
