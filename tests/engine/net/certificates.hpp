#pragma once

#include <filesystem>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>

namespace troupe::test {

using key_ptr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using certificate_ptr = std::unique_ptr<X509, decltype(&X509_free)>;

/// A key, and a certificate for it that is good for an hour.
struct identity {
  key_ptr key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  certificate_ptr certificate{X509_new(), X509_free};
};

inline void add_name(X509_NAME* to, const char* field, const char* value) {
  X509_NAME_add_entry_by_txt(
    to, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value), -1,
    -1, 0);
}

inline void add_authority(X509* to) {
  auto* mark =
    X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "CA:TRUE");
  X509_add_ext(to, mark, -1);
  X509_EXTENSION_free(mark);
}

/// Makes a certificate signed by `signer`, or by itself: an authority.
inline identity make_identity(const char* name, const identity* signer) {
  auto out = identity{};
  auto* x = out.certificate.get();
  static auto serial = 0L;
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, out.key.get());
  add_name(X509_get_subject_name(x), "O", "shop");
  add_name(X509_get_subject_name(x), "CN", name);
  if (signer == nullptr) add_authority(x);
  const auto& by = signer == nullptr ? out : *signer;
  X509_set_issuer_name(x, X509_get_subject_name(by.certificate.get()));
  X509_sign(x, by.key.get(), EVP_sha256());
  return out;
}

/// A folder with PEM files, removed at the end.
class certificate_folder {
public:
  certificate_folder() {
    auto name =
      (std::filesystem::temp_directory_path() / "net-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder " + name};
    path_ = name;
  }

  ~certificate_folder() { std::filesystem::remove_all(path_); }

  std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

  void write(const std::string& name, const identity& what) const {
    auto* cert = std::fopen((path_ / (name + ".pem")).c_str(), "w");
    PEM_write_X509(cert, what.certificate.get());
    std::fclose(cert);
    auto* key = std::fopen((path_ / (name + ".key")).c_str(), "w");
    PEM_write_PrivateKey(
      key, what.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(key);
  }

private:
  std::filesystem::path path_;
};

} // namespace troupe::test
