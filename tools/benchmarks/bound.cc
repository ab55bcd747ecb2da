// What these cores could do at best with a disk: what cannot be left out of a verified, compressed, encrypted copy, and
// nothing else. One process, every core, no network, nothing written.
//
// usage: bound DISK; prints {"bound_s": seconds, "packed_bytes": bytes} as JSON.
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <zstd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr size_t kTagBytes = 16;
constexpr int kLevel = 1;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
};

void Require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "bound: %s failed\n", what);
  std::exit(1);
}

// One core's share. Buffers are made once, as a program would that wants to be fast.
class Worker {
 public:
  explicit Worker(int fd)
      : fd_(fd),
        plain_(kChunkBytes),
        unpacked_(kChunkBytes),
        packed_(ZSTD_compressBound(kChunkBytes)),
        sealed_(packed_.size()),
        packer_(ZSTD_createCCtx(), &ZSTD_freeCCtx),
        unpacker_(ZSTD_createDCtx(), &ZSTD_freeDCtx),
        cipher_(EVP_CIPHER_CTX_new()) {}

  // False behind the disk's end.
  bool Take(uint64_t chunk) {
    size_t size = 0;
    while (size < kChunkBytes) {
      const ssize_t read =
          pread(fd_, plain_.data() + size, kChunkBytes - size, static_cast<off_t>(chunk * kChunkBytes + size));
      Require(read >= 0, "reading");
      if (read == 0) break;
      size += static_cast<size_t>(read);
    }
    if (size == 0) return false;
    Hash(plain_, size);
    const size_t packed = ZSTD_compressCCtx(packer_.get(), packed_.data(), packed_.size(), plain_.data(), size, kLevel);
    Require(!ZSTD_isError(packed), "zstd");
    Seal(packed);
    Open(packed);
    const size_t unpacked =
        ZSTD_decompressDCtx(unpacker_.get(), unpacked_.data(), unpacked_.size(), packed_.data(), packed);
    Require(unpacked == size, "unzstd");
    Hash(unpacked_, size);
    packed_bytes_ += packed;
    return true;
  }

  uint64_t packed_bytes() const { return packed_bytes_; }

 private:
  using Bytes = std::vector<unsigned char>;

  void Hash(const Bytes& bytes, size_t size) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    Require(EVP_Digest(bytes.data(), size, digest, nullptr, EVP_sha256(), nullptr) == 1, "SHA-256");
  }

  void Seal(size_t size) {
    int written = 0;
    Require(
        EVP_EncryptInit_ex(cipher_.get(), EVP_aes_256_gcm(), nullptr, key_, nonce_) == 1 &&
            EVP_EncryptUpdate(cipher_.get(), sealed_.data(), &written, packed_.data(), static_cast<int>(size)) == 1 &&
            EVP_EncryptFinal_ex(cipher_.get(), sealed_.data() + written, &written) == 1 &&
            EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag_) == 1,
        "AES-GCM");
  }

  void Open(size_t size) {
    int written = 0;
    Require(
        EVP_DecryptInit_ex(cipher_.get(), EVP_aes_256_gcm(), nullptr, key_, nonce_) == 1 &&
            EVP_DecryptUpdate(cipher_.get(), packed_.data(), &written, sealed_.data(), static_cast<int>(size)) == 1 &&
            EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag_) == 1 &&
            EVP_DecryptFinal_ex(cipher_.get(), packed_.data() + written, &written) == 1,
        "opening AES-GCM");
  }

  const int fd_;
  Bytes plain_, unpacked_, packed_, sealed_;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> packer_;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> unpacker_;
  std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> cipher_;
  // Nothing leaves this process, so any key will do.
  const unsigned char key_[32] = {};
  const unsigned char nonce_[12] = {};
  unsigned char tag_[kTagBytes] = {};
  uint64_t packed_bytes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Require(argc == 2, "usage: bound DISK");
  const int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  Require(fd >= 0, "opening the disk");
  const auto began = std::chrono::steady_clock::now();
  std::atomic<uint64_t> next_chunk = 0;
  std::atomic<uint64_t> packed_bytes = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
    threads.emplace_back([&] {
      Worker worker(fd);
      while (worker.Take(next_chunk.fetch_add(1))) {
      }
      packed_bytes += worker.packed_bytes();
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("{\"bound_s\": %.3f, \"packed_bytes\": %llu}\n", took.count(),
              static_cast<unsigned long long>(packed_bytes.load()));
  return 0;
}
