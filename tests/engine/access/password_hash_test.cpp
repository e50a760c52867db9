#include "engine/access/base64.hpp"
#include "engine/access/password_hash.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

namespace {

// Made by Python's hashlib, not by what is tested.
const auto ours = std::string{"pbkdf2-sha256$1000$c2FsdHNhbHQ=$"
                              "hgR9HsqtKupWxpnv8y99TrPDajTT/9PcSTlNafpdLXQ="};
const auto rabbitmqs = std::string{
  "rabbitmq-sha256$AQIDBDB9kM21iEUzN1lZ+6VReCsdNqS0sERdAQTcY6Xs3PMz"};

} // namespace

TEST_CASE("password_hash: knows the password of its own hashes") {
  auto hash = parse_password_hash(ours).value();
  CHECK(hash.iterations == 1000);
  CHECK(hash.salt == "saltsalt");
  CHECK(is_password(hash, "secret"));
  CHECK(!is_password(hash, "Secret"));
  CHECK(!is_password(hash, ""));
}

TEST_CASE("password_hash: knows the password of RabbitMQ's hashes") {
  auto hash = parse_password_hash(rabbitmqs).value();
  CHECK(hash.salt == "\x01\x02\x03\x04");
  CHECK(is_password(hash, "secret"));
  CHECK(!is_password(hash, "secret "));
}

TEST_CASE("password_hash: writes what it reads") {
  CHECK(to_string(parse_password_hash(ours).value()) == ours);
  CHECK(to_string(parse_password_hash(rabbitmqs).value()) == rabbitmqs);
}

TEST_CASE("password_hash: a new one has its own salt and can be read again") {
  auto one = make_password_hash("secret", 10).value();
  auto two = make_password_hash("secret", 10).value();
  CHECK(one.salt != two.salt);
  CHECK(one.hash != two.hash);
  CHECK(parse_password_hash(to_string(one)).value() == one);
  CHECK(is_password(two, "secret"));
}

TEST_CASE("password_hash: 100,000 iterations unless asked otherwise") {
  CHECK(make_password_hash("secret").value().iterations == 100'000);
}

TEST_CASE("password_hash: there is none of an empty password") {
  auto made = make_password_hash("", 10);
  REQUIRE(!made);
  CHECK(made.error().code == errc::refused);
}

TEST_CASE("password_hash: refuses what is none, and repeats nothing of it") {
  for (auto text :
       {"", "secret-word", "pbkdf2-sha256$", "pbkdf2-sha256$0$c2FsdHNhbHQ=$",
        "pbkdf2-sha256$10000001$c2FsdHNhbHQ=$"
        "hgR9HsqtKupWxpnv8y99TrPDajTT/9PcSTlNafpdLXQ=",
        "pbkdf2-sha256$-1$c2FsdHNhbHQ=$"
        "hgR9HsqtKupWxpnv8y99TrPDajTT/9PcSTlNafpdLXQ=",
        "pbkdf2-sha256$10$c2FsdA==$"
        "hgR9HsqtKupWxpnv8y99TrPDajTT/9PcSTlNafpdLXQ=",
        "pbkdf2-sha256$10$c2FsdHNhbHQ=$aGFzaA==",
        "pbkdf2-sha256$10$c2FsdHNhbHQ=$"
        "hgR9HsqtKupWxpnv8y99TrPDajTT/9PcSTlNafpdLXQ=$",
        "rabbitmq-sha256$AQIDBDB9kM21", "rabbitmq-sha256$***="}) {
    INFO(text);
    auto read = parse_password_hash(text);
    REQUIRE(!read);
    CHECK(read.error().code == errc::bad_config);
    CHECK(read.error().detail.find("secret-word") == std::string::npos);
    CHECK(read.error().detail.find("hash-password") != std::string::npos);
  }
}

TEST_CASE("base64: writes and reads RFC 4648's examples") {
  for (auto [bytes, text] :
       {std::pair{"", ""}, std::pair{"f", "Zg=="}, std::pair{"fo", "Zm8="},
        std::pair{"foo", "Zm9v"}, std::pair{"foobar", "Zm9vYmFy"}}) {
    CHECK(to_base64(bytes) == text);
    CHECK(parse_base64(text) == std::string{bytes});
  }
}

TEST_CASE("base64: reads nothing else") {
  for (auto text :
       {"Z", "Zg", "Zg=", "Zh==", "Zg==\n",
        " Zg==", "Zg==Zg==", "====", "Zm9v====", "Zm-v"}) {
    INFO(text);
    CHECK(!parse_base64(text));
  }
}
