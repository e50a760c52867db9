#include "engine/net/socket_bio.hpp"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <openssl/bio.h>
#include <sys/socket.h>

namespace troupe {

namespace {

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool is_busy() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int read_socket(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  auto got = ::recv(socket_of(bio), into, static_cast<std::size_t>(size), 0);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (got < 0 && is_busy()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int write_socket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  auto sent =
    ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && is_busy()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    case BIO_CTRL_FLUSH: return 1;
    default: return 0;
  }
}

BIO_METHOD* make_method() {
  auto* made = BIO_meth_new(
    BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR,
    "troupe socket");
  if (made == nullptr) return nullptr;
  BIO_meth_set_read(made, read_socket);
  BIO_meth_set_write(made, write_socket);
  BIO_meth_set_ctrl(made, control);
  return made;
}

} // namespace

bio_st* make_socket_bio(int socket) {
  static const auto method =
    std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)>{
      make_method(), BIO_meth_free};
  if (!method) return nullptr;
  auto* bio = BIO_new(method.get());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, reinterpret_cast<void*>(std::intptr_t{socket}));
  BIO_set_init(bio, 1);
  return bio;
}

} // namespace troupe
